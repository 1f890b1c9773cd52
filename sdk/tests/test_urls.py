import msgspec
import pytest
from sdk.tests.stand_in import URL, StandIn

from atpix_client import FocalPoint
from atpix_client.models import Image
from atpix_client.urls import image_url, rendition_url, transformed

PLACE = ("https://img.test/cdn/", "acme", "site")


def test_an_alias_keeps_its_at_sign():
    assert image_url(*PLACE, "@hero") == "https://img.test/cdn/acme/site/img/@hero"


def test_a_file_name_is_encoded_into_one_segment():
    url = image_url(*PLACE, "@hero", filename="50% off/ä?#.png")

    assert url == "https://img.test/cdn/acme/site/img/@hero/50%25%20off%2F%C3%A4%3F%23.png"


def test_parameters_are_sorted_and_numbers_have_one_spelling():
    url = image_url(*PLACE, "@hero", w=800, h=600, fit="cover", dpr=2.0, blur=0.1 + 0.2, fp=FocalPoint(0.5, 1))

    assert url.partition("?")[2] == "blur=0.3&dpr=2&fit=cover&fp=0.5,1&h=600&w=800"


def test_text_values_are_encoded_and_switches_are_one_or_zero():
    url = image_url(*PLACE, "@hero", ar="16:9", bg="#fff", dl="my cat & dog.png", up=True, fp="auto")

    assert url.partition("?")[2] == "ar=16:9&bg=%23fff&dl=my%20cat%20%26%20dog.png&fp=auto&up=1"


@pytest.mark.parametrize("point", [(0.3, 0.4), [0.3, 0.4], FocalPoint(0.3, 0.4), "0.3,0.4"])
def test_a_focal_point_may_be_two_numbers(point):
    assert image_url(*PLACE, "@hero", w=5, fp=point).partition("?")[2] == "fp=0.3,0.4&w=5"


def test_none_is_not_given():
    assert image_url(*PLACE, "@hero", w=None, fp=None) == image_url(*PLACE, "@hero")
    assert image_url(*PLACE, "@hero", in_path=True, w=None, h=3).endswith("/@hero/h=3")


@pytest.mark.parametrize(
    ("wrong", "allowed"),
    [
        ({"fp": {"x": 0.3, "y": 0.4}}, "a FocalPoint, two numbers or text"),
        ({"fp": (0.3,)}, "two numbers"),
        ({"fp": ("0.3", "0.4")}, "two numbers"),
        ({"w": [800]}, "w is text, a number or a bool, not list"),
        ({"ar": (16, 9)}, "ar is text"),
    ],
)
def test_what_no_parameter_can_be_is_refused(wrong, allowed):
    with pytest.raises(TypeError, match=allowed):
        image_url(*PLACE, "@hero", **wrong)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_without_decimals_is_refused(number):
    with pytest.raises(ValueError, match="finite"):
        image_url(*PLACE, "@hero", blur=number)


def test_an_address_with_parameters_is_refused_without_its_signature():
    with pytest.raises(ValueError, match="has parameters already") as caught:
        transformed("https://img.test/a?sig=x", w=1)

    assert "sig" not in str(caught.value)


def test_an_unknown_parameter_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError, match="widht"):
        image_url(*PLACE, "@hero", widht=3)


@pytest.mark.parametrize("ref", ["", ".", ".."])
def test_a_reference_that_would_be_another_address_is_refused(ref):
    with pytest.raises(ValueError, match="neither"):
        image_url(*PLACE, ref)


def test_a_known_image_is_transformed_at_its_permanent_address():
    image = msgspec.convert(StandIn().add(), Image)

    assert rendition_url(image, filename="cat.webp", w=10) == f"{URL}/cdn/o/p/img/{image.id}/cat.webp?w=10"
    assert rendition_url(image) == image.storage_url
