"""Sizes, crops, orientation, rotation and flips come out as the same operations of another library do."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from atpix.imaging.sniff import DECODABLE, MediaType
from atpix.imaging.spec import Output
from atpix.imaging.turning import Turn
from atpix.imaging.values import FocalPoint

TYPES = sorted(DECODABLE)
PICTURES = [Output.PNG, Output.JPEG, Output.WEBP, Output.AVIF, Output.GIF]
ORIENTATIONS = range(1, 9)


def quadrants(width=160, height=96):
    """Red, green, blue and white: which way it lies can be seen."""
    image = Image.new("RGB", (width, height), "white")
    image.paste((220, 20, 20), (0, 0, width // 2, height // 2))
    image.paste((20, 200, 20), (width // 2, 0, width, height // 2))
    image.paste((20, 20, 220), (0, height // 2, width // 2, height))
    return image


def oriented(image, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, exif=exif.tobytes())
    return out.getvalue()


def corners(drawn):
    return [drawn.pixel(x, y)[:3] for y in (0.2, 0.8) for x in (0.2, 0.8)]


def near(found, expected, tolerance=12):
    return np.abs(np.asarray(found, int) - np.asarray(expected, int)).max() <= tolerance


@pytest.mark.parametrize("output", PICTURES)
@pytest.mark.parametrize("media_type", TYPES)
def test_every_format_becomes_every_other(draw, encode, media_type, output):
    drawn = draw(encode(media_type, quadrants()), media_type, output, width=80)

    assert (drawn.rendered.width, drawn.rendered.height) == drawn.image.size == (80, 48)
    assert drawn.rendered.media_type == f"image/{output}"
    assert drawn.rendered.size == len(drawn.body)
    assert near(corners(drawn), [(220, 20, 20), (20, 200, 20), (20, 20, 220), (255, 255, 255)])


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 3), (65, 64), (301, 7)])
@pytest.mark.parametrize("media_type", TYPES)
def test_any_shape_can_be_asked_for_any_box(draw, encode, media_type, size):
    body = encode(media_type, Image.new("RGB", size, "teal"))

    for box in ({"width": 50, "height": 50}, {"width": 1}, {"width": 70, "height": 70, "fit": "fill", "enlarge": True}):
        drawn = draw(body, media_type, **box)
        assert drawn.image.size == (drawn.rendered.width, drawn.rendered.height)
        assert near(drawn.pixel(0.5, 0.5)[:3], (0, 128, 128))
    assert draw(body, media_type, width=7, height=90, fit="pad").image.size == (7, 90)


@pytest.mark.parametrize("width", [1, 17, 99, 100, 101, 149, 150, 151, 299, 300])
@pytest.mark.parametrize("media_type", [MediaType.JPEG, MediaType.WEBP])
def test_decoding_at_reduced_scale_gives_exactly_the_size_that_was_asked_for(draw, encode, media_type, width):
    drawn = draw(encode(media_type), media_type, width=width, height=150, fit="fill")

    assert drawn.image.size == (width, 150)


@pytest.mark.parametrize("media_type", [MediaType.JPEG, MediaType.WEBP])
@pytest.mark.parametrize("width", [30, 70, 140])
def test_decoding_at_reduced_scale_looks_like_scaling_all_pixels(draw, encode, photo, media_type, width):
    from skimage.metrics import structural_similarity

    large = photo.resize((1200, 812), Image.Resampling.LANCZOS)
    drawn = draw(encode(media_type, large, quality=95), media_type, width=width * 2)

    expected = large.resize(drawn.image.size, Image.Resampling.LANCZOS).convert("L")
    assert structural_similarity(np.asarray(expected), np.asarray(drawn.image.convert("L"))) > 0.96


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("change", [{}, {"rotate": 90}, {"rotate": 270, "flip": "h"}, {"flip": "v"}, {"flip": "hv"}])
def test_orientation_comes_first_then_rotation_then_the_mirror(draw, orientation, change):
    body = oriented(quadrants(), orientation)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(body))).convert("RGB")
    expected = expected.rotate(-change.get("rotate", 0), expand=True)
    if "h" in change.get("flip", ""):
        expected = ImageOps.mirror(expected)
    if "v" in change.get("flip", ""):
        expected = ImageOps.flip(expected)

    drawn = draw(body, MediaType.JPEG, **change)

    assert drawn.image.size == expected.size
    assert near(np.asarray(drawn.image.convert("RGB"))[::5, ::5], np.asarray(expected)[::5, ::5], 16)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_crop_follows_the_focal_point_as_displayed(draw, orientation):
    body = oriented(quadrants(), orientation)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(body))).convert("RGB")
    focus = FocalPoint(0.9, 0.1)

    drawn = draw(body, MediaType.JPEG, width=30, height=30, order={"focus": focus}, aspect=None)
    wide = draw(body, MediaType.JPEG, width=90, height=20, focus=focus)

    here = shown.getpixel((int(0.9 * shown.width), int(0.1 * shown.height)))
    assert near(drawn.pixel(0.9, 0.1)[:3], here)
    assert near(wide.pixel(0.9, 0.1)[:3], here)
    assert drawn.rendered.focus == focus


def test_a_picture_is_enlarged_only_when_asked(draw, encode):
    body = encode(MediaType.PNG)

    assert draw(body, MediaType.PNG, width=600).image.size == (300, 203)
    assert draw(body, MediaType.PNG, width=600, enlarge=True).image.size == (600, 406)


def test_a_thin_strip_that_is_enlarged_and_turned_stays_small_in_memory(draw):
    body = oriented(Image.new("RGB", (2, 4000), "teal"), 6)

    drawn = draw(body, MediaType.JPEG, width=500, height=500, enlarge=True)

    assert drawn.image.size == (500, 500)


def test_output_pixels_are_bounded(draw, encode):
    drawn = draw(encode(MediaType.PNG), MediaType.PNG, width=3000, enlarge=True, order={"max_output_pixels": 50_000})

    assert drawn.image.width * drawn.image.height <= 50_000


def test_a_side_that_webp_cannot_have_becomes_the_longest_it_can(draw, encode):
    body = encode(MediaType.PNG, Image.new("RGB", (16_384, 3), "teal"))

    assert draw(body, MediaType.PNG, Output.WEBP).image.size == (16_383, 3)


def test_blur_takes_detail_away_and_sharpening_adds_contrast_to_edges(draw, encode):
    body = encode(MediaType.PNG)

    def contrast(**change):
        pixels = np.asarray(draw(body, MediaType.PNG, width=200, **change).image.convert("L"), float)
        return np.abs(np.diff(pixels)).mean()

    assert contrast(blur=4) < 0.5 * contrast()
    assert contrast(sharpen=4) > 1.1 * contrast()


def test_the_focal_point_is_marked_where_it_came_to_lie(draw, encode):
    body = encode(MediaType.PNG, Image.new("RGB", (300, 200), "teal"))

    drawn = draw(body, MediaType.PNG, width=100, height=100, focus=FocalPoint(0.5, 0.5), order={"show_focus": True})

    assert drawn.pixel(0.5, 0.5)[:3] == (255, 255, 255)
    assert near(drawn.pixel(0.1, 0.1)[:3], (0, 128, 128))


def test_attention_finds_what_stands_out(draw, encode):
    image = Image.new("RGB", (400, 200), (90, 90, 90))
    image.paste((230, 40, 30), (330, 60, 370, 120))

    drawn = draw(encode(MediaType.PNG, image), MediaType.PNG, width=100, height=100, focus="auto")

    assert drawn.rendered.focus.x > 0.6
    assert np.asarray(drawn.image.convert("RGB"))[:, :, 0].max() > 200


turns = st.builds(Turn, st.booleans(), st.integers(0, 3))


@given(turns, turns, st.integers(1, 50), st.integers(1, 50))
def test_turns_compose_as_turning_twice(one, other, width, height):
    box, size = (0, 0, width, 1), (width, height + 1)

    assert one.then(other).box(box, size) == other.box(one.box(box, size), one.size(size))
    assert one.then(one.inverse) == Turn()
    assert one.inverse.box(one.box(box, size), one.size(size)) == box
