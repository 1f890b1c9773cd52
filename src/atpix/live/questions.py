"""What a live URL asks: a picture by its prompt, and in which shape it shall be delivered.

`prompt`, `aspectRatio`, `autoEnhance` and `template` are ours, in any case of letters; of one that is given twice the
last counts. Every other parameter is delivery's.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple, get_args
from urllib.parse import unquote_to_bytes

from atpix.errors import ValidationFailed
from atpix.generations import prompts
from atpix.imaging import grammar
from atpix.imaging.grammar import Parsed
from atpix.providers.values import ASPECT_RATIOS

_OWN = {name.lower(): name for name in ("prompt", "aspectRatio", "autoEnhance", "template")}
_SIGNING = frozenset({"exp", "kid", "sig"})
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_SWITCH = {"true": True, "1": True, "false": False, "0": False}


class Question(NamedTuple):
    """Which picture. Two URLs whose questions are equal share it."""

    prompt: str
    aspect_ratio: str = "16:9"
    auto_enhance: bool = True
    template: str = "general"

    @property
    def key(self) -> str:
        return sha256(json.dumps(self, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Asked:
    """A query, taken apart and not yet judged. `shape` is delivery's part of it, as it was written, without a
    signature; `signed` is what a signature covers.
    """

    own: Mapping[str, bytes]
    shape: bytes
    parsed: Parsed
    signed: tuple[tuple[str, str], ...]

    @cached_property
    def question(self) -> Question:
        """Raises ValidationFailed."""
        given = {name: _text(name, value) for name, value in self.own.items()}
        if "prompt" not in given:
            raise ValidationFailed.at("prompt", "says what the picture shows; a live URL needs one.")
        return Question(
            prompt=_prompt(given["prompt"]),
            aspect_ratio=_one_of("aspectRatio", given, ASPECT_RATIOS, "16:9"),
            auto_enhance=_switch(given),
            template=_one_of("template", given, get_args(prompts.Template), "general"),
        )


def read(query: bytes) -> Asked:
    """Raises ValidationFailed for more parameters than anybody means."""
    own: dict[str, bytes] = {}
    others: list[bytes] = []
    signing: list[bytes] = []
    named: dict[str, str] = {}
    pieces = [piece for piece in query.split(b"&") if piece]
    if len(pieces) > grammar.MAX_PARAMETERS:
        raise ValidationFailed.at("", f"A live URL has {grammar.MAX_PARAMETERS} parameters at most.")
    for piece in pieces:
        written, _, value = piece.partition(b"=")
        name = canonical(_loosely(written))
        named[name] = _loosely(value)
        if name in _OWN.values():
            own[name] = value
        else:
            (signing if name in _SIGNING else others).append(piece)
    shape = b"&".join(others)
    if len(shape) > grammar.MAX_QUERY_BYTES:
        raise ValidationFailed.at("", f"Beside the prompt, {grammar.MAX_QUERY_BYTES} bytes of query are the limit.")
    parsed = grammar.parse([*_pairs(others), *_pairs(signing)])
    signed = tuple((name, named[name]) for name in sorted(named) if name != "sig")
    return Asked(own, shape, parsed, signed)


def canonical(name: str) -> str:
    """Ours as they are, delivery's as there: `aspectRatio` is no `ar` here."""
    return _OWN.get(name.lower()) or grammar.canonical_name(name)


def _pairs(pieces: list[bytes]) -> list[tuple[str, str]]:
    parts = (piece.partition(b"=") for piece in pieces)
    return [(_loosely(name), _loosely(value)) for name, _, value in parts]


def _prompt(text: str) -> str:
    """Without white space and what else is not seen around it, in one spelling of composed letters.

    Raises ValidationFailed.
    """
    prompts.checked(text)
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValidationFailed.at("prompt", "holds control characters, line breaks among them; a URL's may not.")
    seen = [place for place, character in enumerate(text) if not _is_invisible(character)]
    if not seen:
        raise ValidationFailed.at("prompt", "holds nothing that could be seen.")
    return unicodedata.normalize("NFC", text[seen[0] : seen[-1] + 1])


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE


def _switch(given: Mapping[str, str]) -> bool:
    said = given.get("autoEnhance", "true").lower()
    if said not in _SWITCH:
        raise ValidationFailed.at("autoEnhance", "is true or false.")
    return _SWITCH[said]


def _one_of(name: str, given: Mapping[str, str], there: tuple[str, ...], usual: str) -> str:
    said = given.get(name, usual)
    if said not in there:
        raise ValidationFailed.at(name, f"is one of {', '.join(there)}.")
    return said


def _text(name: str, value: bytes) -> str:
    """Raises ValidationFailed: broken text would become a picture of something else."""
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError:
        raise ValidationFailed.at(name, "is not UTF-8.") from None


def _loosely(value: bytes) -> str:
    return _bytes(value).decode("utf-8", "replace")


def _bytes(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))
