"""From an `Accept` header to a kind of file: pure, and no more than three classes, so that caches keep three of each.

A class is all that is ever looked at, here as in nginx and Varnish in front of us: `avif` when the header names
image/avif, else `webp` when it names image/webp, else `plain`. Wildcards name nothing: `*/*` is what curl, mail
programs and old browsers send, and all of them read the original's family. A weight of 0 is a refusal; other weights
are not compared, for a smaller file of the same look is what everyone wants.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec

_LONGEST = 2000
_REFUSED = re.compile(r"0(?:\.0*)?", re.ASCII)


class Accepts(StrEnum):
    """Who takes AVIF takes WebP as well: no browser differs, and that is how the time of an AVIF can be bridged."""

    AVIF = "avif"
    WEBP = "webp"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Of an original, as its row has them. How many frames it holds is in none; its type says whether it may move."""

    media_type: str
    has_alpha: bool

    @property
    def may_move(self) -> bool:
        return self.media_type in {MediaType.GIF, MediaType.WEBP}


def accepts(header: bytes) -> Accepts:
    """Of all `Accept` lines joined by commas. Whatever cannot be read names nothing."""
    return _class(header) if len(header) <= _LONGEST else _class.__wrapped__(header[:_LONGEST])


@lru_cache(maxsize=1024)
def _class(header: bytes) -> Accepts:
    named = {kind for part in header.decode("latin-1").lower().split(",") if (kind := _taken(part))}
    if "image/avif" in named:
        return Accepts.AVIF
    return Accepts.WEBP if "image/webp" in named else Accepts.PLAIN


def _taken(part: str) -> str | None:
    """The media type of one element of the list, unless its weight is 0. A weight that is no number is none."""
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q" and _REFUSED.fullmatch(value.strip()):
            return None
    return kind


def outputs(taken: Accepts, facts: Facts, spec: Spec) -> tuple[Output, ...]:
    """What to answer with, best first; the second stands in while the first takes too long to make.

    An explicit format is answered with that. What may move stays WebP or GIF, for no AVIF of ours moves.
    """
    if spec.output is not None:
        return (spec.output,)
    family = _family(facts, spec)
    moves = facts.may_move and spec.animate and spec.page is None
    match taken:
        case Accepts.AVIF:
            return (Output.WEBP,) if moves else (Output.AVIF, Output.WEBP)
        case Accepts.WEBP:
            return (Output.WEBP,)
        case Accepts.PLAIN:
            return (family,)


def takes(taken: Accepts, media_type: str) -> bool:
    """Whether an original of this type may go out in place of what was negotiated."""
    match media_type:
        case MediaType.AVIF:
            return taken is Accepts.AVIF
        case MediaType.WEBP:
            return taken is not Accepts.PLAIN
        case _:
            return True


def _family(facts: Facts, spec: Spec) -> Output:
    """What a client takes that names nothing. Never JPEG for what is transparent in the result."""
    match facts.media_type:
        case MediaType.GIF:
            return Output.GIF
        case MediaType.PNG:
            return Output.PNG
        case _:
            return Output.PNG if _may_show_through(facts, spec) else Output.JPEG


def _may_show_through(facts: Facts, spec: Spec) -> bool:
    """`rrggbb` and `rrggbbff` let nothing through; any other background shows where a frame is filled up."""
    opaque = spec.background is not None and spec.background[6:].lower() in {"", "ff"}
    filled_up = spec.background is not None and spec.fit in {"pad", "contain"}
    return not opaque and (facts.has_alpha or filled_up)


def is_negotiable(spec: Spec) -> bool:
    """Whether another `Accept` may get another answer: then, and only then, `Vary: Accept`."""
    return spec.output is None
