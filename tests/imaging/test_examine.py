"""A whole image is described; one that is cut or damaged anywhere is refused."""

import io
import random

import numpy as np
import pytest
import pyvips
from PIL import Image

from atpix.imaging.errors import ImageTooLarge, InvalidImage
from atpix.imaging.sniff import DECODABLE, MediaType
from atpix.imaging.values import Limits

TYPES = sorted(DECODABLE)
VARIANTS = {
    "progressive": (MediaType.JPEG, {"progressive": True}),
    "restarts": (MediaType.JPEG, {"restart_marker_blocks": 4}),
    "lossless": (MediaType.WEBP, {"lossless": True}),
}


@pytest.fixture(scope="module")
def frames(photo):
    return [photo.rotate(20 * turn).resize((60, 44)) for turn in range(4)]


@pytest.mark.parametrize("media_type", TYPES)
def test_a_photograph_is_described(look, encode, media_type):
    seen = look(encode(media_type), media_type)

    assert (seen.width, seen.height, seen.frames) == (300, 203, 1)
    assert (seen.has_alpha, seen.has_location) == (False, False)
    assert len(seen.thumbhash) in range(24, 40)
    assert seen.dominant_color.startswith("#")


@pytest.mark.parametrize("media_type", TYPES)
def test_a_plain_colour_is_the_dominant_one(look, encode, media_type):
    seen = look(encode(media_type, Image.new("RGB", (200, 100), (200, 40, 60))), media_type)

    found = bytes.fromhex(seen.dominant_color[1:])
    assert max(abs(a - b) for a, b in zip(found, (200, 40, 60), strict=True)) <= 4


@pytest.mark.parametrize("media_type", TYPES)
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 3), (65, 64), (1000, 7)])
def test_any_shape_works(look, encode, media_type, size):
    seen = look(encode(media_type, Image.new("RGB", size, "teal")), media_type)

    assert (seen.width, seen.height) == size


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_pixel_works(look, encode, photo, mode):
    image = photo.convert("L").convert("I").point(lambda v: v * 257).convert("I;16") if ";" in mode else photo
    seen = look(encode(MediaType.PNG, image if ";" in mode else image.convert(mode)), MediaType.PNG)

    assert seen.has_alpha == mode.endswith("A")


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_every_kind_of_jpeg_pixel_works(look, encode, mode):
    seen = look(encode(MediaType.JPEG, Image.new("RGB", (90, 60), "white").convert(mode)), MediaType.JPEG)

    assert min(bytes.fromhex(seen.dominant_color[1:])) > 235


def test_sixteen_bits_a_colour_with_alpha_work(look):
    pixels = np.full((40, 50, 4), (60000, 30000, 0, 65535), dtype=np.uint16)
    body = pyvips.Image.new_from_array(pixels, interpretation="rgb16").pngsave_buffer()

    seen = look(body, MediaType.PNG)

    assert seen.has_alpha
    assert bytes.fromhex(seen.dominant_color[1:])[0] == pytest.approx(60000 >> 8, abs=2)


@pytest.mark.parametrize("media_type", [MediaType.PNG, MediaType.WEBP, MediaType.AVIF])
def test_alpha_is_found_and_transparent_pixels_have_no_colour(look, encode, media_type):
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (20, 20, 60, 60))

    seen = look(
        encode(media_type, image, lossless=True) if media_type == "image/webp" else encode(media_type, image),
        media_type,
    )

    assert seen.has_alpha
    assert seen.dominant_color[1:3] in ("00", "01", "02", "03")


@pytest.mark.parametrize("media_type", [MediaType.PNG, MediaType.JPEG, MediaType.WEBP])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_sizes_are_as_displayed(look, encode, media_type, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation

    seen = look(encode(media_type, exif=exif), media_type)

    assert (seen.width, seen.height) == ((203, 300) if orientation >= 5 else (300, 203))


def test_the_thumbhash_is_of_the_image_as_displayed(look, encode, photo):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encode(MediaType.PNG, photo, exif=exif)
    upright = encode(MediaType.PNG, photo.transpose(Image.Transpose.ROTATE_270))

    assert look(turned, MediaType.PNG).thumbhash[:8] == look(upright, MediaType.PNG).thumbhash[:8]


@pytest.mark.parametrize("media_type", [MediaType.GIF, MediaType.WEBP, MediaType.AVIF, MediaType.PNG])
def test_frames_are_counted_and_limited(look, encode, frames, media_type):
    body = encode(media_type, frames[0], save_all=True, append_images=frames[1:])

    assert look(body, media_type).frames == 4
    with pytest.raises(ImageTooLarge, match="4 frames"):
        look(body, media_type, Limits(max_frames=3))
    with pytest.raises(ImageTooLarge, match="in 4 frames"):
        look(body, media_type, Limits(max_pixels=60 * 44 * 4 - 1))


@pytest.mark.parametrize("media_type", TYPES)
def test_limits_include_their_bounds(look, encode, media_type):
    body = encode(media_type)

    assert look(body, media_type, Limits(max_pixels=300 * 203, max_side=300)).width == 300
    with pytest.raises(ImageTooLarge, match="299 a side"):
        look(body, media_type, Limits(max_side=299))
    with pytest.raises(ImageTooLarge, match="in all"):
        look(body, media_type, Limits(max_pixels=300 * 203 - 1))


def cuts(length: int) -> list[int]:
    near_the_end = [length - missing for missing in (1, 2, 3, 4, 6, 9, 13, 21, 40, 100, 300, 900)]
    return sorted({cut for cut in [*near_the_end, *range(0, length, length // 14)] if 0 <= cut < length})


@pytest.mark.parametrize("name", [*TYPES, *VARIANTS, "interlaced", "animated gif", "animated webp", "animated avif"])
def test_a_truncated_image_is_refused_wherever_it_is_cut(look, encode, photo, frames, name):
    if name in VARIANTS:
        media_type, options = VARIANTS[name]
        body = encode(media_type, **options)
    elif name == "interlaced":
        media_type = MediaType.PNG
        body = pyvips.Image.new_from_array(np.asarray(photo)).pngsave_buffer(interlace=True)
    elif name.startswith("animated"):
        media_type = MediaType(name.replace("animated ", "image/"))
        body = encode(media_type, frames[0], save_all=True, append_images=frames[1:])
    else:
        media_type, body = name, encode(name)
    assert look(body, media_type).width

    for cut in cuts(len(body)):
        with pytest.raises(InvalidImage):
            look(body[:cut], media_type)


@pytest.mark.parametrize("height", range(193, 209))
def test_a_jpeg_that_lacks_its_last_rows_is_refused_at_every_height(look, encode, photo, height):
    body = encode(MediaType.JPEG, photo.crop((0, 0, 300, height)).resize((1200, height)), quality=95)

    for missing in (10, 30, 100):
        with pytest.raises(InvalidImage):
            look(body[:-missing], MediaType.JPEG)
        with pytest.raises(InvalidImage):
            look(body[:-missing] + b"\xff\xd9", MediaType.JPEG)


@pytest.mark.parametrize("place", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("media_type", [MediaType.PNG, MediaType.JPEG])
def test_an_image_that_is_overwritten_in_the_middle_is_refused(look, encode, media_type, place):
    body = bytearray(encode(media_type))
    at = int(len(body) * place)
    body[at : at + 600] = random.Random(7).randbytes(min(600, len(body) - at))

    with pytest.raises(InvalidImage):
        look(bytes(body), media_type)


def test_a_png_is_refused_for_a_single_flipped_bit(look, encode):
    body = encode(MediaType.PNG)
    for at in range(16, len(body) - 12, len(body) // 40):
        damaged = bytearray(body)
        damaged[at] ^= 1
        with pytest.raises((InvalidImage, ImageTooLarge)):
            look(bytes(damaged), MediaType.PNG)


def test_a_webp_with_a_damaged_head_is_refused(look, encode):
    body = bytearray(encode(MediaType.WEBP))
    body[20:60] = bytes(40)

    with pytest.raises(InvalidImage):
        look(bytes(body), MediaType.WEBP)


@pytest.mark.parametrize("media_type", TYPES)
def test_what_follows_the_end_of_an_image_is_no_fault(look, encode, media_type):
    free_box = (16).to_bytes(4, "big") + b"free" + bytes(8)
    extra = free_box if media_type is MediaType.AVIF else b"left over by a camera"

    assert look(encode(media_type) + extra, media_type).width == 300


def test_a_thumbnail_is_no_excuse_for_a_broken_picture(look, encode, photo):
    small = io.BytesIO()
    photo.resize((64, 43)).save(small, "JPEG")
    body = encode(MediaType.JPEG)
    app1 = b"\xff\xe1" + (len(small.getvalue()) + 8).to_bytes(2, "big") + b"Exif\0\0" + small.getvalue()

    with pytest.raises(InvalidImage):
        look(body[:2] + app1 + body[2 : len(body) // 2], MediaType.JPEG)
