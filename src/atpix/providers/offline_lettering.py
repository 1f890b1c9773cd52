"""Words on the picture: the prompt at its foot, and who made it in a corner.

The font is the one inside Pillow's wheel, Aileron: Latin letters without accents, figures and marks. Accents are taken
off; a word in another script stands there as a row of small signs, one a letter, so that it is seen to be there.
Pillow's basic layout is asked for by name: the other one would use a library of the system where there is one.
"""

import unicodedata
from typing import NamedTuple

from PIL import Image, ImageFont

from atpix.providers.offline_canvas import Canvas, oval
from atpix.providers.offline_words import Palette, mix

WHITE = (255, 255, 255)
LABEL = "OFFLINE"
ELLIPSIS = "\u2026"
_DRAWN = frozenset(map(chr, range(0x21, 0x7F))) | frozenset(
    "\u00a9\u00ab\u00b0\u00b1\u00b4\u00b7\u00bb\u2018\u2019\u201c\u201d\u2026\u2039\u203a"
)
_MAX_CHARS = 400
_LINES = 3


class Word(NamedTuple):
    """`signs` instead of letters where the font has none."""

    text: str
    signs: int = 0


def letter(c: Canvas, p: Palette, prompt: str) -> None:
    """The prompt in up to three lines on a veil, bottom left."""
    size, margin = max(14, c.unit(46)), c.unit(56)
    font = _font(size)
    lines = wrapped(font, words(prompt), c.width - 2 * margin, size)
    pitch = size * 13 // 10
    block = pitch * len(lines) + c.unit(36)
    _veil(c, min(c.height, block + margin + c.unit(120)), mix(p.near, (0, 0, 0), 150))
    y = c.height - margin - pitch * len(lines)
    c.rectangle(margin, y - c.unit(30), margin + c.unit(70), y - c.unit(30) + max(3, c.unit(6)), p.accent)
    for line in lines:
        _line(c, font, line, margin, y, size, p)
        y += pitch


def label(c: Canvas) -> None:
    """Small, in the corner above: nobody shall take the picture for a model's."""
    font = _font(max(10, c.unit(17)))
    wide, high = int(font.getlength(LABEL)) + c.unit(36), c.unit(36)
    x, y = c.width - wide - c.unit(28), c.unit(28) + high // 2
    c.pill(x, y, wide, high, (12, 12, 20), 110)
    c.draw.text((x + wide // 2, y), LABEL, font=font, fill=(255, 255, 255), anchor="mm")


def words(prompt: str) -> list[Word]:
    """As the font can show them."""
    plain = unicodedata.normalize("NFKD", prompt[: 4 * _MAX_CHARS])
    kept = "".join(c for c in plain if not unicodedata.combining(c))[:_MAX_CHARS]
    found = []
    for word in kept.split():
        drawn = "".join(c for c in word if c in _DRAWN)
        foreign = sum(c.isalnum() for c in word if c not in _DRAWN)
        if drawn and foreign <= len(drawn):
            found.append(Word(drawn))
        elif foreign:
            found.append(Word("", min(foreign, 12)))
    return found


def wrapped(font: ImageFont.FreeTypeFont, text: list[Word], broad: int, size: int) -> list[list[Word]]:
    """In lines no longer than `broad`; what is too much is an ellipsis."""
    lines: list[list[Word]] = [[]]
    for word in text:
        fits = _length(font, [*lines[-1], word], size) <= broad
        if fits or not lines[-1]:
            lines[-1].append(word if fits else _cut(font, word, broad, size))
        elif len(lines) < _LINES:
            lines.append([word if _length(font, [word], size) <= broad else _cut(font, word, broad, size)])
        else:
            while lines[-1] and _length(font, [*lines[-1], Word(ELLIPSIS)], size) > broad:
                lines[-1].pop()
            lines[-1].append(Word(ELLIPSIS))
            break
    return [line for line in lines if line]


def _cut(font: ImageFont.FreeTypeFont, word: Word, broad: int, size: int) -> Word:
    text = word.text
    while text and _length(font, [Word(text + ELLIPSIS)], size) > broad:
        text = text[: -max(1, len(text) // 12)]
    return Word(text + ELLIPSIS)


def _length(font: ImageFont.FreeTypeFont, line: list[Word], size: int) -> int:
    gaps = size * 28 // 100 * (len(line) - 1)
    return gaps + sum(int(font.getlength(word.text)) if word.text else word.signs * size * 6 // 10 for word in line)


def _line(c: Canvas, font: ImageFont.FreeTypeFont, line: list[Word], x: int, y: int, size: int, p: Palette) -> None:
    for word in line:
        if word.text:
            c.draw.text((x, y), word.text, font=font, fill=WHITE)
            x += int(font.getlength(word.text)) + size * 28 // 100
            continue
        r = max(2, size * 2 // 10)
        sign = oval(r, r)
        for n in range(word.signs):
            c.image.paste(
                WHITE if n % 2 else mix(p.accent, WHITE, 90), (x + n * size * 6 // 10, y + size // 2 - r // 2), sign
            )
        x += word.signs * size * 6 // 10 + size * 28 // 100


def _veil(c: Canvas, high: int, colour: tuple[int, int, int]) -> None:
    """Darker towards the foot, so that white letters stand out on whatever is there."""
    mask = Image.frombytes("L", (1, high), bytes(min(206, y * 310 // high) for y in range(high))).resize(
        (c.width, high), Image.Resampling.NEAREST
    )
    c.image.paste(colour, (0, c.height - high), mask)


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font.font_variant(layout_engine=ImageFont.Layout.BASIC)
