"""The type of a file is what its first bytes say."""

import pytest

from atpix.imaging.sniff import DECODABLE, MediaType, sniff


@pytest.mark.parametrize("media_type", sorted(DECODABLE))
def test_a_real_file_of_each_type_is_known_by_its_first_bytes(encode, media_type):
    assert sniff(encode(media_type)[:64]) is media_type


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", MediaType.SVG),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- hello -->\n<svg/>', MediaType.SVG),
        (b"<!DOCTYPE svg PUBLIC>", MediaType.SVG),
        (b"\0\0\0\x20ftypavis\0\0\0\0msf1avismif1", MediaType.AVIF),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", MediaType.AVIF),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", MediaType.HEIC),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", None),
        (b"RIFF\x24\0\0\0WAVEfmt ", None),
        (b"<html><svg>", None),
        (b"%PDF-1.7", None),
        (b"II*\0\x08\0\0\0", None),
        (b"\xff\xd8", None),
        (b"GIF", None),
        (b"", None),
    ],
)
def test_a_head_is_told_apart(head, media_type):
    assert sniff(head) is media_type


def test_a_long_comment_does_not_make_sniffing_slow():
    assert sniff(b"<!--" * 50_000) is None
    assert sniff(b"<!---->" * 50_000) is None
