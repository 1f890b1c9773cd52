"""Files made to hurt a renderer: a reason of their own, in bounded time and memory, and never a picture of grey."""

import io
import random

import pytest
from PIL import Image
from tests.imaging.test_hostile import png, png_chunk

from atpix.imaging.errors import DecoderFailed, ImageTooLarge, ImagingError, InvalidImage, UnsupportedType
from atpix.imaging.orders import Order
from atpix.imaging.renderers import Renderers
from atpix.imaging.sniff import DECODABLE, MediaType
from atpix.imaging.spec import Output, Spec
from atpix.imaging.values import Limits

TYPES = sorted(DECODABLE)
CHANGES = [{}, {"width": 40}, {"width": 30, "height": 30, "rotate": 90}]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
def test_a_truncated_jpeg_gives_no_picture(draw, encode, change, progressive, share):
    body = encode(MediaType.JPEG, progressive=progressive)

    with pytest.raises(InvalidImage):
        draw(body[: int(len(body) * share)], MediaType.JPEG, Output.JPEG, **change)


@pytest.mark.parametrize("media_type", sorted(DECODABLE - {MediaType.JPEG}))
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_truncated_file_gives_no_picture(draw, encode, media_type, share):
    body = encode(media_type)

    with pytest.raises(InvalidImage):
        draw(body[: int(len(body) * share)], media_type, width=40)


def test_a_truncated_jpeg_that_is_too_large_to_be_held_gives_no_picture(draw, encode, photo):
    """Its rows go straight into the encoder, which has no say in whether they are there."""
    large = Image.new("RGB", (4200, 4000), "teal")
    large.paste(photo, (0, 3700))
    body = encode(MediaType.JPEG, large)

    with pytest.raises(InvalidImage):
        draw(body[: len(body) - 2000], MediaType.JPEG, Output.JPEG)


@pytest.mark.parametrize("media_type", TYPES)
def test_damaged_bytes_give_a_picture_or_a_reason(draw, encode, media_type):
    body, dice = encode(media_type), random.Random(7)
    for _ in range(12):
        damaged = bytearray(body)
        for _ in range(4):
            damaged[dice.randrange(len(body))] = dice.randrange(256)
        try:
            drawn = draw(bytes(damaged), media_type, width=40)
        except ImagingError:
            continue
        assert drawn.image.width <= 40


def test_a_size_that_is_claimed_is_refused_before_it_is_believed(draw):
    with pytest.raises(ImageTooLarge, match="50000 x 50000"):
        draw(png(50_000, 50_000, rows=bytes(1000)), MediaType.PNG, width=10)
    with pytest.raises(InvalidImage):
        draw(png(9_000, 9_000, rows=bytes(1000)), MediaType.PNG, width=10)


def test_another_type_than_was_claimed_is_refused(draw, encode):
    with pytest.raises(InvalidImage):
        draw(encode(MediaType.PNG), MediaType.JPEG)
    with pytest.raises(UnsupportedType):
        draw(b"<svg/>", MediaType.SVG)


def test_ten_thousand_frames_are_refused(draw):
    frame = Image.new("P", (2, 2))
    out = io.BytesIO()
    frame.save(out, "GIF")
    start = out.getvalue().index(b",")
    film = out.getvalue()[:start] + out.getvalue()[start:-1] * 10_000 + b";"

    with pytest.raises(ImageTooLarge, match="10000 frames"):
        draw(film, MediaType.GIF, Output.WEBP)


def test_metadata_of_any_depth_is_dropped_in_bounded_time(draw, photo):
    """An EXIF directory whose next directory is itself; a thousand entries; and much of it."""
    entry = bytes.fromhex("8298000200000004") + b"Ada\0"
    loop = b"MM\0*\0\0\0\x08" + (1000).to_bytes(2, "big") + entry * 1000 + (8).to_bytes(4, "big")
    out = io.BytesIO()
    photo.save(out, "JPEG", exif=b"Exif\0\0" + loop)

    drawn = draw(out.getvalue(), MediaType.JPEG, Output.JPEG, width=40, order={"keep_metadata": ("copyright", "icc")})

    assert drawn.image.width == 40
    assert drawn.rendered.size < 4000


def test_a_thousand_comments_in_a_png_change_nothing(draw):
    comments = png_chunk(b"tEXt", b"Comment\0" + b"x" * 50) * 1000
    rows = (b"\0" + bytes((200, 40, 60)) * 4) * 4

    with_them, without = (draw(png(4, 4, chunks, rows=rows), MediaType.PNG) for chunks in (comments, b""))

    assert with_them.body == without.body


def test_a_comment_whose_name_is_not_ascii_is_dropped_like_any_other(draw):
    """A PNG's keywords are Latin-1; libvips makes names of them, which pyvips takes for UTF-8."""
    comment = png_chunk(b"tEXt", "Título\0x".encode("latin-1"))

    drawn = draw(png(2, 1, comment, rows=bytes(7)), MediaType.PNG, width=1)

    assert b"tEXt" not in drawn.body


@pytest.fixture(scope="module")
def renderers():
    renderers = Renderers(1, timeout_s=60, max_memory_bytes=400 << 20)
    yield renderers
    renderers.close()


def test_a_source_that_needs_more_memory_than_there_is_costs_one_request(renderers, tmp_path, encode):
    (tmp_path / "bomb").write_bytes(png(30_000, 30_000, rows=bytes(1000)))
    (tmp_path / "photo").write_bytes(encode(MediaType.JPEG))
    wide = Limits(max_pixels=10**10, max_side=10**6)

    def order(name, media_type, **spec):
        source, target = str(tmp_path / name), str(tmp_path / "target")
        spec = Spec(**spec)
        return Order(source=source, media_type=media_type, target=target, spec=spec, output=Output.PNG, limits=wide)

    with pytest.raises((InvalidImage, DecoderFailed)):
        renderers.render(order("bomb", MediaType.PNG, rotate=90))
    assert renderers.render(order("photo", MediaType.JPEG, width=20)).width == 20
