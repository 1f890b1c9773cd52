"""Who is to blame when libvips fails: the file only for what its loader said of it."""

import errno

import pytest
import pyvips

from atpix.imaging.errors import DecoderFailed, InvalidImage
from atpix.imaging.loading import explained, load
from atpix.imaging.sniff import MediaType


def failure(work) -> pyvips.Error:
    pyvips.vips_lib.vips_error_clear()
    with pytest.raises(pyvips.Error) as raised:
        work()
    return raised.value


def saved(path, media_type, name):
    return getattr(load(path, media_type), name)()


@pytest.fixture
def whole(tmp_path, encode):
    path = tmp_path / "whole.png"
    path.write_bytes(encode(MediaType.PNG))
    return path


@pytest.mark.parametrize(("name", "options"), [("webpsave_buffer", {}), ("heifsave_buffer", {"compression": "av1"})])
def test_what_an_encoder_cannot_write_is_no_fault_of_the_file(whole, name, options):
    wide = pyvips.Image.black(20_000, 4)
    error = failure(lambda: getattr(wide, name)(**options))

    assert isinstance(explained(error, MediaType.PNG, whole), DecoderFailed)


@pytest.mark.parametrize("media_type", [MediaType.JPEG, MediaType.PNG, MediaType.WEBP, MediaType.GIF, MediaType.AVIF])
@pytest.mark.parametrize("name", ["jpegsave_buffer", "webpsave_buffer", "pngsave_buffer"])
def test_what_does_not_decode_is_the_fault_of_the_file_even_while_it_is_encoded(tmp_path, encode, media_type, name):
    path, body = tmp_path / "half", encode(media_type)
    path.write_bytes(body[: len(body) // 2])
    error = failure(lambda: saved(path, media_type, name))

    assert isinstance(explained(error, media_type, path), InvalidImage)
    assert isinstance(explained(error, media_type, path, decoded=True), DecoderFailed)


def test_a_file_that_went_meanwhile_is_not_there_and_not_corrupt(whole):
    whole.unlink()
    told = explained(failure(lambda: load(whole, MediaType.PNG)), MediaType.PNG, whole)

    assert isinstance(told, FileNotFoundError)
    assert told.errno == errno.ENOENT


@pytest.mark.parametrize("words", ["out of memory", "Insufficient memory (case 4)", "Memory allocation error"])
def test_too_little_memory_is_no_fault_of_the_file(whole, words):
    assert isinstance(explained(pyvips.Error("unable", words), MediaType.PNG, whole), DecoderFailed)
