"""Readers of parameter values: text in; out come what it means and, where that is not what was written, why.

A reader never raises. None for the meaning: the parameter is as good as absent. Numbers are ASCII decimals: no
exponents, no `nan` or `inf`, no digits of other scripts.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from atpix.ids import as_uuid
from atpix.imaging.spec import MAX_SIDE_PX
from atpix.imaging.values import FocalPoint

Read = tuple[Any, str | None]
Reader = Callable[[str], Read]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_HEX = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_MOST_DIGITS_OF_A_TIME = 15
_MOST_CHARACTERS_OF_A_WORD = 200

YES = frozenset(("", "1", "true", "yes", "on"))
NO = frozenset(("0", "false", "no", "off"))

COLOURS = {
    "transparent": "00000000",
    "black": "000000",
    "silver": "c0c0c0",
    "gray": "808080",
    "grey": "808080",
    "white": "ffffff",
    "maroon": "800000",
    "red": "ff0000",
    "purple": "800080",
    "fuchsia": "ff00ff",
    "magenta": "ff00ff",
    "green": "008000",
    "lime": "00ff00",
    "olive": "808000",
    "yellow": "ffff00",
    "navy": "000080",
    "blue": "0000ff",
    "teal": "008080",
    "aqua": "00ffff",
    "cyan": "00ffff",
    "orange": "ffa500",
}
"""CSS 2.1's names, its own synonyms, and `transparent`."""


def number(low: float, high: float, decimals: int = 2) -> Reader:
    """Clamped, then rounded: two spellings that nobody could tell apart are one picture."""
    must = f"must be a number from {low:g} to {high:g}"

    def read(text: str) -> Read:
        value = _number(text)
        if value is None:
            return None, must
        return round(min(max(value, low), high), decimals), None if low <= value <= high else must

    return read


def whole(low: int, high: int) -> Reader:
    """Clamped; fractions are rounded."""
    must = f"must be a whole number from {low} to {high}"

    def read(text: str) -> Read:
        value = _number(text)
        if value is None:
            return None, must
        meant = round(min(max(value, low), high))
        return meant, None if meant == value else must

    return read


def side(text: str) -> Read:
    """As `whole`, but what is below half a pixel is no side at all: elsewhere 0 means "as the other side has it"."""
    value = _number(text)
    if value is not None and value < 0.5:
        return None, f"must be a whole number from 1 to {MAX_SIDE_PX}, or left out where the other side decides"
    return whole(1, MAX_SIDE_PX)(text)


def choice(words: Mapping[str, Any]) -> Reader:
    """`words` maps spellings, in lower case, to meanings."""
    must = f"must be one of {', '.join(dict.fromkeys(str(meaning) for meaning in words.values()))}"

    def read(text: str) -> Read:
        word = text.strip().lower()
        return (words[word], None) if word in words else (None, must)

    return read


def either(word: str, other: Reader) -> Reader:
    """`word` stands for itself; anything else is read by `other`."""

    def read(text: str) -> Read:
        if text.strip().lower() == word:
            return word, None
        value, must = other(text)
        return value, f"{must}, or {word}" if must else None

    return read


def switch(text: str) -> Read:
    """A bare name, `?up`, is a yes."""
    word = text.strip().lower()
    if word in YES | NO:
        return word in YES, None
    return None, "must be 1 or 0"


def size(text: str) -> Read:
    """Bytes; `100k` is 100,000."""
    digits, thousands = text.strip().lower().removesuffix("b"), 1
    if digits.endswith("k"):
        digits, thousands = digits[:-1], 1000
    value, must = whole(1000 // thousands, 1_000_000_000 // thousands)(digits)
    return value and value * thousands, must and "must be a number of bytes from 1000 to 1000000000"


def ratio(text: str) -> Read:
    """`16:9`, `16/9` or `1.78`: width over height."""
    must = "must be width:height or a number, from 0.01 to 100"
    across, colon, down = text.replace("/", ":").partition(":")
    width, height = _number(across), _number(down) if colon else 1.0
    if not width or not height or width < 0 or height < 0:
        return None, must
    value = width / height
    if math.isnan(value):  # both are beyond counting
        return None, must
    return round(min(max(value, 0.01), 100.0), 6), None if 0.01 <= value <= 100 else must


def colour(text: str) -> Read:
    """`rrggbb` or `rrggbbaa`, as CSS writes them, with or without `#`; three and four digits are doubled."""
    word = text.strip().lower()
    if word in COLOURS:
        return COLOURS[word], None
    if not (match := _HEX.fullmatch(word)):
        return None, "must be 3, 4, 6 or 8 hexadecimal digits or the name of a colour"
    digits = match[1] if len(match[1]) > 4 else "".join(2 * digit for digit in match[1])
    return digits[:6] if digits[6:] == "ff" else digits, None


def point(text: str) -> Read:
    """`x,y`, fractions from the upper left corner; `0.5x0.5` is how Cloudflare writes it."""
    must = "must be x,y with both from 0 to 1"
    parts = [_number(part) for part in text.lower().replace("x", ",").split(",", 3)]
    match parts:
        case [float(x), float(y)]:
            near = FocalPoint(*(round(min(max(part, 0.0), 1.0), 4) for part in (x, y)))
            return near, None if 0 <= x <= 1 and 0 <= y <= 1 else must
        case _:
            return None, must


def quarter_turn(text: str) -> Read:
    """Degrees clockwise. What is between two right angles is not done: it would need corners nobody asked for."""
    value = _number(text)
    if value is None or value % 90 != 0:
        return None, "must be a multiple of 90"
    return int(value % 360), None


def moment(text: str) -> Read:
    """Unix seconds. What is none lies in the past, so that a URL whose end cannot be read has ended."""
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS_OF_A_TIME:
        return int(text), None
    return 0, "must be a time in Unix seconds"


def identifier(text: str) -> Read:
    """A UUID in its canonical form. What is none is empty, so that whoever looks it up can refuse it."""
    return (uuid, None) if (uuid := as_uuid(text.strip())) else ("", "must be a UUID")


def word(text: str) -> Read:
    """A name that others look up, and do not find; nothing is cut off, since a shorter name may be another's."""
    return text, None if len(text) <= _MOST_CHARACTERS_OF_A_WORD else "must have at most 200 characters"


def download(text: str) -> Read:
    """`1` saves under the image's own name, anything else is a file name; its folders and control characters go."""
    if text.strip().lower() in YES | NO:
        return text.strip().lower() in YES, None
    last = text.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(character for character in last if character.isprintable()).strip(" .")
    shorter = name[:_MOST_CHARACTERS_OF_A_WORD]
    return shorter or True, None if shorter == text else "must be a file name of at most 200 characters, or 1"


def _number(text: str) -> float | None:
    """Infinite for digits beyond counting, which clamps like any large number."""
    stripped = text.strip()
    return float(stripped) if _NUMBER.fullmatch(stripped) else None
