"""ISO base media boxes: size, type, content; and the items that a `meta` box describes."""

from collections.abc import Iterator
from typing import NamedTuple

from atpix.imaging.containers.reading import Buffer, counted, take, u16, u32
from atpix.imaging.errors import InvalidImage

_MAX_ITEMS = 10_000


class Box(NamedTuple):
    kind: bytes
    start: int
    payload: int
    end: int


class Item(NamedTuple):
    """`kind` is four letters, or the MIME type of an item of kind `mime`. `spans` are places in the file."""

    number: int
    kind: bytes
    spans: tuple[tuple[int, int], ...]


@counted
def boxes(data: Buffer, start: int, end: int) -> Iterator[Box]:
    """The boxes that fill `start` to `end` exactly."""
    at = start
    while at < end:
        size, kind, header = u32(data, at), take(data, at + 4, 4), 8
        if size == 1:
            size, header = int.from_bytes(take(data, at + 8, 8), "big"), 16
        elif size == 0:
            size = end - at
        if size < header or at + size > end:
            raise InvalidImage("The image is truncated or corrupt: a box is longer than what holds it.")
        yield Box(kind, at, at + header, at + size)
        at += size


def child(data: Buffer, parent: Box, kind: bytes, *, skip: int = 0) -> Box | None:
    return next((box for box in boxes(data, parent.payload + skip, parent.end) if box.kind == kind), None)


def items(data: Buffer, meta: Box) -> list[Item]:
    """Every item that has a kind and a place. Raises InvalidImage for one that lies outside the file."""
    info, places = child(data, meta, b"iinf", skip=4), child(data, meta, b"iloc", skip=4)
    if not info or not places:
        return []
    idat = child(data, meta, b"idat", skip=4)
    spans = _places(data, places, idat)
    kinds = _kinds(data, info)
    return [Item(number, kind, spans.get(number, ())) for number, kind in kinds.items()]


def thumbnails(data: Buffer, meta: Box) -> set[int]:
    """The numbers of the items that are small copies of others."""
    references = child(data, meta, b"iref", skip=4)
    if not references:
        return set()
    wide = data[references.payload] != 0
    found = (box for box in boxes(data, references.payload + 4, references.end) if box.kind == b"thmb")
    return {u32(data, box.payload) if wide else u16(data, box.payload) for box in found}


def _kinds(data: Buffer, info: Box) -> dict[int, bytes]:
    kinds: dict[int, bytes] = {}
    skip = 6 if data[info.payload] == 0 else 8
    for box in boxes(data, info.payload + skip, info.end):
        wide = take(data, box.payload, 1)[0] >= 3
        number = u32(data, box.payload + 4) if wide else u16(data, box.payload + 4)
        at = box.payload + (10 if wide else 8)
        kind = take(data, at, 4)
        if kind == b"mime":
            kind = data[at + 4 : box.end].split(b"\0")[1:2][0] if b"\0" in data[at + 4 : box.end] else b""
        kinds[number] = kind
        if len(kinds) > _MAX_ITEMS:
            raise InvalidImage("The image has too many parts.")
    return kinds


class _Reader:
    """Numbers of varying width, one after the other, inside one box."""

    def __init__(self, data: Buffer, box: Box) -> None:
        self._data, self._at, self._end = data, box.payload, box.end

    def number(self, width: int) -> int:
        if self._at + width > self._end:
            raise InvalidImage("The image is corrupt: its table of parts is cut.")
        self._at += width
        return int.from_bytes(self._data[self._at - width : self._at], "big")


def _places(data: Buffer, box: Box, idat: Box | None) -> dict[int, tuple[tuple[int, int], ...]]:
    reader = _Reader(data, box)
    version = reader.number(1)
    reader.number(3)
    sizes = reader.number(2)
    offset_width, length_width, base_width = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_width = sizes & 15 if version else 0
    places: dict[int, tuple[tuple[int, int], ...]] = {}
    for _ in range(min(reader.number(4 if version == 2 else 2), _MAX_ITEMS)):
        number = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)
        start, limit = reader.number(base_width), len(data)
        if method == 1 and idat:
            start, limit = start + idat.payload, idat.end
        spans = []
        for _ in range(reader.number(2)):
            reader.number(index_width)
            first = start + reader.number(offset_width)
            length = reader.number(length_width) or limit - first
            if method <= 1 and not (length >= 0 and first + length <= limit):
                raise InvalidImage("The image is truncated: a part of it lies outside the file.")
            spans.append((first, first + length))
        places[number] = tuple(spans) if method <= 1 else ()
    return places
