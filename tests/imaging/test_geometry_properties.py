"""Of every source and every spec."""

import math

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from atpix.imaging import geometry
from atpix.imaging.geometry import Geometry
from atpix.imaging.grammar import normal
from atpix.imaging.spec import Spec
from atpix.imaging.values import FocalPoint

FITS = ("cover", "contain", "inside", "fill", "pad")
sides = st.integers(1, 16_384)
sizes = st.tuples(sides, sides)
fractions = st.floats(0, 1, allow_subnormal=False)
points = st.builds(FocalPoint, x=fractions, y=fractions)
specs = st.builds(
    Spec,
    width=st.none() | sides,
    height=st.none() | sides,
    fit=st.sampled_from([None, *FITS]),
    aspect=st.none() | st.floats(0.01, 100),
    dpr=st.floats(0.1, 5),
    focus=st.none() | st.just("auto") | points,
    rotate=st.sampled_from([0, 90, 180, 270]),
    flip=st.sampled_from([None, "h", "v", "hv"]),
    enlarge=st.booleans(),
)
UNBOUNDED = 1 << 60


def in_box(box: tuple[int, int], **others) -> Spec:
    return Spec(width=box[0], height=box[1], **others)


def changed(spec: Spec, **changes) -> Spec:
    return msgspec.structs.replace(spec, **changes)


def turned(found: Geometry, size: tuple[int, int]) -> tuple[int, int]:
    return (size[1], size[0]) if found.rotate in (90, 270) else size


@given(sizes, specs, points, st.sampled_from([100_000, 50_000_000, UNBOUNDED]))
def test_every_part_lies_inside_the_next_and_has_no_side_of_zero(source, spec, focus, bound):
    found = geometry.of(source, spec, focus, bound)
    cut = found.cut

    assert min(*found.scaled, cut.width, cut.height, *found.canvas) >= 1
    assert min(cut.left, cut.top, *found.place) >= 0
    assert cut.left + cut.width <= found.scaled[0]
    assert cut.top + cut.height <= found.scaled[1]
    assert found.picture == turned(found, (cut.width, cut.height))
    assert all(found.place[i] + found.picture[i] <= found.canvas[i] for i in (0, 1))
    assert found.canvas[0] * found.canvas[1] <= bound * 1.01 + max(found.canvas)


@given(sizes, specs, points)
def test_nothing_is_enlarged_unless_it_may(source, spec, focus):
    found = geometry.of(source, changed(spec, enlarge=False), focus)

    assert all(found.scaled[i] <= source[i] for i in (0, 1))


@given(sizes, sizes, st.sampled_from(FITS), points)
def test_a_source_that_suffices_gives_the_size_asked_for(source, box, fit, focus):
    box = min(source[0], box[0]), min(source[1], box[1])

    found = geometry.of(source, in_box(box, fit=fit), focus, UNBOUNDED)

    if fit == "inside":
        assert all(found.canvas[i] <= side for i, side in enumerate(box))
        assert any(found.canvas[i] == side for i, side in enumerate(box))
    else:
        assert found.canvas == box


@given(sizes, sizes, st.sampled_from(FITS), points)
def test_with_enlarging_every_source_gives_the_size_asked_for(source, box, fit, focus):
    assume(max(source) / min(source) < 50)

    found = geometry.of(source, in_box(box, fit=fit, enlarge=True), focus, UNBOUNDED)

    if fit == "inside":
        assert any(found.canvas[i] == side for i, side in enumerate(box))
    else:
        assert found.canvas == box


@given(sizes, specs, points, st.sampled_from([100_000, 50_000_000]))
def test_only_fill_distorts_by_more_than_a_pixel(source, spec, focus, bound):
    assume(geometry.fit_of(spec) != "fill" or (spec.width is None) != (spec.height is None))
    assume(geometry.fit_of(spec) != "fill" or spec.aspect is None)

    found = geometry.of(source, spec, focus, bound)

    # What the scaled sides would be if the other one were exact; a side of less than a pixel is one.
    across, down = found.factors
    assert abs(found.scaled[0] - source[0] * down) <= 1 + source[0] / source[1]
    assert abs(found.scaled[1] - source[1] * across) <= 1 + source[1] / source[0]


@given(sizes, sizes, points, st.booleans())
def test_a_cover_has_the_ratio_asked_for_within_a_pixel(source, box, focus, enlarge):
    width, height = geometry.of(source, in_box(box, fit="cover", enlarge=enlarge), focus).canvas
    ratio = box[0] / box[1]

    assert abs(width - height * ratio) <= 1 + ratio or abs(height - width / ratio) <= 1 + 1 / ratio


@given(sizes, sizes, points)
def test_a_crop_holds_the_focal_point_as_near_its_middle_as_the_frame_allows(source, box, focus):
    found = geometry.of(source, in_box(box), focus)
    cut = found.cut

    for fraction, start, length, frame in (
        (focus.x, cut.left, cut.width, found.scaled[0]),
        (focus.y, cut.top, cut.height, found.scaled[1]),
    ):
        point, middle = fraction * frame, start + length / 2
        assert start <= point <= start + length
        assert (
            abs(point - middle) <= 0.5
            or (start == 0 and point < middle)
            or (start + length == frame and point > middle)
        )


@given(sizes, sizes, points, points)
def test_a_focal_point_further_right_never_moves_the_crop_left(source, box, one, other):
    spec = in_box(box)
    first, second = sorted((one, other), key=lambda point: point.x)

    assert geometry.of(source, spec, first).cut.left <= geometry.of(source, spec, second).cut.left


@given(sizes, specs, points)
def test_a_flip_mirrors_the_result_and_nothing_else(source, spec, focus):
    plain, flipped = (geometry.of(source, changed(spec, flip=flip), focus) for flip in (None, "h"))

    assert (flipped.scaled, flipped.crop, flipped.canvas) == (plain.scaled, plain.crop, plain.canvas)
    off_by = 1 / plain.canvas[0]  # an odd margin has a wider side
    assert math.isclose(flipped.focus_of_result.x, 1 - plain.focus_of_result.x, abs_tol=off_by + 1e-9)
    assert math.isclose(flipped.focus_of_result.y, plain.focus_of_result.y, abs_tol=1e-9)


@given(sizes, points)
def test_four_turns_are_none(source, focus):
    size, point = source, focus
    for _ in range(4):
        found = geometry.of(size, Spec(rotate=90), point, UNBOUNDED)
        size, point = found.canvas, found.focus_of_result

    assert size == source
    assert math.isclose(point.x, focus.x, abs_tol=1e-9)
    assert math.isclose(point.y, focus.y, abs_tol=1e-9)


@given(sizes, specs, points)
def test_a_turned_source_with_turned_wishes_is_cut_the_same(source, spec, focus):
    """What is done in the source's orientation does not know which way the result lies."""
    upright = changed(spec, rotate=0)
    lying = changed(upright, rotate=90, width=spec.height, height=spec.width, aspect=spec.aspect and 1 / spec.aspect)
    one, other = geometry.of(source, upright, focus), geometry.of(source, lying, focus)

    for first, second in zip(one.scaled, other.scaled, strict=True):
        assert abs(first - second) <= 1  # one over a ratio is rounded
    assert all(abs(a - b) <= 1 for a, b in zip(one.canvas, reversed(other.canvas), strict=True))


@given(sizes, specs, points)
def test_the_normal_form_gives_the_same_picture_within_a_pixel_of_rounding(source, spec, focus):
    assume(spec.aspect is None or (spec.width is None and spec.height is None))
    spec = changed(spec, dpr=1)

    one, other = (geometry.of(source, each, focus) for each in (spec, normal(spec)))

    assert (one.scaled, one.crop, one.canvas, one.place) == (other.scaled, other.crop, other.canvas, other.place)


@given(sizes, specs, points, points)
def test_where_no_dependence_is_told_the_stored_point_changes_nothing(source, spec, one, other):
    assume(spec.focus != "auto")
    first, second = (geometry.of(source, spec, focus) for focus in (one, other))

    assert first.crop == second.crop or geometry.depends_on_focus(source, spec)
