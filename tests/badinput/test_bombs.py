"""Small files that would become large ones."""

import struct
import zlib

import pytest
from tests.forms import file_form


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixels: int) -> bytes:
    """So many zero bytes of pixels, whatever the header says."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    data = b"".join([*(packer.compress(bytes(1_000_000)) for _ in range(pixels // 1_000_000)), packer.flush()])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.usefixtures("nothing_kept")
def test_50000_by_50000_pixels_in_a_few_kilobytes(send, refused):
    content = png(50_000, 50_000, 4_000_000)
    assert len(content) < 10_000

    assert "50000" in refused(send(file_form(content)), 413, "IMAGE_TOO_LARGE")


@pytest.mark.usefixtures("nothing_kept")
def test_a_hundred_megapixels_are_the_limit(send, refused):
    refused(send(file_form(png(10_001, 10_000, 1_000_000))), 413, "IMAGE_TOO_LARGE")


@pytest.mark.usefixtures("nothing_kept")
def test_a_header_of_no_pixels(send, refused):
    refused(send(file_form(png(0, 0, 0))), 422, "INVALID_IMAGE")


def test_what_follows_the_last_row_is_never_unpacked(send):
    """Viewers show such a file as the image of its header, and so do we: the rest costs nothing."""
    answer = send(file_form(png(100, 100, 200_000_000)))

    assert answer.status_code == 201
    assert (answer.json()["data"]["width"], answer.json()["data"]["height"]) == (100, 100)
