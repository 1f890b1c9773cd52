"""Files made to hurt: each is refused with its own reason, and the next one is served."""

import re
import struct
import zlib

import pytest
from PIL import Image

from atpix.imaging.children import Examiners
from atpix.imaging.errors import ImageTooLarge, InvalidImage, UnsupportedType
from atpix.imaging.sniff import DECODABLE, MediaType
from atpix.imaging.values import Limits

TYPES = sorted(DECODABLE)


def png_chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png(width: int, height: int, *chunks: bytes, rows: bytes = b"", color: int = 2) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0))
    image = png_chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + image + png_chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_by_its_header(look):
    bomb = png(50_000, 50_000, rows=bytes(2_000_000))
    assert len(bomb) < 10_000

    with pytest.raises(ImageTooLarge, match="50000 x 50000"):
        look(bomb, MediaType.PNG)


def test_a_bomb_within_permissive_limits_still_dies_in_bounded_memory(look):
    with pytest.raises((InvalidImage, ImageTooLarge)):
        look(png(50_000, 50_000), MediaType.PNG, Limits(max_pixels=10**10, max_side=10**6))


@pytest.mark.parametrize("media_type", TYPES)
@pytest.mark.parametrize("body", [b"", b"\0", b"not an image at all", b"<html>" * 100, bytes(5000)])
def test_what_is_no_image_is_refused(look, media_type, body):
    with pytest.raises(InvalidImage):
        look(body, media_type)


@pytest.mark.parametrize("media_type", TYPES)
def test_a_signature_alone_is_refused(look, encode, media_type):
    with pytest.raises(InvalidImage):
        look(encode(media_type)[:24], media_type)
    with pytest.raises(InvalidImage):
        look(encode(media_type)[:24] + bytes(10_000), media_type)


def test_a_forged_type_is_refused(look, encode):
    for real in TYPES:
        for claimed in set(TYPES) - {real}:
            with pytest.raises(InvalidImage):
                look(encode(real, Image.new("RGB", (9, 9))), claimed)


@pytest.mark.parametrize("media_type", [MediaType.SVG, MediaType.HEIC])
def test_a_type_that_is_known_and_not_taken_is_refused_by_name(look, media_type):
    with pytest.raises(UnsupportedType, match=re.escape(media_type.value)):
        look(b"<svg/>", media_type)


def test_ten_thousand_gif_frames_are_refused(look, encode):
    one = encode(MediaType.GIF, Image.new("P", (1, 1)))
    frame = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    with pytest.raises(ImageTooLarge, match=r"frames"):
        look(one[:-1] + frame * 10_000 + b";", MediaType.GIF)


def test_ten_thousand_webp_frames_are_refused(look, encode):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    body = bytearray(encode(MediaType.WEBP, frames[0], save_all=True, append_images=frames[1:]))
    at = body.rindex(b"ANMF")
    body += body[at:] * 10_000
    body[4:8] = (len(body) - 8).to_bytes(4, "little")

    with pytest.raises(ImageTooLarge, match=r"frames"):
        look(bytes(body), MediaType.WEBP)


PARTS = {
    MediaType.PNG: (8 + 25, png_chunk(b"teXt", b"")),
    MediaType.JPEG: (2, b"\xff\xfe\0\2"),
    MediaType.GIF: (-1, b"!\xfe\0"),
    MediaType.AVIF: (None, b"\0\0\0\x08free"),
}


@pytest.mark.parametrize("media_type", PARTS)
def test_a_file_of_nothing_but_parts_is_refused(look, encode, media_type):
    body, (at, part) = encode(media_type), PARTS[media_type]
    at = len(body) if at is None else at % len(body)

    with pytest.raises(InvalidImage, match="too many parts"):
        look(body[:at] + part * 100_000 + body[at:], media_type)
    assert look(body[:at] + part * 500 + body[at:], media_type).width == 300


def test_a_huge_colour_profile_and_exif_do_no_harm(look, encode):
    assert look(encode(MediaType.JPEG, icc_profile=bytes(4_000_000)), MediaType.JPEG).width == 300
    assert look(encode(MediaType.JPEG, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 60_000), MediaType.JPEG)
    text = png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\n" * 50_000_000))
    profile = png_chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(50_000_000)))
    assert look(png(2, 1, text, rows=bytes(7)), MediaType.PNG).width == 2
    assert look(png(2, 1, profile, rows=bytes(7)), MediaType.PNG).width == 2


@pytest.mark.parametrize("length", [0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("media_type", [MediaType.PNG, MediaType.WEBP, MediaType.AVIF])
def test_a_forged_length_is_refused(look, encode, media_type, length):
    body = bytearray(encode(media_type))
    at, order = {"image/png": (33, "big"), "image/webp": (16, "little"), "image/avif": (0, "big")}[media_type]
    body[at : at + 4] = length.to_bytes(4, order)

    with pytest.raises(InvalidImage):
        look(bytes(body), media_type)


@pytest.mark.parametrize("media_type", TYPES)
def test_noise_sprinkled_over_a_file_is_refused_or_described_but_never_fatal(look, encode, media_type):
    body = encode(media_type, Image.radial_gradient("L").convert("RGB").resize((64, 48)))
    for seed in range(60):
        damaged = bytearray(body)
        for step in range(3):
            damaged[(seed * 7919 + step * 104729) % len(body)] = (seed * 31 + step * 17) & 255
        try:
            look(bytes(damaged), media_type, Limits(max_pixels=10**7))
        except (InvalidImage, ImageTooLarge):
            continue


def test_too_little_memory_costs_one_request(tmp_path):
    (tmp_path / "large").write_bytes(png(16_000, 6_000, rows=bytes(6_000 * 64_001), color=6))
    (tmp_path / "small").write_bytes(png(1, 1, rows=bytes(4)))
    small_memory = Examiners(1, timeout_s=60, max_memory_bytes=96 << 20)
    interlaced = bytearray((tmp_path / "large").read_bytes())
    interlaced[28] = 1
    interlaced[29:33] = struct.pack(">I", zlib.crc32(interlaced[12:29]))
    (tmp_path / "large").write_bytes(interlaced)
    try:
        with pytest.raises(ImageTooLarge, match=r"more memory than is allowed .* not interlaced"):
            small_memory.examine(tmp_path / "large", MediaType.PNG, Limits())
        assert small_memory.examine(tmp_path / "small", MediaType.PNG, Limits()).width == 1
    finally:
        small_memory.close()
