from datetime import UTC, datetime

import pytest

from atpix_client import live_urls
from atpix_client.signing import canonical, parameters, sign, signature

HERO = "https://img.test/cdn/acme/site/img/@hero"


def test_a_signature_is_what_the_document_says():
    """The value was made with OpenSSL: printf | openssl dgst -sha256 -hmac | base64url."""
    assert signature("secret", "/acme/site/img/@hero", [("width", "800"), ("kid", "k"), ("dl", "a b/ä")]) == (
        "goXeEB9G_gSR7n0V_WbX_c8xaDTLuvOZm7XFcz7J7W8"
    )


def test_the_signature_stands_behind_the_parameters():
    url = sign(f"{HERO}?w=800", "secret", "k", expires=1_900_000_000)

    assert url.startswith(f"{HERO}?w=800&exp=1900000000&kid=k&sig=")
    assert sign(HERO, "secret", "k").startswith(f"{HERO}?kid=k&sig=")


def test_it_stands_in_the_path_where_the_parameters_do():
    assert sign(f"{HERO}/w=800/cat.jpg", "secret", "k").startswith(f"{HERO}/w=800,kid=k,sig=")
    assert sign(f"{HERO}/w=800/cat.jpg", "secret", "k").endswith("/cat.jpg")
    assert sign(HERO, "secret", "k", in_path=True).startswith(f"{HERO}/kid=k,sig=")


def test_an_end_may_be_a_time():
    end = datetime(2030, 1, 1, tzinfo=UTC)

    assert sign(HERO, "secret", "k", expires=end) == sign(HERO, "secret", "k", expires=1_893_456_000)


def test_an_address_is_taken_apart():
    assert parameters(f"{HERO}/w=8,fp=0.1,0.2/x?h=9&Q=5") == (
        "/acme/site/img/@hero",
        [("w", "8"), ("fp", "0.1,0.2"), ("h", "9"), ("Q", "5")],
    )
    assert canonical([("Quality", "5"), ("w", "1"), ("q", "6"), ("sig", "x")]) == [("q", "6"), ("w", "1")]


@pytest.mark.parametrize(
    "url",
    ["https://img.test/cat.jpg", f"{HERO[:-5]}", f"{HERO[:-5]}hero", "", f"{HERO}/dl=a%2Fb/x", f"{HERO}?{'a&' * 64}"],
)
def test_what_cannot_be_signed_is_refused(url):
    with pytest.raises(ValueError, match=r"address|path"):
        sign(url, "secret", "k")


def test_where_arguments_are_swapped_the_secret_is_not_shown():
    for swapped in (sign, live_urls.sign):
        with pytest.raises(ValueError, match="this is no") as caught:
            swapped("secret", HERO, "k")

        assert "secret" not in repr(caught.value)
