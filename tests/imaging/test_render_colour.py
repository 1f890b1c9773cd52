"""Colours: every kind of pixel becomes sRGB, and what is transparent stays so or shows its background."""

import io
import zlib

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output

COLOR = (200, 40, 60)
SEES_THROUGH = [Output.PNG, Output.WEBP, Output.AVIF, Output.GIF]


def near(found, expected, tolerance=8):
    return np.abs(np.asarray(found, int) - np.asarray(expected, int)).max() <= tolerance


def plain(color=COLOR, size=(60, 40)):
    return pyvips.Image.new_from_array(np.full((size[1], size[0], 3), color, np.uint8)).copy(interpretation="srgb")


def in_space(profile, saver="pngsave_buffer", **options):
    """The colour, written in the numbers of another profile, which the file holds."""
    return getattr(plain().icc_transform(profile, input_profile="srgb", intent="relative"), saver)(**options)


def disc(size=64, color=COLOR):
    """A disc of one colour on transparent green: the green must never be seen."""
    image = Image.new("RGBA", (size, size), (0, 255, 0, 0))
    alpha = np.hypot(*(np.mgrid[:size, :size] - size / 2 + 0.5)) < size * 0.4
    image.paste((*color, 255), mask=Image.fromarray(alpha))
    return image


def test_wide_gamut_becomes_srgb(draw):
    body = in_space("p3")
    assert not near(Image.open(io.BytesIO(body)).getpixel((5, 5)), COLOR)

    drawn = draw(body, MediaType.PNG, width=30)

    assert near(drawn.pixel(0.5, 0.5)[:3], COLOR, 3)
    assert "icc_profile" not in drawn.image.info


def test_a_profile_that_may_stay_keeps_its_numbers(draw):
    body = in_space("p3")

    drawn = draw(body, MediaType.PNG, Output.WEBP, width=30, order={"keep_metadata": ("icc",)})

    assert near(drawn.pixel(0.5, 0.5)[:3], Image.open(io.BytesIO(body)).getpixel((5, 5)), 4)
    assert drawn.image.info["icc_profile"] == Image.open(io.BytesIO(body)).info["icc_profile"]


def test_cmyk_with_its_profile_becomes_srgb(draw):
    drawn = draw(in_space("cmyk", "jpegsave_buffer", Q=95), MediaType.JPEG, Output.JPEG, width=30)

    assert drawn.image.mode == "RGB"
    assert near(drawn.pixel(0.5, 0.5)[:3], COLOR, 24)


@pytest.mark.parametrize(
    ("ink", "seen"),
    [((0, 0, 0, 0), (255, 255, 255)), ((0, 255, 255, 0), (230, 40, 40)), ((255, 255, 255, 255), (0, 0, 0))],
)
def test_cmyk_without_a_profile_is_read_as_print(draw, encode, ink, seen):
    drawn = draw(encode(MediaType.JPEG, Image.new("CMYK", (40, 40), ink), quality=95), MediaType.JPEG, width=20)

    assert near(drawn.pixel(0.5, 0.5)[:3], seen, 45)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA"])
@pytest.mark.parametrize("output", [Output.JPEG, Output.WEBP, Output.AVIF, Output.PNG, Output.GIF])
def test_every_kind_of_png_pixel_comes_out(draw, photo, output, mode):
    out = io.BytesIO()
    photo.convert("P" if mode == "PA" else mode).save(out, "PNG", **({"transparency": 3} if mode == "PA" else {}))

    drawn = draw(out.getvalue(), MediaType.PNG, output, width=150)

    grey = mode in ("1", "L", "LA")
    expected = photo.convert("L").convert("RGB") if grey else photo
    mean = np.asarray(expected).mean(axis=(0, 1))
    assert near(np.asarray(drawn.image.convert("RGB")).mean(axis=(0, 1)), mean, 14)


def test_grey_stays_grey_in_a_jpeg(draw, encode, photo):
    assert draw(encode(MediaType.JPEG, photo.convert("L")), MediaType.JPEG, Output.JPEG, width=90).image.mode == "L"


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_sixteen_bits_become_eight(draw, bands):
    color = [60_000, 30_000, 5_000, 65_535][:bands] if bands > 2 else [30_000, 65_535][:bands]
    pixels = np.full((40, 50, bands), color, dtype=np.uint16)
    body = pyvips.Image.new_from_array(pixels, interpretation="rgb16" if bands > 2 else "grey16").pngsave_buffer()

    drawn = draw(body, MediaType.PNG, width=25)

    expected = [value >> 8 for value in (color[:3] if bands > 2 else color[:1] * 3)]
    assert near(drawn.pixel(0.5, 0.5)[:3], expected, 2)
    assert drawn.pixel(0.5, 0.5)[3] == 255


def test_a_grey_profile_is_honoured(draw):
    steep = pyvips.Image.new_from_array(np.full((20, 20), 100, np.uint8)).copy(interpretation="b-w")
    grey = steep.colourspace("grey16").pngsave_buffer(bitdepth=8)

    assert near(draw(grey, MediaType.PNG, width=10).pixel(0.5, 0.5)[:3], (100, 100, 100), 2)


@pytest.mark.parametrize("profile", [b"", b"not a profile", bytes(200), bytes(128) + b"\xff" * 4000])
def test_a_profile_that_makes_no_sense_counts_as_none(draw, profile):
    out = io.BytesIO()
    Image.new("RGB", (40, 40), COLOR).save(out, "JPEG", quality=95, icc_profile=profile)

    assert near(draw(out.getvalue(), MediaType.JPEG, width=20).pixel(0.5, 0.5)[:3], COLOR)


def test_an_srgb_profile_changes_nothing_and_does_not_stay(draw):
    out = io.BytesIO()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (40, 40), COLOR).save(out, "PNG", icc_profile=srgb)

    drawn = draw(out.getvalue(), MediaType.PNG, width=20)

    assert drawn.pixel(0.5, 0.5)[:3] == COLOR
    assert "icc_profile" not in drawn.image.info


@pytest.mark.parametrize("output", SEES_THROUGH)
@pytest.mark.parametrize("media_type", [MediaType.PNG, MediaType.WEBP, MediaType.AVIF])
def test_alpha_is_kept_and_hidden_colours_do_not_bleed(draw, encode, media_type, output):
    drawn = draw(
        encode(media_type, disc(), **({"lossless": True} if media_type == MediaType.WEBP else {})),
        media_type,
        output,
        width=24,
    )

    assert drawn.pixel(0, 0)[3] == 0
    assert near(drawn.pixel(0.5, 0.5), (*COLOR, 255), 20)
    pixels = np.asarray(drawn.image.convert("RGBA")).astype(int)
    edge = pixels[pixels[:, :, 3] > 40]
    assert edge[:, 1].max() < 120, "green shines through"


def test_transparency_becomes_the_background(draw, encode):
    body = encode(MediaType.PNG, disc())

    assert near(draw(body, MediaType.PNG, Output.JPEG).pixel(0, 0), (255, 255, 255, 255))
    assert near(draw(body, MediaType.PNG, Output.JPEG, background="0000ff").pixel(0, 0), (0, 0, 255, 255))
    assert near(draw(body, MediaType.PNG, Output.WEBP, background="0000ff").pixel(0, 0), (0, 0, 255, 255))
    assert near(draw(body, MediaType.PNG, Output.PNG, background="0000ff80").pixel(0, 0), (0, 0, 255, 128))
    assert near(draw(body, MediaType.PNG, Output.JPEG, background="0000ff80").pixel(0, 0), (127, 127, 255, 255))
    assert near(draw(body, MediaType.PNG, Output.PNG, background="0000ff80").pixel(0.5, 0.5), (*COLOR, 255))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_padding_has_the_background_or_is_white_or_transparent_around_alpha(draw, encode, mode):
    body = encode(MediaType.PNG, Image.new("RGB", (60, 20), (90, 90, 90)).convert(mode))
    box = {"width": 60, "height": 60, "fit": "pad"}

    plain, red = draw(body, MediaType.PNG, **box), draw(body, MediaType.PNG, background="ff0000", **box)
    jpeg, misty = draw(body, MediaType.PNG, Output.JPEG, **box), draw(body, MediaType.PNG, background="ff000080", **box)

    assert plain.pixel(0.5, 0.1) == ((0, 0, 0, 0) if "A" in mode else (255, 255, 255, 255))
    assert red.pixel(0.5, 0.1) == (255, 0, 0, 255)
    assert jpeg.pixel(0.5, 0.1) == (255, 255, 255, 255)
    assert near(misty.pixel(0.5, 0.1), (255, 0, 0, 128), 2)
    assert all(near(one.pixel(0.5, 0.5), (90, 90, 90, 255)) for one in (plain, red, jpeg, misty))


@pytest.mark.parametrize("change", [{"blur": 2}, {"sharpen": 3}, {"rotate": 90}, {"flip": "h"}])
def test_effects_leave_alpha_alone(draw, encode, change):
    drawn = draw(encode(MediaType.PNG, disc()), MediaType.PNG, **change)

    assert drawn.pixel(0, 0)[3] == 0
    assert near(drawn.pixel(0.5, 0.5), (*COLOR, 255), 12)
    shown = np.asarray(drawn.image.convert("RGBA")).astype(int)
    assert shown[shown[:, :, 3] > 60][:, 1].max() < 120


def test_a_profile_inside_a_png_is_compressed_data_and_bounded(draw):
    from tests.imaging.test_hostile import png, png_chunk

    bomb = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(200_000_000), 9))

    drawn = draw(png(4, 4, bomb, rows=(b"\0" + bytes((200, 40, 60)) * 4) * 4), MediaType.PNG)

    assert drawn.pixel(0.5, 0.5)[:3] == COLOR
