"""Public addresses of images, made without asking the server (contract 4 and 5)."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Literal, TypedDict, Unpack
from urllib.parse import quote, urlencode

from atpix_client.models import FocalPoint, Image
from atpix_client.operations import segment


class Look(TypedDict, total=False):
    """What all widths of a picture have in common: `ar` for the shape, where `h` would be a height for each of them.
    `fp` is a `FocalPoint`, its two numbers, or text. What is None is not given.
    """

    fit: Literal["cover", "contain", "inside", "fill", "pad"] | None
    q: int | Literal["auto"] | None
    ar: str | float | None
    fp: FocalPoint | Sequence[float] | str | None
    bg: str | None
    rot: int | None
    flip: str | None
    blur: float | None
    sharpen: float | None
    max_bytes: int | str | None
    page: int | None
    anim: bool | None


class Transformations(Look, total=False):
    """The canonical names of the delivery query; `up` allows enlarging, `dl` asks browsers to save the file, and `flow`
    tries that flow's names before the project's.
    """

    w: int | None
    h: int | None
    format: str | None
    dpr: float | None
    preset: str | None
    flow: str | None
    dl: str | bool | None
    up: bool | None


def image_url(
    cdn: str,
    organization: str,
    project: str,
    ref: str,
    *,
    filename: str | None = None,
    in_path: bool = False,
    **transformations: Unpack[Transformations],
) -> str:
    """`cdn` is the delivery's base, for example `https://images.example/cdn`; `ref` an id or an alias. `in_path`
    writes `/w=800,h=450` instead of `?h=450&w=800`, for caches that ignore queries.
    """
    path = "/".join(segment(part) for part in (organization, project, "img", ref))
    address = f"{cdn.rstrip('/')}/{path}"
    return transformed(address, filename=filename, in_path=in_path, **transformations)


def rendition_url(
    image: Image, *, filename: str | None = None, in_path: bool = False, **transformations: Unpack[Transformations]
) -> str:
    """The permanent address of a known image, transformed."""
    return transformed(image.storage_url, filename=filename, in_path=in_path, **transformations)


def transformed(
    address: str, *, filename: str | None = None, in_path: bool = False, **transformations: Unpack[Transformations]
) -> str:
    """`address` ends with the image's id or alias. Names in sorted order and numbers in one spelling, so that equal
    pictures have equal addresses in every cache.
    """
    if unknown := transformations.keys() - Transformations.__annotations__.keys():
        raise TypeError(f"Unknown transformations: {', '.join(sorted(unknown))}")
    if "?" in address or "#" in address:
        raise ValueError(f"{re.split('[?#]', address)[0]!r} has parameters already")
    pairs = [(name, _text(name, value)) for name, value in sorted(transformations.items()) if value is not None]
    options = f"/{_options(pairs)}" if in_path and pairs else ""
    if filename is not None and "=" in filename and not options:
        raise ValueError(f"{filename!r} would be read as parameters: a file name has no `=`")
    named = f"{address}{options}" if filename is None else f"{address}{options}/{segment(filename)}"
    return f"{named}?{query_of(pairs)}" if pairs and not in_path else named


def query_of(pairs: Iterable[tuple[str, str]]) -> str:
    return urlencode(list(pairs), quote_via=quote, safe=",:@")


def _options(pairs: Iterable[tuple[str, str]]) -> str:
    """One segment of a path."""
    pairs = list(pairs)
    for name, value in pairs:
        if "/" in value or any("=" in part for part in value.split(",")[1:]):
            raise ValueError(f"{name}={value!r} cannot stand in a path; give it in the query")
    return ",".join(f"{name}={quote(value, safe=',:@')}" for name, value in pairs)


def _text(name: str, value: object) -> str:
    match value:
        case bool():
            return "1" if value else "0"
        case int() | float():
            return _number(name, value)
        case str():
            return value
        case FocalPoint(x=x, y=y) | (int() | float() as x, int() | float() as y) if name == "fp":
            return f"{_number(name, x)},{_number(name, y)}"
        case _:
            allowed = "a FocalPoint, two numbers or text" if name == "fp" else "text, a number or a bool"
            raise TypeError(f"{name} is {allowed}, not {type(value).__name__}: {value!r}")


def _number(name: str, value: float) -> str:
    """Shortest decimal spelling: 2.0 is `2`, and there is no exponent."""
    if not math.isfinite(value):
        raise ValueError(f"{name} is a finite number, not {value}")
    return f"{value:.6f}".rstrip("0").rstrip(".")
