"""Public addresses of images, made without asking the server (contract 4 and 5)."""

from collections.abc import Iterable
from typing import Literal, TypedDict, Unpack, cast
from urllib.parse import quote, urlencode

from atpix_client.models import FocalPoint, Image
from atpix_client.operations import segment

Value = str | int | float | bool | FocalPoint


class Transformations(TypedDict, total=False):
    """The canonical names of the delivery query; `up` allows enlarging, `dl` asks browsers to save the file, and `flow`
    tries that flow's names before the project's.
    """

    w: int
    h: int
    fit: Literal["cover", "contain", "inside", "fill", "pad"]
    q: int | Literal["auto"]
    format: str
    dpr: float
    ar: str | float
    fp: FocalPoint | str
    bg: str
    rot: int
    flip: str
    blur: float
    sharpen: float
    max_bytes: int
    page: int
    anim: bool
    preset: str
    flow: str
    dl: str | bool
    up: bool


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
        raise ValueError(f"{address!r} has parameters already")
    given = cast("dict[str, Value]", transformations)
    pairs = [(name, _text(value)) for name, value in sorted(given.items())]
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
