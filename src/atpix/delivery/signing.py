"""Signed URLs: who may ask for an image, and for which rendition of it, is decided by whoever holds a key.

A signature is HMAC-SHA256 over the image's path and every parameter but itself, `exp` and `kid` among them. It does not
cover what changes nothing: the CDN in front, the file name at the end, the order and the spelling of parameters,
whether they stand in the path or in the query.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from urllib.parse import quote

from atpix.caller import UrlKey
from atpix.errors import Forbidden

Pairs = Iterable[tuple[str, str]]

_NOBODY = UrlKey("no key of any project: an unknown one takes as long as a known one")


class SignatureRefused(Forbidden):
    """One sentence for all that can be wrong, so that it tells a forger nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__("This image needs a signed URL; the signature is missing, wrong or expired.", reason=reason)


def message(path: str, given: Pairs) -> bytes:
    """`path` is `/{organization}/{project}/img/{ref}`, decoded; `given` canonical names and values, sorted.

    Values are percent-encoded (all but letters, digits and `-._~`), so that none can pass for another parameter.
    """
    pairs = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in given)
    return f"{path}\n{pairs}".encode()


def sign(secret: str, path: str, given: Pairs) -> str:
    """Base64url without padding: 43 characters."""
    digest = hmac.digest(secret.encode(), message(path, given), sha256)
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def verify(
    keys: Mapping[str, UrlKey],
    path: str,
    given: Pairs,
    *,
    key_id: str | None,
    signature: str | None,
    expires: int | None,
    now_s: int,
) -> None:
    """`expires` and `now_s` are Unix seconds; without `expires` a URL is good for as long as its key is there.

    Raises SignatureRefused.
    """
    if signature is None:
        raise SignatureRefused("missing")
    key = keys.get(key_id or "", _NOBODY)
    expected = sign(key.secret, path, given)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass")):
        raise SignatureRefused("unknown key" if key is _NOBODY else "wrong")
    if key is _NOBODY:
        raise SignatureRefused("unknown key")
    if expires is not None and expires <= now_s:
        raise SignatureRefused("expired")


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")
