"""Live URLs, made and signed without asking the server."""

import hmac
from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import Unpack
from unicodedata import category
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from atpix_client import signing
from atpix_client.live import LiveScope
from atpix_client.urls import Transformations, transformed

_OWN = {name.lower(): name for name in ("prompt", "aspectRatio", "autoEnhance", "template")}
_ASPECT_RATIOS = ("1:1", "16:9", "9:16", "3:2", "2:3", "4:3", "3:4", "21:9")
_CONTROLS = frozenset({"Cc", "Cs"})
_SIGNING = frozenset({"exp", "kid", "sig"})


def live_url(
    scope: LiveScope | str,
    prompt: str,
    *,
    aspect_ratio: str | None = None,
    auto_enhance: bool | None = None,
    template: str | None = None,
    kid: str | None = None,
    secret: str | None = None,
    expires: int | datetime | None = None,
    **transformations: Unpack[Transformations],
) -> str:
    """The address that has this picture made, once, and shows it. `scope`: one that the server has given, or its
    address, like `https://images.example/cdn/acme/shop/live/heroes`. With `kid` and `secret` it is signed, and good
    until `expires` (Unix seconds, or a time with its zone).
    """
    address = scope if isinstance(scope, str) else scope.url
    if not prompt.strip():
        raise ValueError("a live URL needs a prompt")
    if any(category(character) in _CONTROLS for character in prompt):
        raise ValueError("the prompt of a live URL holds no line breaks and no other control characters")
    if aspect_ratio is not None and aspect_ratio not in _ASPECT_RATIOS:
        raise ValueError(f"aspect_ratio is one of {', '.join(_ASPECT_RATIOS)}")
    if (kid is None) != (secret is None):
        raise ValueError("kid and secret go together")
    shaped = urlsplit(transformed(address, **transformations))
    switch = None if auto_enhance is None else str(auto_enhance).lower()
    given = {"prompt": prompt, "aspectRatio": aspect_ratio, "autoEnhance": switch, "template": template}
    own = [f"{name}={quote(value, safe='')}" for name, value in given.items() if value is not None]
    url = urlunsplit(shaped._replace(query="&".join([*own, shaped.query] if shaped.query else own)))
    return url if kid is None or secret is None else sign(url, secret, kid, expires=expires)


def sign(url: str, secret: str, kid: str, *, expires: int | datetime | None = None) -> str:
    """A live URL with a signature; of one that it has already nothing stays. Raises ValueError for other addresses."""
    parts = urlsplit(url)
    pieces = [piece for piece in parts.query.split("&") if piece and not _signs(piece)]
    moment = expires.timestamp() if isinstance(expires, datetime) else expires
    pieces += ([] if moment is None else [f"exp={int(moment)}"]) + [f"kid={quote(kid, safe='')}"]
    named = {_canonical(name): value for name, value in signing.query_pairs("&".join(pieces))}
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(named.items()))
    digest = hmac.digest(secret.encode(), f"{_resource(parts.path)}\n{text}".encode(), sha256)
    pieces.append(f"sig={urlsafe_b64encode(digest).rstrip(b'=').decode()}")
    return urlunsplit(parts._replace(query="&".join(pieces)))


def _canonical(name: str) -> str:
    """The four of live URLs as they are, the others as in delivery: `aspectRatio` is no `ar` here."""
    return _OWN.get(name.lower()) or signing.SYNONYMS.get(name.lower(), name.lower())


def _signs(piece: str) -> bool:
    return all(_canonical(name) in _SIGNING for name, _ in signing.query_pairs(piece))


def _resource(path: str) -> str:
    parts = unquote(path).split("/")[-4:]
    if len(parts) != 4 or parts[2] != "live" or not all(parts):
        # Not repeated: where arguments are swapped it is the secret.
        raise ValueError("this is no live URL: /ORGANIZATION/PROJECT/live/SCOPE")
    return "/" + "/".join(parts)
