"""Signatures as the server checks them, and as the client makes them without it."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atpix.caller import UrlKey
from atpix.delivery import addresses, signing
from atpix.errors import Forbidden
from atpix.imaging import grammar, parameters
from atpix_client import signing as client

KEYS = {"a": UrlKey("secret of the key a"), "b": UrlKey("secret of the key b")}
NOW_S = 1_800_000_000
CDN = "https://img.example/any/prefix"
HERO = f"{CDN}/acme/shop/img/@hero"
ID = "0193c9a0-0000-7000-8000-00000000abcd"


def check(url: str, now_s: int = NOW_S) -> None:
    """As the server does it. Raises SignatureRefused."""
    parts = urlsplit(url)
    path = "/".join(parts.path.split("/")[3:])
    address = addresses.parse(addresses.PREFIX + client.unquote(path))
    pairs = grammar.path_options(address.options) if address.options else []
    parsed = grammar.parse([*pairs, *grammar.pairs_of(parts.query.encode())])
    handling = parsed.handling
    signing.verify(
        KEYS,
        address.resource,
        parsed.given,
        key_id=handling.key_id,
        signature=handling.signature,
        expires=handling.expires,
        now_s=now_s,
    )


def signed(url: str, kid: str = "a", **options) -> str:
    return client.sign(url, KEYS[kid].secret, kid, **options)


def refused(url: str, now_s: int = NOW_S) -> str:
    with pytest.raises(Forbidden) as raised:
        check(url, now_s)
    assert raised.value.message == signing.SignatureRefused("").message
    return raised.value.facts["reason"]


@pytest.mark.parametrize(
    "url", [HERO, f"{HERO}?w=800&h=450", f"{HERO}/w=800,fp=0.3,0.4/cat.jpg", f"{CDN}/o/p/img/{ID}"]
)
@pytest.mark.parametrize("expires", [None, NOW_S + 60])
def test_a_signed_address_is_let_pass_whichever_key_signed_it(url, expires):
    check(signed(url, "a", expires=expires))
    check(signed(url, "b", expires=expires))


def test_what_changes_nothing_is_not_signed():
    url = signed(f"{HERO}?w=800&h=450", expires=NOW_S + 9)

    parts = urlsplit(url)
    pairs = parse_qsl(parts.query)
    check(f"{HERO}?{urlencode(pairs[::-1])}")
    check(f"{HERO}/another-name.jpg?{parts.query}")
    check(f"{HERO}?{parts.query.replace('w=800', 'WIDTH=%38%300')}")
    check(f"{HERO}/{','.join(f'{name}={value}' for name, value in pairs)}")
    check(f"{HERO}/h=450?{urlencode([pair for pair in pairs if pair[0] != 'h'])}")
    check(url.replace(CDN, "https://else.where/cdn/x"))


def test_an_id_is_the_same_in_capitals():
    url = signed(f"{CDN}/acme/shop/img/{ID}?w=1")

    check(url.replace(ID, ID.upper()))
    check(signed(f"{CDN}/acme/shop/img/{ID.upper()}?w=1").replace(ID.upper(), ID))


def test_everything_else_is_signed():
    url = signed(f"{HERO}?w=800&dl=cat.jpg", expires=NOW_S + 60)

    assert refused(f"{HERO}?w=800") == "missing"
    for other in (
        url.replace("w=800", "w=801"),
        url.replace("@hero", "@Hero"),
        url.replace("/shop/", "/other/"),
        url.replace("/acme/", "/other/"),
        url.replace(f"exp={NOW_S + 60}", f"exp={NOW_S + 61}"),
        url.replace(f"&exp={NOW_S + 60}", ""),
        url.replace("dl=cat.jpg", "dl=dog.jpg"),
        url.replace("w=800&", ""),
        f"{url}&h=1",
        f"{url}&w=801",
        f"{url}&unknown=1",
        url.replace("kid=a", "kid=b"),
        url[:-1] + ("A" if url[-1] != "A" else "B"),
        f"{url}=",
        url.replace("sig=", "sig=%ff%00"),
    ):
        assert refused(other) == "wrong", other
    assert refused(url.replace("kid=a", "kid=nobody")) == "unknown key"
    assert refused(url.replace("kid=a&", "")) == "unknown key"


def test_an_expired_one_is_refused_from_its_second_on():
    url = signed(HERO, expires=NOW_S)

    check(url, NOW_S - 1)
    assert refused(url, NOW_S) == "expired"


def test_who_knows_the_placeholder_for_unknown_keys_gains_nothing():
    url = client.sign(HERO, signing._NOBODY.secret, "nobody")

    assert refused(url) == "unknown key"


def test_no_value_can_pass_for_another_parameter():
    url = signed(f"{HERO}?dl={quote('cat&w=800', safe='')}")

    refused(url.replace(quote("cat&w=800", safe=""), "cat&w=800"))


def test_signing_again_leaves_nothing_of_the_old_signature():
    for url in (f"{HERO}?w=8", f"{HERO}/w=8/x.jpg"):
        old = signed(url, "a", expires=NOW_S + 5)
        assert signed(old, "b") == signed(url, "b")
        check(signed(old, "b"))


def test_the_client_knows_the_servers_synonyms():
    ours = {synonym: row.name for row in parameters.TABLE for synonym in row.synonyms}

    assert ours == client.SYNONYMS


NAMES = st.one_of(st.sampled_from(sorted({*parameters.BY_NAME, "W", "Quality", "utm"})), st.text(max_size=8))
VALUES = st.one_of(st.sampled_from(["800", "0.5,0.3", "", "a b+c", "%41", "&x=1", "ä"]), st.text(max_size=8))
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=8)
ENCODABLE = st.characters(exclude_categories=["Cs"])


@settings(max_examples=150, deadline=None)
@given(pairs=PAIRS, expires=st.none() | st.integers(NOW_S + 1, NOW_S + 10**6))
def test_client_and_server_agree_on_any_query(pairs, expires):
    query = urlencode(pairs, errors="replace")

    check(signed(f"{HERO}?{query}", expires=expires))


@settings(max_examples=150, deadline=None)
@given(segment=st.text(ENCODABLE.filter(lambda c: c != "/"), max_size=30), query=PAIRS)
def test_client_and_server_agree_on_any_path_form(segment, query):
    url = f"{HERO}/{quote('w=1,' + segment, safe='')}/file?{urlencode(query, errors='replace')}"

    check(signed(url, in_path=True))
    check(signed(url, in_path=False))


@given(text=st.text(max_size=40))
def test_client_and_server_read_options_alike(text):
    assert client.path_pairs(text) == (grammar.path_options(text) if text else [])
