"""What a stranger's program says, made fit to be kept and shown: of text, of counts, of time.

The types in `values` pass everything through here when they are made, so that no provider can forget to.
"""

import math
import re

MOST_TOKENS = 10**9
MOST_MICRO_USD = 10**9
"""A thousand dollars for one picture: beyond that it is a mistake, which must not decide over a budget."""

_MOST_SECONDS = 30 * 24 * 3600.0
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but for tab and line ends, and halves of surrogate pairs: PostgreSQL and UTF-8 refuse them."""


def clean(text: str, most_chars: int) -> str:
    """Cut, with a mark in the place of every character that cannot be kept."""
    kept = _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text[: most_chars + 1])
    return kept if len(kept) <= most_chars else f"{kept[: most_chars - 1]}…"


def counted(number: int, most: int = MOST_TOKENS) -> int:
    return min(max(number, 0), most)


def seconds(number: object) -> float | None:
    """None for what is no time that a picture can take."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return float(number) if 0 <= number <= _MOST_SECONDS and not math.isnan(number) else None


def whole(text: str) -> int | None:
    """Of a header: digits, as HTTP means them, and not more than a number has."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def without(secret: str, told: object) -> object:
    """JSON without the key, should the provider have repeated it: whatever is quoted, quotes this. A key
    shorter than any real one ("x", for servers of one's own) is left in long texts, which are pictures in base64.
    """
    if isinstance(told, str):
        return told.replace(secret, "[key]") if len(secret) >= _REAL_KEY_CHARS or len(told) <= _SENTENCE_CHARS else told
    if isinstance(told, list):
        return [without(secret, one) for one in told]
    if isinstance(told, dict):
        return {name: without(secret, one) for name, one in told.items()}
    return told


_REAL_KEY_CHARS = 8
_SENTENCE_CHARS = 4096
