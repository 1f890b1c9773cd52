"""A child that rendered an image keeps its pixels: later orders are made from them, and look no worse for it."""

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

from atpix.imaging.decoding import Decoder
from atpix.imaging.errors import InvalidImage
from atpix.imaging.orders import Order
from atpix.imaging.render import render
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec


@pytest.fixture(scope="session")
def large(photo, encode):
    """A photograph of 2,800 pixels, with grain as a sensor gives it; call with a media type."""
    pixels = np.asarray(photo.resize((2800, 1896), Image.Resampling.LANCZOS)).astype(np.int16)
    grain = np.random.default_rng(1).normal(0, 6, pixels.shape[:2]).astype(np.int16)
    picture = Image.fromarray((pixels + grain[..., None]).clip(0, 255).astype(np.uint8))
    options = {MediaType.PNG: {"compress_level": 1}, MediaType.WEBP: {"method": 0}}
    made = {}

    def encoded(media_type):
        if media_type not in made:
            made[media_type] = encode(media_type, picture, **{"quality": 92} | options.get(media_type, {}))
        return made[media_type]

    return encoded


@pytest.fixture
def made(tmp_path):
    """Call with the source's bytes: the rendition's pixels."""

    def rendered(body, width, decoder=None, same="", media_type=MediaType.JPEG, **spec):
        source, target = tmp_path / "source", tmp_path / "target"
        source.write_bytes(body)
        order = Order(
            source=str(source),
            media_type=media_type,
            target=str(target),
            spec=Spec(width=width, **spec),
            output=Output.PNG,
            same=same,
        )
        render(order, decoder)
        with Image.open(target) as image:
            return np.asarray(image.convert("L"))

    return rendered


@pytest.mark.parametrize("media_type", [MediaType.JPEG, MediaType.PNG, MediaType.WEBP])
def test_what_is_made_from_the_copy_looks_like_what_is_made_from_the_original(large, made, media_type):
    decoder = Decoder()
    made(large(media_type), 640, decoder, "one", media_type)
    for width in (320, 1024):
        copied = made(large(media_type), width, decoder, "one", media_type)
        direct = made(large(media_type), width, media_type=media_type)
        assert structural_similarity(copied, direct) >= 0.98


def test_an_image_is_decoded_once_for_several_sizes(encode, photo, made):
    decoder, body = Decoder(), encode(MediaType.JPEG)
    another = encode(MediaType.JPEG, Image.new("RGB", photo.size, "black"))
    made(body, 200, decoder, "one")

    assert made(another, 100, decoder, "one").max() > 100
    assert made(another, 100, decoder, "two").max() == 0


@pytest.mark.parametrize("forgets", [Decoder.forget, lambda decoder: decoder.turn_to("two")])
def test_what_was_forgotten_is_decoded_again(encode, photo, made, forgets):
    decoder = Decoder()
    made(encode(MediaType.JPEG), 200, decoder, "one")
    forgets(decoder)

    assert made(encode(MediaType.JPEG, Image.new("RGB", photo.size, "black")), 100, decoder, "one").max() == 0


def test_an_image_without_a_name_is_decoded_each_time(encode, photo, made):
    decoder = Decoder()
    made(encode(MediaType.JPEG), 200, decoder)

    assert made(encode(MediaType.JPEG, Image.new("RGB", photo.size, "black")), 100, decoder).max() == 0


@pytest.mark.parametrize("media_type", [MediaType.JPEG, MediaType.PNG, MediaType.WEBP])
def test_an_order_gives_the_same_pixels_whatever_was_asked_before(photo, encode, made, media_type):
    quick = {MediaType.PNG: {"compress_level": 1}, MediaType.WEBP: {"method": 0}}.get(media_type, {})
    body = encode(media_type, photo.resize((3900, 400)), **quick)
    widths = (200, 1000, 1900, 2600)
    alone = {width: made(body, width, media_type=media_type) for width in widths}

    for history in (widths, widths[::-1]):
        decoder = Decoder()
        for width in history:
            assert (made(body, width, decoder, "one", media_type) == alone[width]).all(), width


def test_six_sizes_of_a_photograph_are_made_from_one_decode(encode, photo, made):
    decoder = Decoder()
    made(encode(MediaType.JPEG, photo.resize((4000, 3000))), 1920, decoder, "one")
    black = encode(MediaType.JPEG, Image.new("RGB", (4000, 3000), "black"))

    for width in (320, 480, 640, 960, 1280, 1920):
        assert made(black, width, decoder, "one").max() > 100


def test_what_is_larger_than_the_copy_is_made_from_the_original(encode, photo, made):
    decoder, body = Decoder(), encode(MediaType.JPEG, photo.resize((4000, 2000)))
    made(encode(MediaType.JPEG, Image.new("RGB", (4000, 2000), "black")), 320, decoder, "one")

    assert (made(body, 3000, decoder, "one") == made(body, 3000)).all()


def test_each_page_is_its_own(made, encode):
    decoder = Decoder()
    pages = [Image.new("L", (40, 30), shade) for shade in (0, 255)]
    body = encode(MediaType.GIF, pages[0], save_all=True, append_images=pages[1:])

    shades = [made(body, 20, decoder, "one", MediaType.GIF, page=page).mean() for page in (1, 2, 1)]

    assert shades == [0, 255, 0]


def test_of_a_corrupt_image_nothing_is_kept(encode, made):
    decoder, body = Decoder(), encode(MediaType.JPEG)
    for _ in range(2):
        with pytest.raises(InvalidImage):
            made(body[: len(body) // 2] + b"\xff\xd9", 100, decoder, "one")

    assert made(body, 100, decoder, "one").max() > 100
