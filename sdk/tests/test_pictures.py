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


def test_a_quarter_turn_changes_the_shape(image):
    assert 'width="900" height="1200"' in img(image, alt="", rot=90)


@pytest.mark.parametrize("mistake", [{"h": 5}, {"format": "avif", "colour": 1}])
def test_what_would_be_the_same_for_all_widths_is_refused(mistake):
    with pytest.raises(TypeError, match="many sizes"):
        srcset(HERO, **mistake)


def test_at_least_one_width_is_needed():
    with pytest.raises(ValueError, match="widths"):
        srcset(HERO, widths=())
