"""How large a rendition of a known image is: the server's rules (docs/transformations.md, "Size"), where nothing is
enlarged.
"""

import math
from collections.abc import Mapping
from typing import Any

from atpix_client.models import Image

Size = tuple[int, int]


def largest(image: Image, look: Mapping[str, Any]) -> Size:
    """Beyond its width no `w` shows more of the image; `fit=pad` only adds to the canvas around it."""
    return answered(image, look, _limit(*_turned(image, look), look))


def limit(image: Image, look: Mapping[str, Any]) -> int | None:
    """The largest `w` that is answered with a picture of another width than the `w` below it. None: there is none."""
    padded = look.get("fit") == "pad" and look.get("ar") is not None
    return None if padded else _limit(*_turned(image, look), look)


def answered(image: Image, look: Mapping[str, Any], width: int) -> Size:
    """What `w=width` gives, up to `limit`."""
    across, down = _turned(image, look)
    ratio = _ratio(look)
    if ratio is None:
        return width, max(1, round(down * width / across))
    height = max(1, round(width / round(ratio[0] / ratio[1], 6)))
    if look.get("fit") != "inside":
        return width, height
    factor = min(1.0, width / across, height / down)
    return max(1, round(across * factor)), max(1, round(down * factor))


def _limit(across: int, down: int, look: Mapping[str, Any]) -> int:
    """A crop has at most one of the source's sides, a canvas around the whole picture at least one of them."""
    ratio = _ratio(look)
    if ratio is None:
        return across
    by_height = max(1, math.floor(down * ratio[0] / ratio[1] + 1e-6))
    return max(across, by_height) if look.get("fit") in {"contain", "inside", "pad"} else min(across, by_height)


def _turned(image: Image, look: Mapping[str, Any]) -> Size:
    """As it is before it is scaled."""
    is_quarter = int(look.get("rot") or 0) % 180 == 90
    return (image.height, image.width) if is_quarter else (image.width, image.height)


def _ratio(look: Mapping[str, Any]) -> tuple[float, float] | None:
    """Of the sides, as `ar` says it. Raises ValueError."""
    text = look.get("ar")
    if text is None:
        return None
    across, colon, down = str(text).replace("/", ":").partition(":")
    try:
        found = float(across), float(down) if colon else 1.0
    except ValueError:
        found = 0.0, 0.0
    if not all(math.isfinite(side) and side > 0 for side in found):
        raise ValueError(f"ar is width:height or a number above 0, not {text!r}")
    return found
