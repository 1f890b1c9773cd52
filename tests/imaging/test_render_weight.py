"""How many bytes a rendition has, what it tells about its maker, and when the original is the better answer."""

import io

import pytest
from PIL import Image

from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output

LOSSY = [Output.JPEG, Output.WEBP, Output.AVIF]
MAY_BE_ORIGINAL = {"may_be_original": True}


def tagged(photo):
    exif = Image.Exif()
    exif[0x8298], exif[0x013B], exif[0x010F] = "(c) Ada Lovelace (1843)", "Ada", "Camera of Ada"
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)})
    out = io.BytesIO()
    photo.save(
        out, "JPEG", quality=90, exif=exif.tobytes(), comment=b"a secret", xmp=b"<x:xmpmeta>GPSLatitude</x:xmpmeta>"
    )
    return out.getvalue()


@pytest.mark.parametrize("output", LOSSY)
def test_a_higher_quality_costs_more_bytes(draw, encode, output):
    body = encode(MediaType.PNG)
    low, default, high = (draw(body, MediaType.PNG, output, quality=quality) for quality in (30, None, 95))

    assert low.rendered.size < default.rendered.size < high.rendered.size
    assert (low.rendered.quality, high.rendered.quality) == (30, 95)


@pytest.mark.parametrize("output", LOSSY)
def test_an_automatic_quality_spends_bytes_where_they_are_seen(draw, encode, photo, output):
    from PIL import ImageFilter

    busy = draw(encode(MediaType.PNG), MediaType.PNG, output, quality="auto")
    calm = draw(encode(MediaType.PNG, photo.filter(ImageFilter.GaussianBlur(6))), MediaType.PNG, output, quality="auto")

    assert 30 <= calm.rendered.quality <= busy.rendered.quality <= 95
    assert calm.rendered.size < busy.rendered.size


@pytest.mark.parametrize("output", [*LOSSY, Output.PNG, Output.GIF])
def test_a_byte_budget_is_kept_when_it_can_be(draw, encode, output):
    body = encode(MediaType.PNG)
    free = draw(body, MediaType.PNG, output, width=200)

    bounded = draw(body, MediaType.PNG, output, width=200, max_bytes=int(free.rendered.size * 0.6))

    assert bounded.rendered.size <= free.rendered.size * 0.6
    assert bounded.image.size == free.image.size


@pytest.mark.parametrize("output", [*LOSSY, Output.PNG, Output.GIF])
def test_a_budget_that_cannot_be_kept_gives_the_smallest_that_was_found(draw, encode, output):
    body = encode(MediaType.PNG)

    drawn = draw(body, MediaType.PNG, output, width=200, max_bytes=10)

    assert 10 < drawn.rendered.size < draw(body, MediaType.PNG, output, width=200).rendered.size


def test_a_generous_budget_changes_nothing(draw, encode):
    body = encode(MediaType.PNG)

    assert draw(body, MediaType.PNG, Output.JPEG, max_bytes=10**6).body == draw(body, MediaType.PNG, Output.JPEG).body


@pytest.mark.parametrize("media_type", [MediaType.JPEG, MediaType.WEBP, MediaType.PNG, MediaType.GIF, MediaType.AVIF])
def test_an_original_that_is_smaller_and_looks_the_same_is_the_answer(draw, encode, media_type):
    output = Output(media_type.removeprefix("image/"))
    body = draw(encode(media_type), media_type, output, quality=40).body

    drawn = draw(body, media_type, output, quality=90, order=MAY_BE_ORIGINAL)

    assert drawn.rendered.original_is_better
    assert drawn.body == b""
    assert (drawn.rendered.width, drawn.rendered.height, drawn.rendered.size) == (300, 203, len(body))
    assert draw(body, media_type, output, quality=90).body, "unless that was ruled out"


@pytest.mark.parametrize(
    "change", [{"width": 299}, {"flip": "h"}, {"blur": 0.5}, {"rotate": 180}, {"width": 200, "height": 203}]
)
def test_an_original_that_looks_different_is_no_answer(draw, encode, change):
    drawn = draw(
        encode(MediaType.JPEG, quality=20),
        MediaType.JPEG,
        Output.JPEG,
        quality=95,
        order=MAY_BE_ORIGINAL,
        **change,
    )

    assert not drawn.rendered.original_is_better
    assert drawn.body


def test_an_original_that_tells_too_much_is_no_answer(draw, photo):
    drawn = draw(tagged(photo), MediaType.JPEG, Output.JPEG, quality=100, order=MAY_BE_ORIGINAL)

    assert not drawn.rendered.original_is_better
    assert drawn.body


@pytest.mark.parametrize("output", [*LOSSY, Output.PNG, Output.GIF])
def test_metadata_goes(draw, photo, output):
    drawn = draw(tagged(photo), MediaType.JPEG, output, width=100)

    assert not dict(drawn.image.getexif())
    for word in (b"Ada", b"secret", b"GPS", b"xmp", b"Exif"):
        assert word not in drawn.body


@pytest.mark.parametrize("output", [*LOSSY, Output.PNG])
def test_of_kept_metadata_only_the_copyright_stays(draw, photo, output):
    drawn = draw(tagged(photo), MediaType.JPEG, output, width=100, order={"keep_metadata": ("copyright",)})

    exif = drawn.image.getexif()
    assert exif[0x8298] == "(c) Ada Lovelace (1843)"
    assert exif[0x013B] == "Ada"
    assert not exif.get_ifd(0x8825)
    assert 0x010F not in exif
    assert exif.get(0x0112, 1) == 1
    for word in (b"Camera", b"secret", b"GPS", b"xmpmeta"):
        assert word not in drawn.body


def test_a_kept_copyright_does_not_turn_a_picture_twice(draw, photo):
    exif = Image.Exif()
    exif[0x8298], exif[0x0112] = "Ada", 6
    out = io.BytesIO()
    photo.save(out, "JPEG", exif=exif.tobytes())

    drawn = draw(out.getvalue(), MediaType.JPEG, Output.JPEG, order={"keep_metadata": ("copyright",)})

    assert drawn.image.size == (203, 300)
    assert drawn.image.getexif().get(0x0112, 1) == 1
