"""What can be told about a picture instead of showing it: JSON, hashes, and a placeholder of a few hundred bytes."""

from typing import Any, Final, NamedTuple

import msgspec

from atpix.imaging import colour, encoding
from atpix.imaging.blurhash import blurhash
from atpix.imaging.spec import Output, Spec
from atpix.imaging.thumbhash import thumbhash
from atpix.imaging.values import FocalPoint

SIDE_PX: Final = 32
"""The longest side of what is described: placeholders hold no more, and a palette needs no more."""
COLOURS: Final = 6
_PLACEHOLDER_BYTES: Final = 1000
_PLACEHOLDER_QUALITY: Final = 60
_APART: Final = 48
"""How far colours of a palette are from each other: the distance in red, green and blue."""


class Told(NamedTuple):
    media_type: str
    body: bytes


class Facts(msgspec.Struct, frozen=True, rename="camel"):
    """`format=json`. Width and height are those of the original as displayed; `palette` has its most frequent colour
    first. `focal_point` is null where none is stored: crops follow the middle.
    """

    width: int
    height: int
    mime_type: str
    has_alpha: bool
    frames: int
    focal_point: FocalPoint | None
    palette: list[str]


def facts(picture: Any, size: tuple[int, int], media_type: str, frames: int, focus: FocalPoint | None) -> Told:  # noqa: ANN401
    """`picture` is the whole image, small."""
    told = Facts(*size, media_type, bool(picture.hasalpha()), frames, focus, palette(_rgba(picture)))
    return Told("application/json", msgspec.json.encode(told))


def placeholder(picture: Any, output: Output) -> Told:  # noqa: ANN401
    """Of a picture of at most `SIDE_PX`: a hash as text (ThumbHash in base64), or a tiny WebP."""
    match output:
        case Output.THUMBHASH:
            return Told("text/plain", thumbhash(picture.width, picture.height, _rgba(picture)).encode())
        case Output.BLURHASH:
            opaque = colour.on(picture, colour.WHITE) if picture.hasalpha() else colour.in_colour(picture)
            return Told("text/plain", blurhash(opaque.width, opaque.height, bytes(opaque.write_to_memory())).encode())
        case Output.LQIP:
            spec = Spec(quality=_PLACEHOLDER_QUALITY, max_bytes=_PLACEHOLDER_BYTES)
            return Told("image/webp", encoding.encoded(picture, Output.WEBP, spec, keep=0).body)
        case _:
            raise AssertionError(output)


def palette(rgba: bytes) -> list[str]:
    """At most `COLOURS` colours as `#rrggbb`, the most frequent first, each well apart from those before it."""
    bins: dict[int, list[int]] = {}
    for red, green, blue, alpha in zip(rgba[::4], rgba[1::4], rgba[2::4], rgba[3::4], strict=True):
        total = bins.setdefault((red >> 4) << 8 | (green >> 4) << 4 | blue >> 4, [0, 0, 0, 0])
        for at, value in enumerate((alpha, alpha * red, alpha * green, alpha * blue)):
            total[at] += value
    chosen: list[tuple[int, ...]] = []
    for weight, *sums in sorted(bins.values(), reverse=True):
        found = tuple(value // max(1, weight) for value in sums)
        if weight and all(_distance(found, other) >= _APART for other in chosen):
            chosen.append(found)
        if len(chosen) == COLOURS:
            break
    return [f"#{bytes(found).hex()}" for found in chosen]


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5)


def _rgba(picture: Any) -> bytes:  # noqa: ANN401
    picture = colour.in_colour(picture)
    return bytes((picture if picture.hasalpha() else picture.addalpha()).write_to_memory())
