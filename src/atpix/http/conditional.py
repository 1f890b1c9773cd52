"""Conditional requests (RFC 9110, section 13): strong validators over what is sent."""

from collections.abc import Callable
from hashlib import blake2b

from atpix.errors import PreconditionFailed


def etag_of(representation: bytes) -> str:
    """A strong validator: equal exactly when the bytes are."""
    return f'"{blake2b(representation, digest_size=12).hexdigest()}"'


def lists(header: str, etag: str, *, weak: bool) -> bool:
    """Whether an `If-Match` or `If-None-Match` names this ETag. `weak` ignores the W/ mark (section 8.8.3.2)."""
    if header.strip() == "*":
        return True
    candidates = (candidate.strip() for candidate in header.split(","))
    return any((candidate.removeprefix("W/") if weak else candidate) == etag for candidate in candidates)


def require_match(if_match: str | None, etag: Callable[[], str]) -> None:
    """Raises PreconditionFailed when the resource is no longer what the caller saw."""
    if if_match is not None and not lists(if_match, etag(), weak=False):
        raise PreconditionFailed("It has changed since you read it; read it again and decide again.")
