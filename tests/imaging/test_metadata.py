"""What private metadata is found, and that taking it out leaves every pixel, the profile and the orientation."""

import io
import re

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms, PngImagePlugin

from atpix.imaging.errors import InvalidImage
from atpix.imaging.metadata import has_location, strip_private
from atpix.imaging.sniff import DECODABLE, MediaType

TYPES = sorted(DECODABLE)
WITH_EXIF = [MediaType.PNG, MediaType.JPEG, MediaType.WEBP, MediaType.AVIF]
OWNER = b"Ada Lovelace"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="52,30N" dc:creator="'
    + OWNER
    + b'"/></x:xmpmeta>'
)


def exif(*, orientation: int = 1, place: bool = True) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x013B] = OWNER.decode()
    if place:
        tags[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)}
    return tags


@pytest.fixture(scope="session")
def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture
def strip(tmp_path):
    """Call with a body and its media type: what is left, and whether anything went."""

    def stripped(body: bytes, media_type: MediaType) -> tuple[bytes, bool]:
        (tmp_path / "source").write_bytes(body)
        changed = strip_private(tmp_path / "source", tmp_path / "target", media_type)
        return (tmp_path / "target").read_bytes(), changed

    return stripped


@pytest.fixture
def located(tmp_path):
    def found(body: bytes, media_type: MediaType) -> bool:
        (tmp_path / "image").write_bytes(body)
        return has_location(tmp_path / "image", media_type)

    return found


def frames_of(body: bytes) -> list[bytes]:
    image = Image.open(io.BytesIO(body))
    pixels = []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        pixels.append(np.asarray(image.convert("RGBA")).tobytes())
    return pixels


@pytest.mark.parametrize("media_type", WITH_EXIF)
def test_a_place_in_exif_is_found_and_taken_out(encode, located, strip, media_type):
    body = encode(media_type, exif=exif())
    assert located(body, media_type)
    assert OWNER in body

    left, changed = strip(body, media_type)

    assert changed
    assert not located(left, media_type)
    assert OWNER not in left
    assert frames_of(left) == frames_of(body)


@pytest.mark.parametrize("media_type", [MediaType.JPEG, MediaType.WEBP, MediaType.AVIF])
def test_a_place_in_xmp_is_found_and_taken_out(encode, located, strip, media_type):
    body = encode(media_type, xmp=XMP)
    assert located(body, media_type)

    left, changed = strip(body, media_type)

    assert changed
    assert not located(left, media_type)
    assert OWNER not in left
    assert frames_of(left) == frames_of(body)


@pytest.mark.parametrize("zipped", [True, False])
def test_places_in_png_text_are_found_and_taken_out(encode, located, strip, zipped):
    raw = b"Exif\0\0" + exif().tobytes().removeprefix(b"Exif\0\0")
    digits = f"\nexif\n{len(raw):8}\n{raw.hex()}\n"
    for keyword, text in [("XML:com.adobe.xmp", XMP.decode()), ("Raw profile type exif", digits)]:
        notes = PngImagePlugin.PngInfo()
        if keyword.startswith("XML"):
            notes.add_itxt(keyword, text, zip=zipped)
        else:
            notes.add_text(keyword, text, zip=zipped)
        body = encode(MediaType.PNG, pnginfo=notes)
        assert located(body, MediaType.PNG)

        left, changed = strip(body, MediaType.PNG)

        assert changed
        assert not located(left, MediaType.PNG)
        assert frames_of(left) == frames_of(body)


@pytest.mark.parametrize("media_type", WITH_EXIF)
def test_exif_without_a_place_is_no_location(encode, located, media_type):
    assert not located(encode(media_type, exif=exif(place=False)), media_type)


@pytest.mark.parametrize("media_type", [MediaType.PNG, MediaType.JPEG, MediaType.WEBP])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_outlives_stripping(encode, strip, look, media_type, orientation):
    body = encode(media_type, exif=exif(orientation=orientation))

    left, _ = strip(body, media_type)

    assert Image.open(io.BytesIO(left)).getexif().get(0x0112, 1) == orientation
    assert look(left, media_type).thumbhash == look(body, media_type).thumbhash


@pytest.mark.parametrize("media_type", WITH_EXIF)
def test_the_colour_profile_outlives_stripping(encode, strip, media_type, profile):
    left, _ = strip(encode(media_type, icc_profile=profile, exif=exif()), media_type)

    assert Image.open(io.BytesIO(left)).info["icc_profile"] == profile


@pytest.mark.parametrize("media_type", TYPES)
def test_what_is_left_is_whole_and_has_nothing_more_to_take(encode, strip, look, media_type):
    options = {} if media_type is MediaType.GIF else {"exif": exif(), "xmp": XMP}
    options.pop("xmp", None) if media_type is MediaType.PNG else None
    left, _ = strip(encode(media_type, **options), media_type)

    assert look(left, media_type).width == 300
    assert strip(left, media_type) == (left, False)


@pytest.mark.parametrize("media_type", [MediaType.GIF, MediaType.WEBP, MediaType.PNG, MediaType.AVIF])
def test_animations_keep_their_frames(encode, strip, photo, media_type):
    frames = [photo.rotate(20 * turn).resize((60, 44)) for turn in range(4)]
    notes = {"comment": OWNER} if media_type is MediaType.GIF else {"exif": exif()}
    body = encode(media_type, frames[0], save_all=True, append_images=frames[1:], loop=3, **notes)

    left, changed = strip(body, media_type)

    assert changed
    assert OWNER in body
    assert OWNER not in left
    assert frames_of(left) == frames_of(body)
    if media_type is MediaType.GIF:
        assert b"NETSCAPE2.0" in left


def test_jpeg_comments_previews_and_trailers_go_and_the_scan_stays(encode, strip):
    body = encode(MediaType.JPEG, progressive=True, comment=OWNER, exif=exif())
    photoshop = b"\xff\xed" + (2 + 14 + len(OWNER)).to_bytes(2, "big") + b"Photoshop 3.0\0" + OWNER
    preview = b"\xff\xe2" + (2 + 5 + len(OWNER)).to_bytes(2, "big") + b"FPXR\0" + OWNER
    full = body[:2] + photoshop + preview + body[2:] + b"\xff\xd8\xff" + OWNER

    left, changed = strip(full, MediaType.JPEG)

    assert changed
    assert OWNER not in left
    assert left.endswith(b"\xff\xd9")
    tables = body[body.index(b"\xff\xdb") :]
    assert left.endswith(tables[-2000:])
    assert frames_of(left) == frames_of(full)


def test_the_thumbnail_inside_a_jfif_header_goes(encode, strip):
    body = encode(MediaType.JPEG)
    header = b"\xff\xe0" + (16 + 27).to_bytes(2, "big") + b"JFIF\0\1\1\0\0\1\0\1\3\3" + b"secret!!!" * 3

    left, changed = strip(body[:2] + header + body[20:], MediaType.JPEG)

    assert changed
    assert b"secret" not in left
    assert frames_of(left) == frames_of(body)


def test_cmyk_jpegs_keep_the_segment_their_colours_depend_on(encode, strip, photo):
    body = encode(MediaType.JPEG, photo.convert("CMYK"), exif=exif())

    left, _ = strip(body, MediaType.JPEG)

    assert b"Adobe" in left
    assert frames_of(left) == frames_of(body)


def test_avif_is_stripped_without_moving_a_byte(encode, strip):
    body = encode(MediaType.AVIF, exif=exif(), xmp=XMP)

    left, _ = strip(body, MediaType.AVIF)

    assert len(left) == len(body)
    assert pyvips.Image.heifload_buffer(left).avg() == pyvips.Image.heifload_buffer(body).avg()


def test_avif_metadata_that_shares_bytes_with_the_picture_is_refused(encode, strip):
    body = bytearray(encode(MediaType.AVIF, exif=exif()))
    entry = re.search(rb"infe.{8}av01", bytes(body), re.DOTALL)
    body[entry.end() - 4 : entry.end()] = b"av02"
    exif_entry = re.search(rb"infe.{8}Exif", bytes(body), re.DOTALL)
    number = body[exif_entry.start() + 8 : exif_entry.start() + 10]
    place = bytes(body).index(b"iloc") + 12
    entries = bytes(body)[place:]
    picture = entries[2:]
    at = place + entries.index(number, 2)
    body[at + 2 : at + 14] = picture[:12]

    with pytest.raises(InvalidImage, match="shares bytes"):
        strip(bytes(body), MediaType.AVIF)


@pytest.mark.parametrize("media_type", TYPES)
def test_a_cut_file_is_refused_before_anything_is_written(encode, tmp_path, media_type):
    body = encode(media_type)
    for cut in (0, 1, 10, 40, len(body) // 2, len(body) - 3):
        (tmp_path / "source").write_bytes(body[:cut])
        with pytest.raises(InvalidImage):
            strip_private(tmp_path / "source", tmp_path / "target", media_type)
        assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("media_type", TYPES)
def test_noise_is_survived(encode, strip, located, media_type):
    options = {} if media_type is MediaType.GIF else {"exif": exif()}
    body = encode(media_type, Image.new("RGB", (40, 30), "teal"), **options)
    for seed in range(300):
        damaged = bytearray(body)
        for step in range(4):
            damaged[(seed * 7919 + step * 104729) % len(body)] = (seed * 31 + step * 17) & 255
        for job in (strip, located):
            try:
                job(bytes(damaged), media_type)
            except InvalidImage:
                continue
