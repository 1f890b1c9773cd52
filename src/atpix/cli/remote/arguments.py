"""What people type, as values. Raises Misused where it cannot be understood, before anything is sent."""

import re
import unicodedata
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from atpix.cli.outcome import Misused
from atpix.ids import new_id
from atpix_client import FocalPoint

Ref = Annotated[str, Parameter(help="An image's id, or its name: @hero.")]
Flow = Annotated[str | None, Parameter(help="A flow's id: its names come first, and @last, @first, @upload work.")]
OfFlow = Annotated[str | None, Parameter(name="--flow", help="Only those of this flow.")]
Point = Annotated[str | None, Parameter(name="--focal-point", help="X,Y: each 0 to 1, from the top left.")]
Meta = Annotated[str | None, Parameter(help="A JSON object, or @FILE that holds one.")]
Json = Annotated[bool, Parameter(negative="", help="Print JSON, for programs.")]

_ALIAS_LETTERS = 49


def named(text: str) -> str:
    """An alias, with its `@` or without: some shells take `@` for themselves."""
    return text if text.startswith("@") else f"@{text}"


def alias_of(path: Path) -> str | None:
    """From a file's name: `Fjörð 1.jpg` is `@Fjor-1`. None when no letter or digit is left of it."""
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9_-]+", "-", plain)[:_ALIAS_LETTERS].strip("-")
    return f"@{words}" if words else None


def flow_id(text: str) -> str:
    """`new` is an id of our own: a flow that is not there is made."""
    return new_id() if text == "new" else text


def focal_point(text: str) -> FocalPoint:
    x, comma, y = text.partition(",")
    try:
        point = FocalPoint(float(x), float(y))
    except ValueError:
        point = None
    if not comma or point is None or not (0 <= point.x <= 1 and 0 <= point.y <= 1):
        raise Misused(f"A focal point is X,Y, each from 0 to 1, like 0.5,0.25; {text!r} is none.")
    return point


def meta(text: str) -> dict[str, Any]:
    source = Path(text[1:]) if text.startswith("@") else None
    try:
        return msgspec.json.decode(text if source is None else source.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Misused(f"--meta must be a JSON object: {error}.") from None
    except OSError as error:
        raise Misused(f"The file {source} for --meta cannot be read: {error.strerror}.") from None
