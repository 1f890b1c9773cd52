"""GIF: a screen, then blocks made of length-prefixed sub-blocks, then a trailer (GIF89a specification)."""

from collections.abc import Iterator
from typing import NamedTuple

from atpix.imaging.containers.reading import Buffer, Edit, Note, counted, note, take
from atpix.imaging.errors import InvalidImage

_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_APPLICATION, _COMMENT = 0xFF, 0xFE
_KEPT_APPLICATIONS = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"})
"""Two spellings of the loop count, and the colour profile."""


class _Block(NamedTuple):
    kind: int
    label: int
    start: int
    payload: int
    end: int


def frames(data: Buffer) -> int:
    """The images up to the trailer, which must be there."""
    count = sum(block.kind == _IMAGE for block in _blocks(data))
    if not count:
        raise InvalidImage("The GIF holds no image.")
    return count


def notes(data: Buffer) -> Iterator[tuple[Note, bytes]]:
    for block in _blocks(data):
        if block.label == _APPLICATION and data[block.payload + 1 : block.payload + 12] == b"XMP DataXMP":
            yield Note.XMP, note(data, block.payload, block.end - block.payload)


def edits(data: Buffer) -> Iterator[Edit]:
    """Comments go, and what applications wrote but for the loop count and the profile."""
    end = 0
    for block in _blocks(data):
        end = block.end
        if block.label == _COMMENT:
            yield Edit(block.start, block.end)
        elif block.label == _APPLICATION:
            name = data[block.payload + 1 : block.payload + 12]
            if name not in _KEPT_APPLICATIONS:
                yield Edit(block.start, block.end)
    if end < len(data):
        yield Edit(end, len(data))


@counted
def _blocks(data: Buffer) -> Iterator[_Block]:
    if take(data, 0, 6) not in (b"GIF87a", b"GIF89a"):
        raise InvalidImage("The file is no GIF.")
    at = 13 + _color_table_bytes(take(data, 10, 1)[0])
    while True:
        start, kind = at, take(data, at, 1)[0]
        if kind == _TRAILER:
            yield _Block(kind, 0, start, at + 1, at + 1)
            return
        if kind == _IMAGE:
            payload = at + 10 + _color_table_bytes(take(data, at + 9, 1)[0]) + 1
            label = 0
        elif kind == _EXTENSION:
            payload, label = at + 2, take(data, at + 1, 1)[0]
        else:
            raise InvalidImage("The GIF is corrupt: an unknown block.")
        at = _after_sub_blocks(data, payload)
        yield _Block(kind, label, start, payload, at)


def _color_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_sub_blocks(data: Buffer, at: int) -> int:
    try:
        while length := data[at]:
            at += 1 + length
    except IndexError:
        raise InvalidImage("The GIF is truncated.") from None
    return at + 1
