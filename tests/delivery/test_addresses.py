"""What an address says: whose image, which, and what is wanted of it."""

import pytest

from atpix.delivery.addresses import parse
from atpix.errors import AtpixError

ID = "0197f0c2-8d5e-7c3a-9b1e-2f6d4a8c1e70"


@pytest.mark.parametrize(
    ("rest", "options"),
    [
        ("", ""),
        ("/", ""),
        ("/photo.jpg", ""),
        ("/a/b/c.jpg", ""),
        ("/w=800,h=450", "w=800,h=450"),
        ("/w=800,h=450/photo.jpg", "w=800,h=450"),
        ("/w=800/a=b.jpg", "w=800"),
        ("/photo.jpg/w=800", ""),
        ("//w=800", ""),
        ("/=", "="),
    ],
)
def test_options_are_the_segment_after_the_image_that_holds_an_equals_sign(rest, options):
    address = parse(f"/cdn/acme/shop/img/@hero{rest}")

    assert (address.organization, address.project, address.ref) == ("acme", "shop", "@hero")
    assert address.options == options


def test_what_a_signature_covers_is_the_image_alone():
    assert parse(f"/cdn/acme/shop/img/{ID.upper()}/w=8/a.jpg").resource == f"/acme/shop/img/{ID}"


@pytest.mark.parametrize("path", ["/cdn/", "/cdn/acme", "/cdn/acme/shop/@hero", "/cdn/a=b/shop/img/@hero"])
def test_all_else_is_no_address(path):
    with pytest.raises(AtpixError, match="An image's address"):
        parse(path)
