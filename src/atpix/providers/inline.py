"""Pictures that stand in an answer itself: `data:` URLs (RFC 2397) and plain base64."""

import base64
import binascii
from pathlib import Path
from urllib.parse import unquote_to_bytes

from atpix.providers import faults
from atpix.providers.values import ProviderFailed

_AT_ONCE_CHARS = 2**18
"""Divisible by four, so that each piece of base64 is whole."""


def decoded(provider: str, url: str, max_bytes: int) -> bytes:
    """Raises ProviderFailed."""
    head, comma, payload = url.partition(",")
    if not comma:
        raise ProviderFailed("PROVIDER_ERROR", f"{provider} sent a data: URL without data.")
    if head.lower().endswith(";base64"):
        return picture(provider, payload.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="), max_bytes)
    if len(payload) > 3 * max_bytes:
        raise faults.too_large(provider, max_bytes)
    return _bounded(provider, unquote_to_bytes(payload), max_bytes)


def picture(provider: str, text: object, max_bytes: int) -> bytes:
    """The bytes of base64 text, as it stands in a JSON answer. Raises ProviderFailed, also when it is no text."""
    if not isinstance(text, str) or not text:
        raise ProviderFailed("PROVIDER_ERROR", f"{provider} answered without a picture.")
    if len(text) > max_bytes * 4 // 3 + 4096:
        raise faults.too_large(provider, max_bytes)
    try:
        return _bounded(provider, base64.b64decode(text, validate=True), max_bytes)
    except (binascii.Error, ValueError):
        raise ProviderFailed("PROVIDER_ERROR", f"{provider} sent a picture in broken base64.") from None


def store(provider: str, text: str, target: Path, max_bytes: int) -> None:
    """As `picture`, but piece by piece into a file: of a large one there is never a second copy in memory."""
    if len(text) > max_bytes * 4 // 3 + 4:
        raise faults.too_large(provider, max_bytes)
    try:
        with target.open("wb") as file:
            for start in range(0, len(text), _AT_ONCE_CHARS):
                file.write(base64.b64decode(text[start : start + _AT_ONCE_CHARS], validate=True))
    except (binascii.Error, ValueError):
        raise ProviderFailed("PROVIDER_ERROR", f"{provider} sent a picture in broken base64.") from None


def _bounded(provider: str, content: bytes, max_bytes: int) -> bytes:
    if not content:
        raise ProviderFailed("PROVIDER_ERROR", f"{provider} sent an empty picture.")
    if len(content) > max_bytes:
        raise faults.too_large(provider, max_bytes)
    return content
