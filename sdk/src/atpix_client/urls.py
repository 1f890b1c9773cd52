"""Public addresses of images, made without asking the server (contract 4 and 5)."""

from typing import Literal, TypedDict, Unpack, cast
from urllib.parse import quote, urlencode

from atpix_client.models import FocalPoint, Image
from atpix_client.operations import segment

Value = str | int | float | bool | FocalPoint


class Transformations(TypedDict, total=False):
    """The canonical names of the delivery query; `up` allows enlarging, `dl` asks browsers to save the file."""

    w: int
    h: int
    fit: Literal["cover", "contain", "inside", "fill", "pad"]
    q: int
    format: str
    dpr: float
    ar: str
    fp: FocalPoint | str
    bg: str
    rot: int
    flip: str
    blur: float
    sharpen: float
    preset: str
    dl: str | bool
    up: bool


def image_url(
    cdn: str,
    organization: str,
    project: str,
    ref: str,
    *,
    filename: str | None = None,
    **transformations: Unpack[Transformations],
) -> str:
    """`cdn` is the delivery's base, for example `https://images.example/cdn`; `ref` an id or an alias."""
    path = "/".join(segment(part) for part in (organization, project, "img", ref))
    return _with_query(f"{cdn.rstrip('/')}/{path}", filename, transformations)


def rendition_url(image: Image, *, filename: str | None = None, **transformations: Unpack[Transformations]) -> str:
    """The permanent address of a known image, transformed."""
    return _with_query(image.storage_url, filename, transformations)


def _with_query(address: str, filename: str | None, transformations: Transformations) -> str:
    """Names in sorted order and numbers in one spelling, so that equal pictures have equal addresses in every cache."""
    if unknown := transformations.keys() - Transformations.__annotations__.keys():
        raise TypeError(f"Unknown transformations: {', '.join(sorted(unknown))}")
    named = address if filename is None else f"{address}/{segment(filename)}"
    given = cast("dict[str, Value]", transformations)
    values = [(name, _text(value)) for name, value in sorted(given.items())]
    return f"{named}?{urlencode(values, quote_via=quote, safe=',:@')}" if values else named


def _text(value: Value) -> str:
    match value:
        case bool():
            return "1" if value else "0"
        case FocalPoint():
            return f"{_number(value.x)},{_number(value.y)}"
        case int() | float():
            return _number(value)
        case str():
            return value


def _number(value: float) -> str:
    """Shortest decimal spelling: 2.0 is `2`, and there is no exponent."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
