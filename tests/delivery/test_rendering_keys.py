"""One picture has one key, however large it was asked for; two pictures never share one."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.imaging.test_geometry_properties import UNBOUNDED, points, sizes, specs
from tests.photographs import encoded, photo, pixels

from atpix.imaging import describing, encoding, geometry, settling
from atpix.imaging.geometry import Geometry
from atpix.imaging.grammar import canonical, normal, pairs_of, parse
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec

PICTURES = tuple(encoding.MEDIA_TYPES)
bounds = st.sampled_from([100_000, 50_000_000])
outputs = st.sampled_from(PICTURES)
unhurried = settings(deadline=None)


def settled(source, spec: Spec, bound: int = 50_000_000, kind: MediaType = MediaType.JPEG, **facts) -> Spec:
    return settling.settled(source, normal(spec), kind, **{"has_alpha": False} | facts, max_output_pixels=bound)


def changed(spec: Spec, **changes) -> Spec:
    return msgspec.structs.replace(spec, **changes)


def seen(found: Geometry) -> tuple:
    """Where a crop follows nothing, so that the point changes nothing, it is left out."""
    return found.scaled, found.crop, found.rotate, found.flip, found.canvas, found.place


@unhurried
@given(sizes, specs, outputs, points, bounds)
def test_what_is_rendered_has_the_geometry_that_was_asked_for(source, spec, output, focus, bound):
    asked = normal(changed(spec, output=output))

    given = settled(source, asked, bound)

    assert seen(geometry.of(source, given, focus, bound)) == seen(geometry.of(source, asked, focus, bound))


@unhurried
@given(sizes, specs, outputs, bounds)
def test_what_is_settled_stays_as_it_is(source, spec, output, bound):
    once = settled(source, changed(spec, output=output), bound)

    assert settled(source, once, bound) == once
    assert canonical(once) == canonical(normal(once))


@unhurried
@given(sizes, specs, specs, outputs, bounds)
def test_uncropped_pictures_of_one_geometry_have_one_spec(source, one, other, output, bound):
    one, other = (normal(changed(spec, output=output, rotate=0, flip=None)) for spec in (one, other))
    found = [geometry.of(source, spec, None, bound) for spec in (one, other)]

    same = seen(found[0]) == seen(found[1]) and found[0].crop is None and found[0].canvas == found[0].scaled

    if same:
        assert settled(source, one, bound) == settled(source, other, bound)


@unhurried
@given(sizes, st.integers(0, 20_000), st.sampled_from([None, "cover", "inside", "contain", "fill"]))
def test_every_size_beyond_the_source_is_one(source, beyond, fit):
    width, height = (min(16_384, side + beyond) for side in source)
    wide = Spec(width=width, output=Output.WEBP)

    assert settled(source, wide) == settled(source, Spec(output=Output.WEBP))
    assert settled(source, changed(wide, width=None, height=height)) == settled(source, Spec(output=Output.WEBP))
    square = Spec(width=16_384, height=16_384, fit=fit, output=Output.WEBP)
    ratio = Spec(aspect=1, fit=fit, output=Output.WEBP)
    assert settled(source, square, UNBOUNDED) == settled(source, ratio, UNBOUNDED)


@unhurried
@given(sizes, specs, st.integers(1, 300))
def test_frames_that_share_the_bound_are_as_large_as_they_would_have_been(source, spec, frames):
    """How many there are is not known where keys are made."""
    asked = normal(changed(spec, output=Output.WEBP))
    each = 50_000_000 // frames

    then = geometry.of(source, settled(source, asked, kind=MediaType.GIF), None, each).canvas
    before = geometry.of(source, asked, None, each).canvas

    assert all(abs(have - want) <= 1 + want / 50 for have, want in zip(then, before, strict=True))


SOURCE = (1200, 900)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (MediaType.JPEG, "format=jpeg&q=80", "format=jpeg"),
        (MediaType.JPEG, "format=webp&w=9999&q=80", "format=webp"),
        (MediaType.JPEG, "format=avif&q=62", "format=avif"),
        (MediaType.JPEG, "format=png&q=33&page=7&anim=0&bg=ff0000", "format=png"),
        (MediaType.JPEG, "format=json&w=77&h=9&bg=ffffff&blur=3", "format=json"),
        (MediaType.JPEG, "format=thumbhash&w=777", "format=thumbhash"),
        (MediaType.JPEG, "format=lqip&q=9&max_bytes=300", "format=lqip"),
        (MediaType.JPEG, "format=png&w=1200&h=900&fp=0.1,0.1", "format=png"),
        (MediaType.GIF, "format=webp&anim=0", "format=webp&page=1"),
        (MediaType.GIF, "format=jpeg&page=1", "format=jpeg&anim=0"),
    ],
)
def test_what_changes_nothing_is_left_out(kind, one, other):
    one, other = (settled(SOURCE, parse(pairs_of(text.encode())).spec, kind=kind) for text in (one, other))

    assert one == other


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (MediaType.JPEG, "format=webp&q=62", "format=webp"),
        (MediaType.JPEG, "format=avif&q=80", "format=avif"),
        (MediaType.JPEG, "format=jpeg&q=auto", "format=jpeg"),
        (MediaType.JPEG, "format=jpeg&w=2000&up=1", "format=jpeg"),
        (MediaType.JPEG, "format=jpeg&w=2000&h=2000&fit=pad", "format=jpeg&w=2001&h=2000&fit=pad"),
        (MediaType.JPEG, "format=jpeg&w=20&h=20&fit=pad", "format=jpeg&w=20&h=20&fit=pad&bg=ff0000"),
        (MediaType.JPEG, "format=jpeg&w=20&h=20&fp=0,0", "format=jpeg&w=20&h=20&fp=1,1"),
        (MediaType.GIF, "format=gif&page=1", "format=gif"),
        (MediaType.GIF, "format=gif&page=2", "format=gif&page=1"),
        (MediaType.AVIF, "format=webp&page=2", "format=webp"),
        (MediaType.JPEG, "format=lqip&blur=3", "format=lqip"),
        (MediaType.JPEG, "format=json&fp=0,0", "format=json"),
    ],
)
def test_what_changes_something_stays(kind, one, other):
    one, other = (settled(SOURCE, parse(pairs_of(text.encode())).spec, kind=kind) for text in (one, other))

    assert canonical(one) != canonical(other)


def test_a_background_that_can_be_seen_stays():
    red = Spec(background="ff0000", output=Output.PNG)

    assert settled(SOURCE, red, has_alpha=True) == normal(red)


def test_the_encoders_agree_about_what_is_their_default():
    assert settling.DEFAULT_QUALITY == encoding.DEFAULT_QUALITY
    assert settling.PLACEHOLDER_SIDE_PX == describing.SIDE_PX


def test_every_width_beyond_the_source_has_one_etag_and_costs_one_render(public, upload):
    image = upload(photo(2, size=(300, 200)))

    widths = ("?w=300", "?w=301", "?w=999", "?w=16384", "?w=99999&q=80", "?h=200", "?h=555&dpr=3", "?format=auto")
    answers = [public.get(f"{image.storage_url}{rest}") for rest in widths]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert len({answer.content for answer in answers}) == 1


def test_frames_of_an_animation_come_out_alike_however_large_they_were_asked_for(public, upload):
    frames = [pixels(number, (60, 40)) for number in range(3)]
    image = upload(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))

    moving = {public.get(f"{image.storage_url}?format=webp{rest}").headers["etag"] for rest in ("", "&w=90", "&h=41")}
    still = {public.get(f"{image.storage_url}?format=webp{rest}").headers["etag"] for rest in ("&page=1", "&anim=0")}

    assert len(moving) == len(still) == 1
    assert moving != still
