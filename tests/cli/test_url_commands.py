import json

import pytest

from atpix_client import live_urls, signing, urls

HERO = "https://img.example/acme/shop/img/@hero"
SECRET = "a-secret-of-our-own"
KEY = f"atp_{'x9' * 19}"


@pytest.fixture
def url(called):
    return lambda *arguments, **env: called("url", *arguments, **env)


def test_an_address_is_built_from_parts_or_from_another(url):
    built = url("build", "@hero", "--project", "acme/shop", "--w", "800", "--fp", "0.3,0.4", "--filename", "x y.jpg")
    on_cdn = url(
        "build", "@hero", "--project", "acme/shop", ATPIX_CDN_URL="https://img.example", ATPIX_URL="https://no"
    )
    in_path = url("build", HERO, "--in-path", "--h", "9", "--max-bytes", "50000", "--json")

    assert built.out == "http://127.0.0.1:8000/cdn/acme/shop/img/@hero/x%20y.jpg?fp=0.3,0.4&w=800\n"
    assert on_cdn.out == f"{HERO}\n"
    assert json.loads(in_path.out) == {"url": f"{HERO}/h=9,max_bytes=50000"}


def test_an_address_is_signed_with_a_secret_from_the_environment_or_a_file(url, tmp_path):
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    expected = signing.sign(urls.transformed(HERO, w=8), SECRET, "site")

    assert url("sign", f"{HERO}?w=8", "--kid", "site", ATPIX_URL_SECRET=SECRET).out.strip() == expected
    assert url("sign", f"{HERO}?w=8", "--kid", "site", "--secret-env", "MINE", MINE=SECRET).out.strip() == expected
    assert url("build", HERO, "--w", "8", "--kid", "site", "--secret-file", "secret").out.strip() == expected


def test_an_address_is_explained_without_asking_anyone(url):
    signed = signing.sign(f"{HERO}?Width=800.0&utm=x", SECRET, "site", expires=4_000_000_000)

    def verdict(address, **env):
        return json.loads(url("explain", address, "--json", **env).out)["signature"]

    told = json.loads(url("explain", signed, "--json").out)
    assert told["image"] == "/acme/shop/img/@hero"
    assert told["canonical"] == "w=800"
    assert [fault["parameter"] for fault in told["faults"]] == ["utm"]
    assert told["expiresAt"] == "2096-10-02T07:06:40.000Z"
    assert verdict(signed).startswith("not checked")
    assert verdict(signed, ATPIX_URL_SECRET=SECRET) == "right"
    assert verdict(signed.replace("@hero", "@other"), ATPIX_URL_SECRET=SECRET).startswith("wrong")
    assert verdict(f"{HERO}?w=1&exp=1000&sig=x", ATPIX_URL_SECRET=SECRET) == "expired"
    assert verdict(HERO) == "none"
    assert "signature\tright" in url("explain", signed, ATPIX_URL_SECRET=SECRET).out


def test_a_live_url_is_explained_too(url):
    scope = "https://img.example/cdn/acme/shop/live/heroes"
    asked = live_urls.live_url(scope, "a cat", aspect_ratio="1:1", auto_enhance=False, w=800, kid="a", secret=SECRET)

    told = json.loads(url("explain", f"{asked}&seed=7".replace("sig=", "SIG="), "--json").out)
    lines = url("explain", asked, ATPIX_URL_SECRET=SECRET).out.splitlines()
    refused = url("explain", f"{scope}?prompt=a&aspectRatio=5:4").out.splitlines()

    asks = {"prompt": "a cat", "aspectRatio": "1:1", "autoEnhance": False, "template": "general"}
    assert told == told | {"scope": "/acme/shop/live/heroes", "canonical": "w=800", **asks}
    assert [fault["parameter"] for fault in told["faults"]] == ["seed"]
    assert told["signature"].startswith("not checked")
    assert {"prompt\ta cat", "autoEnhance\tfalse", "signature\tright"} <= set(lines)
    assert "refused\taspectRatio: is one of 1:1, 16:9, 9:16, 3:2, 2:3, 4:3, 3:4, 21:9." in refused


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (("a%20cat", "a%20dog"), "wrong"),
        (("/heroes", "/others"), "wrong"),
        (("prompt=", "Prompt="), "right"),
        (("sig=", "kid=a&sig="), "refused"),
    ],
)
def test_the_signature_of_a_live_url_is_checked_as_the_server_does(url, change, verdict):
    scope = "https://img.example/cdn/acme/shop/live/heroes"
    asked = live_urls.live_url(scope, "a cat", kid="a", secret=SECRET)

    told = json.loads(url("explain", asked.replace(*change), "--json", ATPIX_URL_SECRET=SECRET).out)

    assert told["signature"].startswith(verdict)


def test_what_cannot_be_understood_is_a_sentence(url):
    for arguments in (
        ("build", "@hero"),
        ("build", "@hero", "--project", "acme"),
        ("build", HERO, "--w", "0"),
        ("build", HERO, "--fit", "nonsense"),
        ("build", f"{HERO}?w=1", "--h", "1"),
        ("build", HERO, "--filename", "a=b"),
        ("build", HERO, "--kid", "site"),
        ("build", HERO, "--expires-in", "5"),
        ("sign", HERO),
        ("sign", HERO, "--kid", "site", "--secret-file", "nothing"),
        ("sign", HERO, "--kid", "site", "--expires-in", "soon"),
        ("sign", "https://img.example/cat.jpg", "--kid", "site"),
        ("explain", "https://img.example/cat.jpg"),
        ("explain", "https://img.example/acme/shop/live/heroes/more?prompt=a"),
        ("explain", "https://[/acme/shop/live/heroes?prompt=a"),
        ("explain", "https://img.example/acme/shop/live/heroes?" + "a=b&" * 70),
        ("explain", "https://img.example/acme/shop/live/heroes?prompt=a", "--ask"),
    ):
        env = {"ATPIX_URL_SECRET": SECRET} if "--expires-in" in arguments or "cat" in arguments[1] else {}
        ended = url(*arguments, **env)
        assert (ended.code, ended.out) == (2, ""), arguments
        assert ended.err.count("\n") == 1, arguments


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (("explain", HERO, "--ask", "--api-key-file", KEY), {}),
        (("explain", HERO, "--ask", "--url", KEY), {"ATPIX_API_KEY": "k"}),
        (("explain", HERO, "--ask"), {"ATPIX_API_KEY": "http://127.0.0.1", "ATPIX_URL": KEY}),
        (("build", HERO, "--api-key", KEY), {}),
        (("build", HERO, f"--api-key={KEY}"), {}),
        (("sign", HERO, "--kid", "site", "--secret-file", KEY), {}),
    ],
)
def test_a_key_in_the_wrong_place_is_not_shown(url, arguments, env):
    ended = url(*arguments, **env)

    assert (ended.code, ended.out) == (2, "")
    assert KEY[5:] not in ended.err


def test_the_name_of_a_secrets_file_may_be_the_secret_and_is_not_shown(url):
    assert SECRET not in url("sign", HERO, "--kid", "site", "--secret-file", SECRET).err
