"""HTML around addresses, made offline."""

from functools import partial
from html.parser import HTMLParser

import msgspec
import pytest
from sdk.tests.stand_in import StandIn

from atpix_client import signing
from atpix_client.models import Image
from atpix_client.pictures import WIDTHS, img, picture, srcset
from atpix_client.urls import image_url

HERO = image_url("https://img.test", "acme", "site", "@hero")


@pytest.fixture
def image():
    known = StandIn().add(width=1200, height=900, thumbhash='3/"<&', dominantColor="#aabbcc", hasAlpha=False)
    return msgspec.convert(known, Image)


def tags(html):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(html)
    return found


def test_every_width_is_offered_of_an_image_that_is_known_by_name_only():
    offers = srcset(HERO, q=70).split(", ")

    assert [offer.split(" ")[1] for offer in offers] == [f"{width}w" for width in WIDTHS]
    assert offers[0] == f"{HERO}?format=auto&q=70&w=320 320w"


def test_of_a_known_image_nothing_larger_than_itself_is_offered(image):
    offered = srcset(image, widths=(800, 1600, 400, 2000))

    assert [offer.split(" ")[1] for offer in offered.split(", ")] == ["400w", "800w", "1200w"]


@pytest.mark.parametrize(
    ("look", "offered"),
    [
        ({}, [960, 1280, 1600]),
        ({"ar": None, "rot": None}, [960, 1280, 1600]),
        ({"ar": "1:1"}, [900]),
        ({"ar": "1:1", "fit": "fill"}, [900]),
        ({"ar": "2/1"}, [960, 1280, 1600]),
        ({"ar": 0.5}, [450]),
        ({"ar": "4:3"}, [960, 1200]),
        ({"rot": 90}, [900]),
        ({"rot": -90, "ar": "16:9"}, [900]),
        ({"rot": 180}, [960, 1280, 1600]),
        ({"ar": "2:1", "fit": "contain"}, [960, 1280, 1600, 1800]),
        ({"ar": "1:1", "fit": "contain"}, [960, 1280, 1600]),
        ({"ar": "1:1", "fit": "pad"}, [960, 1280, 1600, 1920]),
        ({"ar": "2:1", "fit": "inside"}, [853, 1138, 1422, 1600]),
    ],
)
def test_the_largest_width_is_that_of_the_shape_that_is_asked_for(image, look, offered):
    wide = msgspec.structs.replace(image, width=1600, height=900)

    offers = srcset(wide, widths=(960, 1280, 1600, 1920), **look).split(", ")

    assert [offer.split(" ")[1] for offer in offers] == [f"{width}w" for width in offered]


@pytest.mark.parametrize("ratio", ["wide", "0:1", "-1:2", float("nan")])
def test_a_ratio_that_is_none_is_refused(image, ratio):
    with pytest.raises(ValueError, match="ar is width:height"):
        srcset(image, ar=ratio)


def test_offers_can_stand_in_the_path_and_be_signed():
    sign = partial(signing.sign, secret="secret", kid="k")

    offers = srcset(HERO, widths=(320, 640), in_path=True, sign=sign).split(", ")

    assert offers[1].split(" ")[0] == signing.sign(f"{HERO}/format=auto,w=640", "secret", "k")
    assert "/format=auto,w=640,kid=k,sig=" in offers[1]


def test_an_img_has_the_shape_of_its_image_and_a_colour_while_it_loads(image):
    [(tag, attributes)] = tags(img(image, alt='A "cat" & <dog>', sizes="50vw", ar="16:9", attributes={"class": "a"}))

    assert tag == "img"
    assert (attributes["width"], attributes["height"]) == ("1200", "675")
    assert attributes["style"] == "background-color:#aabbcc"
    assert attributes["data-thumbhash"] == image.thumbhash
    assert attributes["alt"] == 'A "cat" & <dog>'
    assert (attributes["sizes"], attributes["class"], attributes["loading"]) == ("50vw", "a", "lazy")
    assert "ar=16:9&format=auto" in attributes["src"]
    assert attributes["src"] in attributes["srcset"]


def test_what_one_can_see_through_has_no_colour_behind_it(image):
    html = img(msgspec.structs.replace(image, has_alpha=True), alt="")

    assert "style" not in html
    assert "thumbhash" not in html
    assert "style" not in img(image, alt="", placeholder=False)


def test_a_picture_offers_formats_in_order_and_one_that_all_know(image):
    found = tags(picture(image, alt="cat", widths=(400, 800)))

    assert [tag for tag, _ in found] == ["picture", "source", "source", "img"]
    assert [attributes.get("type") for _, attributes in found[1:3]] == ["image/avif", "image/webp"]
    assert found[1][1]["srcset"].count("format=avif") == 2
    assert "format=jpeg" in found[3][1]["src"]


@pytest.mark.parametrize(
    ("known", "look", "formats"),
    [
        ({"has_alpha": True}, {}, "avif webp png"),
        ({"has_alpha": True}, {"bg": "fff"}, "avif webp jpeg"),
        ({"has_alpha": True}, {"bg": "navy"}, "avif webp jpeg"),
        ({"has_alpha": True}, {"bg": "ff880080"}, "avif webp png"),
        ({"has_alpha": True}, {"bg": "#fff8"}, "avif webp png"),
        ({}, {"bg": "transparent"}, "avif webp jpeg"),
        ({}, {"bg": "transparent", "fit": "pad", "ar": "1:1"}, "avif webp png"),
        ({"mime_type": "image/gif"}, {}, "webp gif"),
        ({"mime_type": "image/gif"}, {"page": 2}, "avif webp gif"),
        ({"mime_type": "image/webp"}, {}, "webp jpeg"),
        ({"mime_type": "image/webp", "has_alpha": True}, {"anim": False}, "avif webp png"),
    ],
)
def test_a_picture_keeps_what_shows_through_and_what_moves(image, known, look, formats):
    found = tags(picture(msgspec.structs.replace(image, **known), alt="", **look))

    *sources, (_, last) = found[1:]
    assert [attributes["type"] for _, attributes in sources] == [f"image/{name}" for name in formats.split()[:-1]]
    assert all(f"format={formats.split()[-1]}" in last[name] for name in ("src", "srcset"))


def test_formats_that_are_given_stand(image):
    html = picture(msgspec.structs.replace(image, mime_type="image/gif"), alt="", formats=["avif"], fallback="jpeg")

    assert "image/avif" in html
    assert "format=jpeg" in html


def test_a_crop_has_its_own_size_and_a_whole_picture_in_a_box_the_images(image):
    assert 'width="900" height="900"' in img(image, alt="", ar="1:1")
    assert 'width="1200" height="900"' in img(image, alt="", ar="1:1", fit="inside")
    assert 'width="1200" height="1200"' in img(image, alt="", ar="1:1", fit="pad")


def test_a_quarter_turn_changes_the_shape(image):
    assert 'width="900" height="1200"' in img(image, alt="", rot=90)


@pytest.mark.parametrize("mistake", [{"h": 5}, {"format": "avif", "colour": 1}])
def test_what_would_be_the_same_for_all_widths_is_refused(mistake):
    with pytest.raises(TypeError, match="many sizes"):
        srcset(HERO, **mistake)


def test_at_least_one_width_is_needed():
    with pytest.raises(ValueError, match="widths"):
        srcset(HERO, widths=())
