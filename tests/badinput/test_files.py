"""Files that are no images."""

import pytest
from tests.forms import file_form
from tests.photographs import encoded, photo, pixels

pytestmark = pytest.mark.usefixtures("nothing_kept")

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    "content",
    [
        b"just text",
        b"%PDF-1.7\n",
        b"<html><img src=x></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x7fELF" + bytes(100),
        b"PK\x03\x04" + bytes(100),
        b"BM" + bytes(100),
        b"II*\x00" + bytes(100),
        b"\x00",
        bytes(1000),
        b"RIFF\x00\x00\x00\x00WAVE",
        b"GIF89a" + bytes(20),
    ],
)
def test_a_file_that_is_no_image_of_a_taken_type(send, refused, content):
    message = refused(send(file_form(content)), 415, "UNSUPPORTED_FILE_TYPE")

    assert "image/jpeg" in message


def test_an_empty_file(send, refused):
    refused(send(file_form(b"")), 415, "UNSUPPORTED_FILE_TYPE")


@pytest.mark.parametrize(
    "head", [b"\xff\xd8\xff\xe0", PNG, b"RIFF\x24\x00\x00\x00WEBPVP8 ", b"\xff\xd8\xff" + b"<?php system($_GET[0]);"]
)
def test_a_forged_type(send, refused, head):
    refused(send(file_form(head + b"this is no picture at all" * 10)), 422, "INVALID_IMAGE")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_image_is_refused_not_padded(send, refused, kind, kept):
    whole = photo(1, kind)

    refused(send(file_form(whole[: int(len(whole) * kept)])), 422, "INVALID_IMAGE")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_corrupt_image(send, refused, kind):
    broken = bytearray(photo(1, kind))
    middle = len(broken) // 2
    broken[middle : middle + 400] = b"\xff\xd9\x00\xff" * 100

    refused(send(file_form(bytes(broken))), 422, "INVALID_IMAGE")


def test_a_corrupt_webp(send, refused):
    broken = bytearray(photo(1, "WEBP"))
    broken[20:120] = b"\xaa" * 100

    refused(send(file_form(bytes(broken))), 422, "INVALID_IMAGE")


def test_too_many_pixels_on_one_side(send, refused):
    refused(send(file_form(encoded(pixels(1, (16_385, 1)), "PNG"))), 413, "IMAGE_TOO_LARGE")
