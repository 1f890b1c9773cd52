"""ThumbHash: a picture of about 25 bytes, and the one colour that stands for an image.

The format is Evan Wallace's: mean colour, then a few cosine terms of luminance (L), yellow-blue (P), red-green
(Q) and alpha, each as four bits. Sums are separable: along rows first, then down the columns.
"""

import base64
import math
from collections.abc import Sequence
from operator import mul

MAX_SIDE = 100
_Plane = list[list[float]]


def thumbhash(width: int, height: int, rgba: bytes) -> str:
    """The hash, in base64, of `width` x `height` straight RGBA pixels; at most `MAX_SIDE` a side."""
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and len(rgba) == width * height * 4):
        raise ValueError(f"thumbhash needs 1 to {MAX_SIDE} pixels a side and four bytes each")
    lightness, yellow_blue, red_green, alpha = _planes(width, height, rgba)
    has_alpha = alpha is not None
    terms, longest = (5 if has_alpha else 7), max(width, height)
    nx, ny = (max(1, _rounded(terms * side / longest)) for side in (width, height))
    light = _Terms(lightness, max(3, nx), max(3, ny))
    yellow, red = _Terms(yellow_blue, 3, 3), _Terms(red_green, 3, 3)
    landscape = width > height
    head = (
        _rounded(63 * light.mean)
        | _rounded(31.5 + 31.5 * yellow.mean) << 6
        | _rounded(31.5 + 31.5 * red.mean) << 12
        | _rounded(31 * light.scale) << 18
        | has_alpha << 23
    )
    shape = (
        (ny if landscape else nx) | _rounded(63 * yellow.scale) << 3 | _rounded(63 * red.scale) << 9 | landscape << 15
    )
    out = bytearray(head.to_bytes(3, "little") + shape.to_bytes(2, "little"))
    nibbles = light.nibbles() + yellow.nibbles() + red.nibbles()
    if alpha is not None:
        opacity = _Terms(alpha, 5, 5)
        out.append(_rounded(15 * opacity.mean) | _rounded(15 * opacity.scale) << 4)
        nibbles += opacity.nibbles()
    pairs = zip(nibbles[::2], [*nibbles[1::2], 0], strict=False)
    out.extend(low | high << 4 for low, high in pairs)
    return base64.b64encode(out).decode()


def dominant_color(rgba: bytes) -> str:
    """The mean of the most frequent colour, where colours count as one when their upper three bits agree."""
    bins: dict[int, list[int]] = {}
    for red, green, blue, alpha in zip(rgba[::4], rgba[1::4], rgba[2::4], rgba[3::4], strict=True):
        total = bins.setdefault((red >> 5) << 6 | (green >> 5) << 3 | blue >> 5, [0, 0, 0, 0])
        total[0] += alpha
        total[1] += alpha * red
        total[2] += alpha * green
        total[3] += alpha * blue
    weight, *sums = max(bins.values(), default=[0, 0, 0, 0])
    return "#" + bytes(value // max(1, weight) for value in sums).hex()


class _Terms:
    """One plane as its mean and its low cosine terms, the terms scaled by the largest."""

    def __init__(self, plane: _Plane, nx: int, ny: int) -> None:
        height, width = len(plane), len(plane[0])
        by_row = [[sum(map(mul, row, wave)) for row in plane] for wave in _waves(width, nx)]
        downward = _waves(height, ny)
        values = [
            sum(map(mul, by_row[cx], downward[cy])) / (width * height)
            for cy in range(ny)
            for cx in range(nx)
            if cx * ny < nx * (ny - cy)
        ]
        self.mean, self._waves = values[0], values[1:]
        self.scale = max(map(abs, self._waves))

    def nibbles(self) -> list[int]:
        if not self.scale:
            return [0] * len(self._waves)
        return [_rounded(15 * (0.5 + 0.5 * value / self.scale)) for value in self._waves]


def _planes(width: int, height: int, rgba: bytes) -> tuple[_Plane, _Plane, _Plane, _Plane | None]:
    """L, P, Q and, where any pixel is not opaque, alpha. Transparent parts take the mean colour."""
    alphas: Sequence[float] = [value / 255 for value in rgba[3::4]]
    opacity = sum(alphas)
    has_alpha = opacity < width * height
    colors = [[value / 255 for value in rgba[band::4]] for band in range(3)]
    if has_alpha:
        means = [sum(map(mul, band, alphas)) / opacity if opacity else 0.0 for band in colors]
        colors = [
            [mean + (value - mean) * alpha for value, alpha in zip(band, alphas, strict=True)]
            for mean, band in zip(means, colors, strict=True)
        ]
    pixels = list(zip(*colors, strict=True))
    flat = (
        [(r + g + b) / 3 for r, g, b in pixels],
        [(r + g) / 2 - b for r, g, b in pixels],
        [r - g for r, g, _ in pixels],
    )
    rows = [range(start, start + width) for start in range(0, width * height, width)]
    lightness, yellow_blue, red_green = ([plane[row.start : row.stop] for row in rows] for plane in flat)
    alpha = [list(alphas[row.start : row.stop]) for row in rows] if has_alpha else None
    return lightness, yellow_blue, red_green, alpha


def _waves(length: int, count: int) -> list[list[float]]:
    step = math.pi / length
    return [[math.cos(step * c * (x + 0.5)) for x in range(length)] for c in range(count)]


def _rounded(value: float) -> int:
    """Halves go up, as in the reference; Python's own round goes to even."""
    return math.floor(value + 0.5)
