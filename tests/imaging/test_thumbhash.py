"""The hash is read back by a decoder of our own, written from the format's description."""

import base64
import math

import pytest

from atpix.imaging.thumbhash import dominant_color, thumbhash


class Decoded:
    """Mean colour, shape and pixels of a hash."""

    def __init__(self, text: str) -> None:
        raw = base64.b64decode(text)
        head, shape = int.from_bytes(raw[:3], "little"), int.from_bytes(raw[3:5], "little")
        self.has_alpha, self.landscape = bool(head >> 23), bool(shape >> 15)
        limit, counted = (5 if self.has_alpha else 7), shape & 7
        self.nx, self.ny = (limit, counted) if self.landscape else (counted, limit)
        self.l_dc, self.p_dc = (head & 63) / 63, (head >> 6 & 63) / 31.5 - 1
        self.q_dc = (head >> 12 & 63) / 31.5 - 1
        scales = [(head >> 18 & 31) / 31, (shape >> 3 & 63) / 63, (shape >> 9 & 63) / 63]
        sizes = [(max(3, self.nx), max(3, self.ny)), (3, 3), (3, 3)]
        self.a_dc, at = 1.0, 5
        if self.has_alpha:
            self.a_dc, at = (raw[5] & 15) / 15, 6
            scales.append((raw[5] >> 4) / 15)
            sizes.append((5, 5))
        nibbles = [half for byte in raw[at:] for half in (byte & 15, byte >> 4)]
        self.terms = []
        for (nx, ny), scale in zip(sizes, scales, strict=True):
            keys = [(cx, cy) for cy in range(ny) for cx in range(nx) if cx * ny < nx * (ny - cy) and (cx or cy)]
            self.terms.append({key: (nibbles.pop(0) / 7.5 - 1) * scale for key in keys})
        assert len(nibbles) in (0, 1)

    def color(self, x: float, y: float) -> tuple[float, ...]:
        """Red, green, blue and alpha (0 to 1) at a place given in fractions."""
        planes = [self.l_dc, self.p_dc, self.q_dc, self.a_dc]
        for index, terms in enumerate(self.terms):
            planes[index] += sum(value * _wave(cx, x) * _wave(cy, y) for (cx, cy), value in terms.items())
        lightness, p, q, a = planes
        blue = lightness - 2 / 3 * p
        red = (3 * lightness - blue + q) / 2
        return red, red - q, blue, a


def _wave(count: int, at: float) -> float:
    return (2 if count else 1) * math.cos(math.pi * count * at)


def filled(width, height, paint):
    return b"".join(bytes(paint(x, y)) for y in range(height) for x in range(width))


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (20, 90, 200)])
def test_a_plain_colour_comes_back(color):
    decoded = Decoded(thumbhash(16, 16, bytes((*color, 255)) * 256))

    assert not decoded.has_alpha
    assert decoded.color(0.5, 0.5)[:3] == pytest.approx([value / 255 for value in color], abs=0.04)


@pytest.mark.parametrize(("width", "height"), [(32, 32), (32, 18), (18, 32), (100, 1), (1, 100), (1, 1), (100, 100)])
def test_the_shape_comes_back(width, height):
    decoded = Decoded(thumbhash(width, height, bytes((9, 99, 199, 255)) * width * height))

    assert decoded.landscape == (width > height)
    assert decoded.nx / decoded.ny == pytest.approx(min(7, max(1 / 7, width / height)), rel=0.2)


def test_light_is_where_it_was():
    decoded = Decoded(thumbhash(32, 24, filled(32, 24, lambda x, y: (8 * x, 8 * x, 8 * x, 255))))

    assert decoded.color(0.05, 0.5)[0] + 0.6 < decoded.color(0.95, 0.5)[0]
    assert decoded.color(0.5, 0.1)[0] == pytest.approx(decoded.color(0.5, 0.9)[0], abs=0.05)


def test_colours_are_where_they_were():
    halves = filled(32, 32, lambda x, y: (255, 0, 0, 255) if y < 16 else (0, 0, 255, 255))
    decoded = Decoded(thumbhash(32, 32, halves))

    upper, lower = decoded.color(0.5, 0.1), decoded.color(0.5, 0.9)
    assert upper[0] > upper[2] + 0.3
    assert lower[2] > lower[0] + 0.3


def test_transparency_is_where_it_was():
    decoded = Decoded(thumbhash(32, 32, filled(32, 32, lambda x, y: (255, 255, 255, 255 * (x < 16)))))

    assert decoded.has_alpha
    assert decoded.color(0.1, 0.5)[3] > decoded.color(0.9, 0.5)[3] + 0.5


def test_an_image_that_is_transparent_all_over_has_a_hash():
    assert Decoded(thumbhash(4, 4, bytes(64))).a_dc == 0


@pytest.mark.parametrize(("width", "height", "size"), [(0, 1, 0), (101, 1, 404), (2, 2, 15)])
def test_what_is_no_thumbnail_is_refused(width, height, size):
    with pytest.raises(ValueError, match="thumbhash needs"):
        thumbhash(width, height, bytes(size))


def test_the_dominant_colour_is_the_most_frequent_one_not_the_mean():
    assert dominant_color(bytes((250, 0, 0, 255)) * 60 + bytes((0, 0, 250, 255)) * 40) == "#fa0000"


def test_transparent_pixels_do_not_count_for_the_dominant_colour():
    assert dominant_color(bytes((250, 0, 0, 0)) * 60 + bytes((0, 0, 250, 255)) * 40) == "#0000fa"
    assert dominant_color(bytes(400)) == "#000000"
