"""How large, which part, and where: by example."""

import pytest

from atpix.imaging import geometry
from atpix.imaging.geometry import Box
from atpix.imaging.grammar import pairs_of, parse
from atpix.imaging.spec import MAX_SIDE_PX, Spec
from atpix.imaging.values import FocalPoint

PHOTO = (4000, 3000)
LITTLE = (400, 300)


def of(source, query="", focus=None, **bounds):
    return geometry.of(source, parse(pairs_of(query.encode())).spec, focus, **bounds)


@pytest.mark.parametrize(
    ("query", "scaled", "crop", "canvas", "place"),
    [
        ("", (4000, 3000), None, (4000, 3000), (0, 0)),
        # one side: whatever the fit, the other follows
        ("w=800", (800, 600), None, (800, 600), (0, 0)),
        ("h=600", (800, 600), None, (800, 600), (0, 0)),
        ("w=800&fit=cover", (800, 600), None, (800, 600), (0, 0)),
        ("w=800&fit=fill", (800, 600), None, (800, 600), (0, 0)),
        ("w=800&fit=pad", (800, 600), None, (800, 600), (0, 0)),
        # both
        ("w=800&h=400", (800, 600), Box(0, 100, 800, 400), (800, 400), (0, 0)),
        ("w=800&h=800", (1067, 800), Box(134, 0, 800, 800), (800, 800), (0, 0)),
        ("w=800&h=600", (800, 600), None, (800, 600), (0, 0)),
        ("w=800&h=400&fit=inside", (533, 400), None, (533, 400), (0, 0)),
        ("w=800&h=400&fit=contain", (533, 400), None, (800, 400), (133, 0)),
        ("w=800&h=400&fit=pad", (533, 400), None, (800, 400), (133, 0)),
        ("w=400&h=800&fit=pad", (400, 300), None, (400, 800), (0, 250)),
        ("w=800&h=400&fit=fill", (800, 400), None, (800, 400), (0, 0)),
        ("w=400&h=200&dpr=2&fit=fill", (800, 400), None, (800, 400), (0, 0)),
        # a ratio
        ("w=800&ar=2:1", (800, 600), Box(0, 100, 800, 400), (800, 400), (0, 0)),
        ("h=400&ar=2:1", (800, 600), Box(0, 100, 800, 400), (800, 400), (0, 0)),
        ("ar=1:1", (4000, 3000), Box(500, 0, 3000, 3000), (3000, 3000), (0, 0)),
        ("ar=2:1", (4000, 3000), Box(0, 500, 4000, 2000), (4000, 2000), (0, 0)),
        ("ar=2:1&fit=pad", (4000, 3000), None, (6000, 3000), (1000, 0)),
        ("ar=2:1&fit=fill", (4000, 2000), None, (4000, 2000), (0, 0)),
        # turned: the sizes asked for are those of the result
        ("rot=90", (4000, 3000), None, (3000, 4000), (0, 0)),
        ("w=300&rot=90", (400, 300), None, (300, 400), (0, 0)),
        ("w=400&h=800&rot=90", (800, 600), Box(0, 100, 800, 400), (400, 800), (0, 0)),
        ("w=400&h=800&rot=270&fit=pad", (533, 400), None, (400, 800), (0, 133)),
        ("ar=1:2&rot=90", (4000, 3000), Box(0, 500, 4000, 2000), (2000, 4000), (0, 0)),
    ],
)
def test_a_large_source_gives_what_was_asked(query, scaled, crop, canvas, place):
    found = of(PHOTO, query)

    assert (found.scaled, found.crop, found.canvas, found.place) == (scaled, crop, canvas, place)


@pytest.mark.parametrize(
    ("query", "scaled", "canvas"),
    [
        ("w=800", (400, 300), (400, 300)),
        ("w=800&h=800", (400, 300), (300, 300)),
        ("w=800&h=200", (400, 300), (400, 100)),
        ("w=200&h=800", (400, 300), (75, 300)),
        ("w=800&h=800&fit=inside", (400, 300), (400, 300)),
        ("w=800&h=800&fit=contain", (400, 300), (400, 400)),
        ("w=800&h=800&fit=pad", (400, 300), (800, 800)),
        ("w=800&h=800&fit=fill", (300, 300), (300, 300)),
        ("w=800&h=200&fit=fill", (400, 100), (400, 100)),
        ("w=800&up=1", (800, 600), (800, 600)),
        ("w=800&h=800&up=1", (1067, 800), (800, 800)),
        ("w=800&h=800&fit=inside&up=1", (800, 600), (800, 600)),
        ("w=800&h=800&fit=contain&up=1", (800, 600), (800, 800)),
        ("w=800&h=800&fit=pad&up=1", (800, 600), (800, 800)),
        ("w=800&h=800&fit=fill&up=1", (800, 800), (800, 800)),
        ("ar=1&up=1", (400, 300), (300, 300)),
    ],
)
def test_a_small_source_is_enlarged_only_on_demand_and_keeps_the_ratio_asked_for(query, scaled, canvas):
    found = of(LITTLE, query)

    assert (found.scaled, found.canvas) == (scaled, canvas)


@pytest.mark.parametrize(
    ("focus", "left"),
    [
        ((0, 0), 0),
        ((0.25, 0.5), 0),
        ((0.4, 0.5), 120),
        ((0.5, 0.5), 200),
        ((0.6, 0.5), 280),
        ((0.9, 0.5), 400),
        ((1, 1), 400),
    ],
)
def test_a_crop_has_the_scaled_focal_point_in_its_middle_as_far_as_the_frame_allows(focus, left):
    found = of((4000, 2000), "w=400&h=400", FocalPoint(*focus))

    assert found.scaled == (800, 400)
    assert found.crop == Box(left, 0, 400, 400)


def test_a_point_in_the_url_wins_over_the_stored_one():
    stored = FocalPoint(0, 0)

    assert of((4000, 2000), "w=400&h=400&fp=1,1", stored).crop == Box(400, 0, 400, 400)
    assert of((4000, 2000), "w=400&h=400&fp=auto", stored).crop == Box(0, 0, 400, 400)
    assert of((4000, 2000), "w=400&h=400", stored).crop == Box(0, 0, 400, 400)


@pytest.mark.parametrize(
    ("query", "x", "y"),
    [
        ("", 0.2, 0.3),
        ("rot=90", 0.7, 0.2),
        ("rot=180", 0.8, 0.7),
        ("rot=270", 0.3, 0.8),
        ("flip=h", 0.8, 0.3),
        ("flip=v", 0.2, 0.7),
        ("flip=hv", 0.8, 0.7),
        ("rot=90&flip=h", 0.3, 0.2),
        ("w=3000&h=3000", 4 / 15, 0.3),
        ("w=4000&h=4000&fit=pad", 0.2, 0.35),
        ("w=100", 0.2, 0.3),
    ],
)
def test_the_focal_point_is_told_where_the_result_shows_it(query, x, y):
    point = of(PHOTO, query, FocalPoint(0.2, 0.3)).focus_of_result

    assert (point.x, point.y) == pytest.approx((x, y))


@pytest.mark.parametrize(
    ("query", "depends"),
    [
        ("", False),
        ("w=800", False),
        ("w=800&h=600", False),
        ("w=800&h=601", True),
        ("w=8000&h=8000", True),
        ("w=800&h=800&fp=0.5,0.5", False),
        ("w=800&h=800&fp=auto", False),
        ("w=800&h=800&fit=inside", False),
        ("w=800&h=800&fit=pad", False),
        ("w=800&h=800&fit=fill", False),
        ("ar=4:3", False),
        ("ar=1", True),
        ("w=600&h=800&rot=90", False),
        ("format=json", True),
        ("format=json&fp=0.5,0.5", False),
    ],
)
def test_only_a_crop_or_a_description_depends_on_the_stored_focal_point(query, depends):
    assert geometry.depends_on_focus(PHOTO, parse(pairs_of(query.encode())).spec) is depends


@pytest.mark.parametrize(
    ("source", "query", "canvas"),
    [
        ((1, 1), "w=800&h=600", (1, 1)),
        ((1, 1), "w=80&h=60&up=1", (80, 60)),
        ((16384, 1), "w=100", (100, 1)),
        ((16384, 1), "w=100&h=100", (1, 1)),
        ((16384, 1), "w=10&h=10&fit=fill", (1, 1)),
        ((16384, 1), "ar=1", (1, 1)),
        ((1, 16384), "h=1", (1, 1)),
    ],
)
def test_no_side_is_ever_zero(source, query, canvas):
    assert of(source, query).canvas == canvas


def test_a_strip_that_covers_a_square_is_not_enlarged_without_end():
    found = of((MAX_SIDE_PX, 1), "w=16384&h=16384&up=1", max_output_pixels=1 << 40)

    assert max(found.scaled) <= geometry.MAX_SCALED_SIDE_PX
    assert found.canvas == (61, 61)


@pytest.mark.parametrize(
    ("query", "canvas"),
    [
        ("", (1154, 866)),
        ("w=2000", (1154, 866)),
        ("w=2000&h=2000", (1000, 1000)),
        ("w=4000&h=1000&fit=pad", (2000, 500)),
        ("w=2000&h=2000&fit=fill", (1000, 1000)),
        ("w=1000&h=1000", (1000, 1000)),
    ],
)
def test_a_result_of_too_many_pixels_shrinks_in_its_ratio(query, canvas):
    assert of(PHOTO, query, max_output_pixels=1_000_000).canvas == canvas


def test_a_spec_that_no_grammar_saw_means_the_same():
    by_hand = Spec(width=400, aspect=2.0, dpr=2.0)

    assert geometry.of(PHOTO, by_hand) == of(PHOTO, "w=400&dpr=2&ar=2")
    assert geometry.of(PHOTO, by_hand).factors == (0.2, 0.2)
