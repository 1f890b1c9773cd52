"""Prompts: what may be one, and the names in it."""

import re
import unicodedata
from typing import Literal

from atpix.errors import ValidationFailed
from atpix.ids import Alias

Template = Literal["general", "photorealistic", "illustration", "minimalist", "sticker", "product", "comic"]
"""In whose manner an enhancer improves it."""

MAX_CHARACTERS = 32_000
MAX_NAMES = 100
"""Different `@name` words that are looked up; those after them are text."""

_WORD = re.compile(r"(?<!\S)@[A-Za-z0-9_-]{1,49}(?![A-Za-z0-9_@-])")
_ALLOWED_CONTROLS = "\t\n\r"


def checked(text: str, path: str = "prompt") -> str:
    """As it was sent. Raises ValidationFailed for what is blank, too long, or holds control characters."""
    if not text.strip():
        raise ValidationFailed.at(path, f"must say something, in 1 to {MAX_CHARACTERS:,} characters.")
    if len(text) > MAX_CHARACTERS:
        raise ValidationFailed.at(path, f"has {len(text):,} characters; {MAX_CHARACTERS:,} are the limit.")
    for place, character in enumerate(text):
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in _ALLOWED_CONTROLS:
            raise ValidationFailed.at(path, f"holds the control character U+{ord(character):04X} at {place}.")
    return text


def names(text: str) -> tuple[Alias, ...]:
    """The different `@name` words at its start or after white space, in their order."""
    return tuple(Alias(word) for word in dict.fromkeys(_WORD.findall(text)))[:MAX_NAMES]
