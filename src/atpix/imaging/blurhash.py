"""BlurHash: a few cosine terms of a picture in 20 to 30 letters, after the published algorithm (Wolt)."""

import math
from operator import mul

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_LONG_SIDE_TERMS, _SHORT_SIDE_TERMS = 4, 3


def blurhash(width: int, height: int, rgb: bytes) -> str:
    """Of `width` x `height` pixels; small pictures suffice, the time is in proportion to the pixels."""
    if min(width, height) < 1 or len(rgb) != width * height * 3:
        raise ValueError("blurhash needs three bytes a pixel")
    nx, ny = _LONG_SIDE_TERMS, _SHORT_SIDE_TERMS
    if height > width:
        nx, ny = ny, nx
    mean, *others = _terms(width, height, rgb, nx, ny)
    largest = max(abs(value) for term in others for value in term)
    step = max(0, min(82, math.floor(largest * 166 - 0.5)))
    scale = (step + 1) / 166
    red, green, blue = (_to_srgb(value) for value in mean)
    head = _base83(nx - 1 + (ny - 1) * 9, 1) + _base83(step, 1) + _base83(red << 16 | green << 8 | blue, 4)
    return head + "".join(_base83(_packed(term, scale), 2) for term in others)


def _terms(width: int, height: int, rgb: bytes, nx: int, ny: int) -> list[list[float]]:
    """Red, green and blue of each, in linear light; sums are separable: along rows first, then down the columns."""
    planes = [[_LINEAR[value] for value in rgb[band::3]] for band in range(3)]
    across, down = _waves(width, nx), _waves(height, ny)
    sums = []
    for plane in planes:
        rows = [plane[start : start + width] for start in range(0, width * height, width)]
        by_row = [[sum(map(mul, row, wave)) for row in rows] for wave in across]
        sums.append([[sum(map(mul, by_row[x], down[y])) for x in range(nx)] for y in range(ny)])
    pixels = width * height
    return [[plane[y][x] * (1 if x == y == 0 else 2) / pixels for plane in sums] for y in range(ny) for x in range(nx)]


def _waves(length: int, count: int) -> list[list[float]]:
    return [[math.cos(math.pi * term * at / length) for at in range(length)] for term in range(count)]


def _packed(term: list[float], scale: float) -> int:
    number = 0
    for value in term:
        root = math.copysign(math.sqrt(abs(value / scale)), value)
        number = number * 19 + max(0, min(18, math.floor(root * 9 + 9.5)))
    return number


def _base83(number: int, length: int) -> str:
    return "".join(_DIGITS[number // 83**place % 83] for place in reversed(range(length)))


def _to_linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _to_srgb(value: float) -> int:
    share = max(0.0, min(1.0, value))
    return int((share * 12.92 if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055) * 255 + 0.5)


_LINEAR = [_to_linear(value) for value in range(256)]
