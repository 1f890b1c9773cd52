"""Signed URLs, made offline by whoever holds a key of the project's `urlKeys`."""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

SYNONYMS: Mapping[str, str] = {
    synonym: name
    for name, synonyms in {
        "w": "width",
        "h": "height",
        "ar": "aspect aspect-ratio aspectratio",
        "fp": "gravity g focal focalpoint",
        "fp-x": "fp_x",
        "fp-y": "fp_y",
        "format": "f fm output",
        "q": "quality",
        "max_bytes": "max-bytes maxbytes",
        "bg": "background",
        "rot": "rotate rotation",
        "anim": "animate animated",
        "up": "enlarge upscale",
        "preset": "p",
        "flow": "flowid flow_id flow-id",
        "dl": "download",
        "fp_debug": "fp-debug",
        "exp": "expires",
        "sig": "signature",
    }.items()
    for synonym in synonyms.split()
}
_OURS = frozenset({"exp", "kid", "sig"})
_MOST_PARAMETERS = 64
_LONGEST_QUERY = 8192
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

Pairs = list[tuple[str, str]]


def sign(url: str, secret: str, kid: str, *, expires: int | datetime | None = None, in_path: bool | None = None) -> str:
    """The address of an image or of a rendition, good until `expires` (Unix seconds, or a time with its zone). Of a
    signature that it has already nothing stays. `in_path` puts ours into the path, by default where parameters are.

    Raises ValueError for what is no image's address.
    """
    parts = urlsplit(url)
    head, options, tail = _split(parts.path)
    kept = [piece for piece in parts.query.split("&") if piece and not _is_ours(piece)]
    in_options = [(name, value) for name, value in path_pairs(unquote(options)) if _canonical(name) not in _OURS]
    moment = expires.timestamp() if isinstance(expires, datetime) else expires
    ours = [("kid", kid)] if moment is None else [("exp", str(int(moment))), ("kid", kid)]
    given = in_options + query_pairs("&".join(kept)) + ours
    if len(given) >= _MOST_PARAMETERS or len(parts.query) > _LONGEST_QUERY - 256:
        raise ValueError("an address with so many parameters cannot be signed")
    ours.append(("sig", signature(secret, _resource(head), given)))
    if in_path or (in_path is None and options and not kept):
        in_options += ours
    else:
        kept += [f"{name}={value}" for name, value in ours]
    segment = ",".join(f"{quote(name)}={quote(value, safe=',:@')}" for name, value in in_options)
    path = "/".join(part for part in (head, segment, tail) if part)
    return urlunsplit(parts._replace(path=path, query="&".join(kept)))


def signature(secret: str, resource: str, pairs: Pairs) -> str:
    """`resource` is `/{organization}/{project}/img/{ref}`, decoded; `pairs` are parameters in the order of the URL."""
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in canonical(pairs))
    digest = hmac.digest(secret.encode(), f"{resource}\n{text}".encode(), sha256)
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def canonical(pairs: Pairs) -> Pairs:
    """What is signed: one name for each parameter, the last of equal ones, in order; values as they are."""
    named = {_canonical(name): value for name, value in pairs}
    return sorted((name, value) for name, value in named.items() if name != "sig")


def parameters(url: str) -> tuple[str, Pairs]:
    """An address taken apart: whose image it is, and its parameters. Raises ValueError."""
    parts = urlsplit(url)
    head, options, _ = _split(parts.path)
    return _resource(head), path_pairs(unquote(options)) + query_pairs(parts.query)


def query_pairs(query: str) -> Pairs:
    pieces = (piece.partition("=") for piece in query.split("&") if piece)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pieces]


def path_pairs(segment: str) -> Pairs:
    """`w=800,fp=0.3,0.4`: a part without `=` belongs to the value before it."""
    pairs: Pairs = []
    for part in segment.split(",") if segment else ():
        name, equals, value = part.partition("=")
        if equals or not pairs:
            pairs.append((name, value))
        else:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]},{part}")
    return pairs


def _canonical(name: str) -> str:
    return SYNONYMS.get(name.lower(), name.lower())


def _is_ours(piece: str) -> bool:
    return _canonical(unquote_plus(piece.partition("=")[0])) in _OURS


def _split(path: str) -> tuple[str, str, str]:
    """As it is written: up to the image, its options, and the rest. Raises ValueError."""
    parts = path.split("/")
    for number in range(3, len(parts)):
        ref = unquote(parts[number])
        if parts[number - 1] == "img" and (ref.startswith("@") or _UUID.fullmatch(ref)):
            head, rest = "/".join(parts[: number + 1]), parts[number + 1 :]
            options = unquote(rest[0]) if rest else ""
            if "=" in options and "/" in options:
                raise ValueError(f"{options!r}: parameters with a slash cannot stand in a path")
            if "=" in options:
                return head, rest[0], "/".join(rest[1:])
            return head, "", "/".join(rest)
    # Not repeated: where arguments are swapped it is the secret.
    raise ValueError("this is no address of an image: /ORGANIZATION/PROJECT/img/REF")


def _resource(head: str) -> str:
    organization, project, img, ref = unquote(head).split("/")[-4:]
    return f"/{organization}/{project}/{img}/{ref if ref.startswith('@') else ref.lower()}"
