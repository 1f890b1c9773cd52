"""How many bytes a rendition has, what it tells about its maker, and when the original is the better answer."""

import io

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageSequence, PngImagePlugin

from atpix.imaging import metadata
from atpix.imaging.errors import InvalidImage
from atpix.imaging.orders import Original
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output

LOSSY = [Output.JPEG, Output.WEBP, Output.AVIF]
MAY_BE_ORIGINAL = {"original": Original.OF_SAME_TYPE}


def exif_of_ada():
    exif = Image.Exif()
    exif[0x8298], exif[0x013B], exif[0x010F] = "(c) Ada Lovelace (1843)", "Ada", "Camera of Ada"
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)})
    return exif


def tagged(photo):
    exif = exif_of_ada()
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


@pytest.mark.parametrize("quality", [92, 100, "auto"])
def test_a_grainy_picture_is_encoded_however_many_bytes_it_takes(draw, encode, quality):
    grain = np.random.default_rng(1).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    source = encode(MediaType.PNG, Image.fromarray(grain))

    made = draw(source, MediaType.PNG, Output.JPEG, quality=quality).body

    assert Image.open(io.BytesIO(made)).size == (400, 400)
    assert len(made) > 400 * 400 or quality == "auto"


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


ALL_TYPES = [MediaType.JPEG, MediaType.WEBP, MediaType.PNG, MediaType.GIF, MediaType.AVIF]


def own(media_type: MediaType) -> Output:
    return Output(media_type.removeprefix("image/"))


@pytest.fixture
def answered(draw):
    """As `draw`, and where the original is found to be better: what goes out of it, and whether it is as uploaded."""

    def answer(body, media_type, output, *, order=MAY_BE_ORIGINAL, **spec):
        found = draw(body, media_type, output, order=order, **spec)
        if not found.rendered.original_is_better:
            return found, False
        assert found.body == b""
        original = draw(body, media_type, own(media_type), order={"original": Original.ALWAYS})
        sent = original if original.body else original._replace(body=body)
        assert found.rendered.media_type == sent.rendered.media_type == media_type
        assert found.rendered.size == sent.rendered.size == len(sent.body)
        assert (found.rendered.width, found.rendered.height) == sent.image.size
        return sent, True

    return answer


def pixels_of(body):
    return [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(Image.open(io.BytesIO(body)))]


def same_pixels(one, other):
    return all(np.array_equal(*pair) for pair in zip(pixels_of(one), pixels_of(other), strict=True))


@pytest.mark.parametrize("media_type", ALL_TYPES)
def test_an_original_that_is_smaller_and_looks_the_same_is_the_answer(draw, encode, answered, media_type):
    body = draw(encode(media_type), media_type, own(media_type), quality=40).body

    drawn, is_original = answered(body, media_type, own(media_type), quality=90)

    assert is_original
    assert drawn.body == body
    assert draw(body, media_type, own(media_type), quality=90).body, "unless that was ruled out"


@pytest.mark.parametrize(
    "change", [{"width": 299}, {"flip": "h"}, {"blur": 0.5}, {"rotate": 180}, {"width": 200, "height": 203}]
)
@pytest.mark.parametrize("original", [Original.OF_SAME_TYPE, Original.OF_ANY_TYPE])
def test_an_original_that_looks_different_is_no_answer(draw, encode, original, change):
    body, output = encode(MediaType.JPEG, quality=20), Output.PNG if original is Original.OF_ANY_TYPE else Output.JPEG

    drawn = draw(body, MediaType.JPEG, output, quality=95, order={"original": original}, **change)

    assert not drawn.rendered.original_is_better
    assert drawn.body


def talkative(encode, media_type, image, **options):
    """What an encoder of this type can say about its maker."""
    told = {"exif": exif_of_ada().tobytes()}
    match media_type:
        case MediaType.JPEG:
            told["comment"] = b"a secret"
        case MediaType.PNG:
            told["pnginfo"] = PngImagePlugin.PngInfo()
            told["pnginfo"].add_text("Author", "Ada, a secret")
        case MediaType.GIF:
            told = {"comment": b"a secret of Ada"}
    return encode(media_type, image, **told, **options)


@pytest.mark.parametrize("media_type", ALL_TYPES)
@pytest.mark.parametrize("has_alpha", [False, True])
def test_an_original_that_tells_too_much_goes_out_without_that(encode, answered, photo, media_type, has_alpha):
    image = photo.copy()
    if has_alpha and media_type is not MediaType.JPEG:
        image.putalpha(photo.convert("L"))
    body = talkative(encode, media_type, image, **({} if media_type is MediaType.GIF else {"quality": 20}))
    assert b"Ada" in body

    drawn, is_original = answered(body, media_type, own(media_type), quality=100)

    if not is_original:  # a lossless one may come out smaller, and is welcome
        assert media_type in {MediaType.PNG, MediaType.GIF}
    else:
        assert same_pixels(drawn.body, body)
    assert len(drawn.body) <= len(body)
    for word in (b"Ada", b"secret", b"GPS"):
        assert word not in drawn.body


@pytest.mark.parametrize("tells", [False, True])
@pytest.mark.parametrize(
    ("media_type", "output"),
    [
        (MediaType.JPEG, Output.WEBP),
        (MediaType.WEBP, Output.AVIF),
        (MediaType.AVIF, Output.WEBP),
        (MediaType.PNG, Output.AVIF),
        (MediaType.GIF, Output.WEBP),
    ],
)
def test_in_place_of_another_type_it_goes_out_where_that_is_larger(
    draw, encode, photo, answered, media_type, output, tells
):
    lossy = media_type in {MediaType.JPEG, MediaType.WEBP, MediaType.AVIF}
    image = photo if lossy else Image.new("RGB", (1, 1), "teal")
    options = {"quality": 10} if lossy else {}
    body = talkative(encode, media_type, image, **options) if tells else encode(media_type, image, **options)

    drawn, is_original = answered(body, media_type, output, quality=100, order={"original": Original.OF_ANY_TYPE})

    assert is_original
    assert same_pixels(drawn.body, body)
    assert b"Ada" not in drawn.body
    assert draw(body, media_type, output, quality=100, order=MAY_BE_ORIGINAL).body, "for whoever names a type"


def test_in_place_of_another_type_that_is_smaller_it_does_not_go_out(draw, encode):
    drawn = draw(encode(MediaType.PNG), MediaType.PNG, Output.WEBP, order={"original": Original.OF_ANY_TYPE})

    assert drawn.image.format == "WEBP"


def test_an_animation_goes_out_in_place_of_a_larger_one_with_all_its_frames(draw, encode, answered):
    noise = np.random.default_rng(1).integers(0, 2, (3, 32, 32), np.uint8) * 255
    frames = [Image.fromarray(frame) for frame in noise]
    body = encode(MediaType.GIF, frames[0], save_all=True, append_images=frames[1:], comment=b"a secret")

    drawn, is_original = answered(body, MediaType.GIF, Output.WEBP, order={"original": Original.OF_ANY_TYPE})
    still, stands = answered(body, MediaType.GIF, Output.WEBP, page=1, order={"original": Original.OF_ANY_TYPE})

    assert is_original
    assert same_pixels(drawn.body, body)
    assert b"secret" not in drawn.body
    assert (still.image.n_frames, stands) == (1, False)


@pytest.mark.parametrize("original", [Original.OF_SAME_TYPE, Original.OF_ANY_TYPE])
@pytest.mark.parametrize(("orientation", "rotate"), [(3, 0), (3, 180), (6, 0), (6, 270), (2, 0)])
def test_an_original_that_exif_turns_is_no_answer(draw, encode, photo, original, orientation, rotate):
    told = Image.Exif()
    told[0x0112] = orientation
    body = encode(MediaType.JPEG, photo.crop((0, 0, 200, 200)), quality=10, exif=told.tobytes())

    drawn = draw(body, MediaType.JPEG, Output.JPEG, rotate=rotate, quality=100, order={"original": original})

    assert drawn.body
    assert "exif" not in drawn.image.info


@pytest.mark.parametrize("output", [Output.JPEG, Output.WEBP])
def test_colours_of_a_foreign_profile_are_no_answer_unless_they_may_stay(draw, answered, photo, output):
    wide = pyvips.Image.new_from_array(np.asarray(photo)).icc_transform("p3", input_profile="srgb")
    body = wide.jpegsave_buffer(Q=10)
    order = {"original": Original.OF_ANY_TYPE}

    drawn = draw(body, MediaType.JPEG, output, quality=100, order=order)
    kept, is_original = answered(body, MediaType.JPEG, output, quality=100, order=order | {"keep_metadata": ("icc",)})

    assert drawn.body
    assert "icc_profile" not in drawn.image.info
    assert is_original
    assert kept.image.info["icc_profile"] == Image.open(io.BytesIO(body)).info["icc_profile"]


def test_ink_is_no_answer_whatever_may_stay(draw, encode, photo):
    body = encode(MediaType.JPEG, photo.convert("CMYK"), quality=10)
    order = {"original": Original.OF_SAME_TYPE, "keep_metadata": ("icc",)}

    assert draw(body, MediaType.JPEG, Output.JPEG, quality=100, order=order).image.mode == "RGB"


def test_a_copyright_that_is_kept_makes_the_original_no_answer(draw, encode, answered, photo):
    order = MAY_BE_ORIGINAL | {"keep_metadata": ("copyright",)}

    kept = draw(tagged(photo), MediaType.JPEG, Output.JPEG, quality=100, order=order)
    nothing_to_keep, is_original = answered(
        encode(MediaType.JPEG, comment=b"a secret"), MediaType.JPEG, Output.JPEG, quality=100, order=order
    )

    assert b"Lovelace" in kept.body
    assert is_original
    assert b"secret" not in nothing_to_keep.body


def test_an_original_that_cannot_be_taken_apart_is_no_answer(draw, encode, tmp_path):
    body = bytearray(encode(MediaType.AVIF, quality=10, exif=exif_of_ada().tobytes()))
    picture, exif = (body.index(number, body.index(b"iloc")) for number in (b"\0\1\0\0", b"\0\2\0\0"))
    body[exif + 6 : exif + 10] = body[picture + 6 : picture + 10]
    (tmp_path / "shared").write_bytes(body)
    with pytest.raises(InvalidImage, match="shares bytes"):
        metadata.bare_bytes(tmp_path / "shared", MediaType.AVIF)

    drawn = draw(bytes(body), MediaType.AVIF, Output.AVIF, quality=100, order=MAY_BE_ORIGINAL)

    assert drawn.body
    assert not drawn.rendered.original_is_better


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
