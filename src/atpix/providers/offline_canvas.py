"""Drawing whose every pixel is decided by whole numbers, so that it is the same picture on every machine.

Pillow's polygons and wide lines compute edges in floating point, where a compiler may fuse two operations on one
processor and not on another. So nothing here uses them: silhouettes are written column by column, round things are
Pillow's integer ellipses, made two or four times too large and averaged (`reduce`), gradients are bytes. Soft things
are made small and enlarged by a power of two, where all weights of the bilinear filter are exact.
"""

from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageDraw

from atpix.providers.offline_words import Colour

Heights = Sequence[int]
"""Of an edge, for each column: 1/256 pixels from the top."""

_LARGE = 64
_PARTS = [bytes((n,)) for n in range(256)]


class Dice:
    """SplitMix64 (Steele, Lea, Flood 2014): numbers from a seed, the same in every version of Python."""

    def __init__(self, number: int) -> None:
        self._state = (number ^ (number >> 64) ^ (number >> 128) ^ (number >> 192)) & (2**64 - 1)

    def up_to(self, limit: int) -> int:
        """0 to `limit - 1`."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        return (z ^ (z >> 31)) % max(1, limit)

    def between(self, low: int, high: int) -> int:
        """Both ends included."""
        return low + self.up_to(high - low + 1)

    def chance(self, percent: int) -> bool:
        return self.up_to(100) < percent


class Canvas:
    """Everything is in pixels, colours are opaque, `alpha` is of 255."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.image = Image.new("RGB", (width, height))
        self.draw = ImageDraw.Draw(self.image)

    def unit(self, thousandths: int) -> int:
        """A length in thousandths of the shorter side: what is drawn looks alike in every size."""
        return min(self.width, self.height) * thousandths // 1000

    def gradient(self, top: Colour, bottom: Colour, y0: int = 0, y1: int | None = None) -> None:
        """From edge to edge, between the rows `y0` and `y1`."""
        self.image.paste(_gradient(self.width, (y1 or self.height) - y0, top, bottom), (0, y0))

    def silhouette(self, edge: Heights, top: Colour, bottom: Colour, alpha: int = 255) -> None:
        """All that lies below `edge`, in a gradient from its highest point to the picture's end."""
        first = max(0, min(edge) >> 8)
        rows = self.height - first
        if rows <= 0:
            return
        mask = _below(edge, first, rows, alpha)
        if top == bottom:
            self.image.paste(top, (0, first), mask)
        else:
            self.image.paste(_gradient(self.width, rows, top, bottom), (0, first), mask)

    def disc(self, x: int, y: int, radius: int, colour: Colour, alpha: int = 255) -> None:
        self.ellipse(x, y, radius, radius, colour, alpha)

    def ellipse(self, x: int, y: int, across: int, down: int, colour: Colour, alpha: int = 255) -> None:
        """Around a centre, by its two radii."""
        if across > 0 and down > 0:
            self.image.paste(colour, (x - across, y - down), oval(across, down, alpha))

    def rectangle(self, x0: int, y0: int, x1: int, y1: int, colour: Colour) -> None:
        """The far corner is outside."""
        if x1 > x0 and y1 > y0:
            self.draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=colour)

    def glow(self, x: int, y: int, radius: int, colour: Colour, alpha: int) -> None:
        """Light that fades towards its edge."""
        factor = 1
        while 32 * factor < 2 * radius:
            factor *= 2
        left, top = x - 16 * factor, y - 16 * factor
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.width, left + 32 * factor), min(self.height, top + 32 * factor)
        if x0 < x1 and y0 < y1:
            seen = ((x0 - left) / factor, (y0 - top) / factor, (x1 - left) / factor, (y1 - top) / factor)
            mask = _fading(alpha).resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR, seen)
            self.image.paste(colour, (x0, y0), mask)

    def shadow(self, x: int, y: int, across: int, down: int, alpha: int) -> None:
        """A soft dark oval."""
        grain = 8
        small = Image.new("L", (across // grain * 2 + 8, down // grain * 2 + 8))
        steps = 6
        for n in range(steps):
            a, d = across * (steps - n) // steps // grain, down * (steps - n) // steps // grain
            if a and d:
                small.paste(alpha * (n + 1) // steps, (small.width // 2 - a, small.height // 2 - d), oval(a, d))
        mask = small.resize((small.width * grain, small.height * grain), Image.Resampling.BILINEAR)
        self.image.paste((10, 10, 20), (x - mask.width // 2, y - mask.height // 2), mask)

    def pill(self, x: int, y: int, length: int, thickness: int, colour: Colour, alpha: int) -> None:
        """A bar with round ends."""
        r = max(1, thickness // 2)
        mask = Image.new("L", (max(length, 2 * r), 2 * r), 0)
        end = oval(r, r, alpha)
        mask.paste(end, (0, 0))
        mask.paste(end, (mask.width - 2 * r, 0))
        mask.paste(alpha, (r, 0, mask.width - r, 2 * r))
        self.image.paste(colour, (x, y - r), mask)

    def reflect(self, shore: int, tint: Colour, ripples: Sequence[int]) -> None:
        """Below the row `shore` stands what is above it, upside down, trembling and tinted."""
        rows = min(self.height - shore, shore)
        above = self.image.crop((0, shore - rows, self.width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        above = Image.blend(above, Image.new("RGB", above.size, tint), 0.375)
        self.image.paste(above, (0, shore))
        self.draw.rectangle((0, shore + rows, self.width, self.height), fill=tint)
        for y in range(2, rows, 2):
            shift = ripples[y % len(ripples)] * y // rows
            if shift:
                self.image.paste(above.crop((0, y, self.width, y + 2)), (shift, shore + y))


def oval(across: int, down: int, alpha: int = 255) -> Image.Image:
    """A smooth mask of (2 across, 2 down) pixels."""
    finer = 4 if max(across, down) < _LARGE else 2
    fine = Image.new("L", (2 * across * finer, 2 * down * finer))
    ImageDraw.Draw(fine).ellipse((0, 0, fine.width - 1, fine.height - 1), fill=alpha)
    return fine.reduce(finer)


def _fading(alpha: int) -> Image.Image:
    """32 by 32 pixels: `alpha` in the middle, nothing at the edge, by the third power of what is left of the square
    of the radius.
    """
    whole = 32 * 32
    left = [[max(0, whole - a * a - b * b) for a in range(-31, 32, 2)] for b in range(-31, 32, 2)]
    return Image.frombytes("L", (32, 32), bytes(alpha * n**3 // whole**3 for row in left for n in row))


def _gradient(width: int, height: int, top: Colour, bottom: Colour) -> Image.Image:
    """Steps are hidden by a pattern of two by two pixels: a part of a shade more or less on neighbours."""
    span, pairs = max(1, height - 1), (width + 1) // 2
    parts = [(start << 8, (end - start) << 8) for start, end in zip(top, bottom, strict=True)]
    rows = []
    for y in range(height):
        r, g, b = (start + change * y // span for start, change in parts)
        m, n = (160, 96) if y & 1 else (32, 224)
        rows.append(bytes((r + m >> 8, g + m >> 8, b + m >> 8, r + n >> 8, g + n >> 8, b + n >> 8)) * pairs)
    picture = Image.frombytes("RGB", (2 * pairs, height), b"".join(rows))
    return picture if 2 * pairs == width else picture.crop((0, 0, width, height))


def _below(edge: Heights, first: int, rows: int, alpha: int) -> Image.Image:
    """Written as one row a column, and turned: the pixel that the edge cuts is as opaque as its share below."""
    empty, full = bytes(rows), bytes((alpha,)) * rows
    above = first << 8
    columns = []
    for height in edge:
        q = height - above
        whole = q >> 8
        if whole < 0:
            columns.append(full)
        elif whole >= rows:
            columns.append(empty)
        else:
            columns += (empty[:whole], _PARTS[alpha * (255 - (q & 255)) // 255], full[whole + 1 :])
    return Image.frombytes("L", (rows, len(edge)), b"".join(columns)).transpose(Image.Transpose.TRANSPOSE)


def sine(angle: int) -> int:
    """-1024 to 1024, the full circle being 1024 (Bhaskara's approximation, in whole numbers)."""
    half = angle & 511
    p = half * (512 - half)
    value = (16 * p * 1024) // (5 * 512 * 512 - 4 * p)
    return -value if angle & 512 else value


def rolling(dice: Dice, width: int, cells: int, swing: int, *, sharp: bool = False) -> list[int]:
    """A line that goes up and down by chance, within 0 to `swing` pixels, in 1/256; peaks instead of hills if sharp."""
    ends = [dice.up_to(swing << 8) for _ in range(cells + 2)]
    span = (width + cells - 1) // cells
    slopes = [(i << 10) // span for i in range(span)]
    if not sharp:
        slopes = [t * t * (3072 - 2 * t) >> 20 for t in slopes]
    line: list[int] = []
    for a, b in pairwise(ends):
        line += [a + ((b - a) * t >> 10) for t in slopes]
    return line[:width]


def added(base: int, *lines: Heights) -> list[int]:
    """Lines on top of one another, from `base` pixels down."""
    return [(base << 8) + sum(heights) for heights in zip(*lines, strict=True)]
