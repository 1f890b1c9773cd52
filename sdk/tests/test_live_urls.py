import pytest

from atpix_client import AsyncAtpix, Atpix, live_urls

HEROES = "https://img.example/cdn/acme/shop/live/heroes"


def test_a_live_url_is_made_without_asking_anyone():
    client = Atpix("k")

    url = client.live.url(
        HEROES, "a cat & a dog, 50% larger", aspect_ratio="1:1", auto_enhance=False, w=800, format="webp"
    )

    assert url == (
        f"{HEROES}?prompt=a%20cat%20%26%20a%20dog%2C%2050%25%20larger&aspectRatio=1%3A1&autoEnhance=false"
        "&format=webp&w=800"
    )
    assert client.live.url(HEROES, "a cat") == f"{HEROES}?prompt=a%20cat"
    assert AsyncAtpix("k").live.url(HEROES, "a cat") == f"{HEROES}?prompt=a%20cat"


def test_a_signature_is_replaced_by_another():
    url = live_urls.live_url(HEROES, "a cat", w=10)
    signed = live_urls.sign(url, "s" * 20, "a", expires=1_900_000_000)

    assert live_urls.sign(signed, "t" * 20, "b") == live_urls.sign(url, "t" * 20, "b")
    assert "exp=1900000000&kid=a&sig=" in signed
    assert signed == live_urls.live_url(HEROES, "a cat", w=10, kid="a", secret="s" * 20, expires=1_900_000_000)


@pytest.mark.parametrize(
    ("scope", "prompt", "how"),
    [
        (HEROES, " ", {}),
        (HEROES, "a\nb", {}),
        (HEROES, "a\x00b", {}),
        (HEROES, "a cat", {"aspect_ratio": "5:4"}),
        (HEROES, "a cat", {"kid": "a"}),
        (HEROES, "a cat", {"secret": "s"}),
        (f"{HEROES}?prompt=x", "a cat", {}),
        ("https://img.example/cdn/acme/shop/img/@hero", "a cat", {"kid": "a", "secret": "s"}),
        ("https://img.example/heroes", "a cat", {"kid": "a", "secret": "s"}),
    ],
)
def test_what_would_lead_nowhere_is_refused(scope, prompt, how):
    with pytest.raises(ValueError, match=r".+"):
        live_urls.live_url(scope, prompt, **how)
