"""What is told about a picture: JSON, a palette, hashes and a placeholder."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image, ImageOps
from tests.imaging.test_render_animation import film
from tests.imaging.test_render_shape import oriented, quadrants

from atpix.imaging.blurhash import blurhash
from atpix.imaging.sniff import DECODABLE, MediaType
from atpix.imaging.spec import Output
from atpix.imaging.values import FocalPoint

TYPES = sorted(DECODABLE)


@pytest.mark.parametrize("media_type", TYPES)
def test_json_tells_of_the_original_whatever_else_is_asked(draw, encode, media_type):
    focus = FocalPoint(0.25, 0.75)

    drawn = draw(encode(media_type), media_type, Output.JSON, width=90, height=20, order={"focus": focus})

    told = json.loads(drawn.body)
    palette = told.pop("palette")
    assert told == {
        "width": 300,
        "height": 203,
        "mimeType": media_type,
        "hasAlpha": False,
        "frames": 1,
        "focalPoint": {"x": 0.25, "y": 0.75},
    }
    assert 1 <= len(palette) <= 6
    assert drawn.rendered.media_type == "application/json"


def test_json_of_a_turned_photograph_has_its_displayed_size(draw):
    told = json.loads(draw(oriented(quadrants(160, 96), 6), MediaType.JPEG, Output.JSON).body)

    assert (told["width"], told["height"], told["focalPoint"]) == (96, 160, None)


def test_json_counts_frames_and_knows_of_alpha(draw, encode):
    assert json.loads(draw(film(MediaType.GIF), MediaType.GIF, Output.JSON).body)["frames"] == 4
    body = encode(MediaType.PNG, Image.new("RGBA", (9, 9), (1, 2, 3, 0)))
    told = json.loads(draw(body, MediaType.PNG, Output.JSON).body)
    assert (told["hasAlpha"], told["palette"]) == (True, [])


def test_a_palette_has_the_colours_that_cover_most(draw, encode):
    image = quadrants(200, 100)
    image.paste((220, 20, 20), (0, 0, 130, 100))

    palette = json.loads(draw(encode(MediaType.PNG, image), MediaType.PNG, Output.JSON).body)["palette"]

    found = [tuple(bytes.fromhex(color[1:])) for color in palette]
    assert np.abs(np.subtract(found[0], (220, 20, 20))).max() < 12
    for color in ((20, 200, 20), (255, 255, 255)):
        assert min(np.abs(np.subtract(one, color)).max() for one in found) < 40


@pytest.mark.parametrize("media_type", TYPES)
@pytest.mark.parametrize("crop", [{}, {"width": 400, "height": 100}, {"width": 30, "height": 90}])
def test_a_placeholder_is_tiny_and_has_the_shape_of_the_rendition(draw, encode, media_type, crop):
    drawn = draw(encode(media_type), media_type, Output.LQIP, **crop)

    assert drawn.rendered.media_type == "image/webp"
    assert len(drawn.body) <= 1000
    assert max(drawn.image.size) == 32
    expected = draw(encode(media_type), media_type, **crop).image
    assert drawn.image.width / drawn.image.height == pytest.approx(expected.width / expected.height, rel=0.08)


def test_a_thumbhash_is_that_of_the_crop(draw, encode, examiners, tmp_path):
    body = encode(MediaType.PNG)
    (tmp_path / "it").write_bytes(body)

    whole, cropped = (draw(body, MediaType.PNG, Output.THUMBHASH, **crop) for crop in ({}, {"width": 20, "height": 60}))

    assert whole.rendered.media_type == "text/plain"
    assert whole.body != cropped.body
    assert len(base64.b64decode(whole.body)) in range(18, 30)


def unpacked(hash83):
    """A BlurHash read by the published formula: its shape and its mean colour."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"

    def number(text):
        return sum(digits.index(digit) * 83**place for place, digit in enumerate(reversed(text)))

    size, mean = number(hash83[0]), number(hash83[2:6])
    return (size % 9 + 1, size // 9 + 1), (mean >> 16, mean >> 8 & 255, mean & 255)


@pytest.mark.parametrize(("size", "terms"), [((300, 203), (4, 3)), ((203, 300), (3, 4))])
def test_a_blurhash_has_twelve_terms_and_the_mean_colour_in_linear_light(draw, encode, photo, size, terms):
    image = ImageOps.fit(photo, size)

    drawn = draw(encode(MediaType.PNG, image), MediaType.PNG, Output.BLURHASH)

    shape, mean = unpacked(drawn.body.decode())
    linear = (np.asarray(image) / 255) ** 2.2
    assert shape == terms
    assert len(drawn.body) == 6 + 2 * 11
    assert np.abs(np.asarray(mean) - linear.mean(axis=(0, 1)) ** (1 / 2.2) * 255).max() < 8


def test_the_published_algorithm_gives_the_same_blurhash():
    """A white and a black half, worked out by hand: one term besides the mean."""
    half = bytes((255, 255, 255)) * 2 + bytes(6)

    told = blurhash(4, 4, half * 4)

    assert unpacked(told) == ((4, 3), (188, 188, 188))
    assert blurhash(1, 1, b"\xff\0\0")[2:6] == "TI:j"


def test_a_grey_picture_can_be_described(draw, encode, photo):
    body = encode(MediaType.JPEG, photo.convert("L"))

    for output in (Output.JSON, Output.THUMBHASH, Output.BLURHASH, Output.LQIP):
        assert draw(body, MediaType.JPEG, output).body


@pytest.mark.parametrize("output", [Output.JSON, Output.THUMBHASH, Output.BLURHASH, Output.LQIP])
def test_a_single_pixel_can_be_described(draw, output):
    out = io.BytesIO()
    Image.new("RGBA", (1, 1), (9, 9, 9, 9)).save(out, "PNG")

    assert draw(out.getvalue(), MediaType.PNG, output).body
