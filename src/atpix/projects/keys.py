"""API keys as values: how one is made, recognised and remembered. No I/O but the system's randomness.

A key is `atp_`, 32 base62 characters (190 random bits), and 6 base62 characters of CRC-32 over all that stands before
them (digits, capitals, small letters; most significant first). Prefix and checksum let secret scanners find keys in
text, and tell a key from what only looks like one, without asking us:

    atp_[0-9A-Za-z]{38}, and base62(crc32(key[:36]), 6 characters) == key[36:]
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from typing import NamedTuple

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LABEL = "atp_"
_RANDOM_CHARACTERS = 32
_CHECK_CHARACTERS = 6
_SHOWN_CHARACTERS = 12  # leaves 142 random bits unsaid
_KEY = re.compile(rf"{_LABEL}[0-9A-Za-z]{{{_RANDOM_CHARACTERS + _CHECK_CHARACTERS}}}", re.ASCII)


class NewKey(NamedTuple):
    """`text` is shown once and kept nowhere; `digest` recognises it; `prefix` lets people tell keys apart."""

    text: str
    digest: str
    prefix: str


def mint() -> NewKey:
    body = _LABEL + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    text = body + _checksum(body)
    return NewKey(text, digest(text), text[:_SHOWN_CHARACTERS])


def digest(text: str) -> str:
    """SHA-256, hexadecimal. Slow, salted hashes protect guessable secrets; nobody guesses 190 random bits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_well_formed(text: str) -> bool:
    """Spares the database most of what is no key at all."""
    if not _KEY.fullmatch(text):
        return False
    body, check = text[:-_CHECK_CHARACTERS], text[-_CHECK_CHARACTERS:]
    return hmac.compare_digest(_checksum(body), check)


def _checksum(body: str) -> str:
    rest, characters = zlib.crc32(body.encode("ascii")), []
    for _ in range(_CHECK_CHARACTERS):
        rest, digit = divmod(rest, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))
