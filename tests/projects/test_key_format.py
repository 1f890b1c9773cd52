import re
import zlib

from atpix.projects import keys

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_a_key_can_be_found_and_verified_by_a_secret_scanner():
    text = keys.mint().text

    assert re.fullmatch(r"atp_[0-9A-Za-z]{38}", text)
    value = 0
    for character in text[36:]:
        value = value * 62 + DIGITS.index(character)
    assert value == zlib.crc32(text[:36].encode())


def test_no_two_keys_are_alike():
    minted = [keys.mint() for _ in range(1000)]

    assert len({key.text for key in minted}) == len({key.digest for key in minted}) == 1000


def test_a_misspelt_key_is_known_as_none_without_a_look_up():
    text = keys.mint().text

    assert keys.is_well_formed(text)
    for place in range(len(text)):
        other = "x" if text[place] != "x" else "y"
        assert not keys.is_well_formed(text[:place] + other + text[place + 1 :])


def test_what_is_no_key_is_no_key():
    for text in (
        "",
        "atp_",
        "a" * 42,
        keys.mint().text + "\n",
        " " + keys.mint().text,
        "atp_" + "é" * 38,
        "\ud800" * 42,
    ):
        assert not keys.is_well_formed(text)


def test_the_digest_is_sha_256_and_the_prefix_says_little():
    key = keys.mint()

    assert key.digest == keys.digest(key.text)
    assert re.fullmatch(r"[0-9a-f]{64}", key.digest)
    assert key.text.startswith(key.prefix)
    assert len(key.prefix) == 12
