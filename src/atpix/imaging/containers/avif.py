"""AVIF: boxes and items (ISO/IEC 14496-12 and 23008-12). Items are found by their offset in the file, so nothing
may move: private items are overwritten where they lie, and private boxes become free space.
"""

from collections.abc import Iterator

from atpix.imaging.containers.boxes import Box, Item, boxes, child, items, thumbnails
from atpix.imaging.containers.reading import Buffer, Edit, Note, note, u32
from atpix.imaging.errors import InvalidImage

_XMP_TYPES = frozenset({b"application/rdf+xml"})
_PRIVATE_BOXES = frozenset({b"uuid", b"udta"})
_NO_NOTES = b"II*\0\x08\0\0\0\0\0\0\0\0\0"
_MAX_BLANK_BYTES = 16 << 20


def frames(data: Buffer) -> int:
    """The samples of the longest track of a sequence, or one. Every box and item must lie inside the file."""
    top = list(boxes(data, 0, len(data)))
    if not top or top[0].kind != b"ftyp":
        raise InvalidImage("The file is no AVIF.")
    for meta in _metas(top):
        items(data, meta)
    return max([1, *(count for box in top if box.kind == b"moov" for count in _sample_counts(data, box))])


def notes(data: Buffer) -> Iterator[tuple[Note, bytes]]:
    for item in _items(data):
        payload = b"".join(note(data, start, end - start) for start, end in item.spans)
        if item.kind == b"Exif":
            yield Note.EXIF, payload[4 + int.from_bytes(payload[:4], "big") :]
        elif item.kind in _XMP_TYPES:
            yield Note.XMP, payload


def edits(data: Buffer) -> Iterator[Edit]:
    """Exif, XMP and every other typed note is overwritten, and so are thumbnails. Raises InvalidImage when one
    shares bytes with the picture.
    """
    frames(data)
    top = list(boxes(data, 0, len(data)))
    small = {number for meta in _metas(top) for number in thumbnails(data, meta)}
    private: list[Item] = []
    public: list[Item] = []
    for item in _items(data):
        (private if _is_private(item, small) else public).append(item)
    found = [_blanked_item(item, start, end) for item in private for start, end in item.spans[:1]]
    found += [Edit(start, end, bytes(end - start)) for item in private for start, end in item.spans[1:]]
    found += [_freed(box) for box in _private_boxes(data, top)]
    found = sorted({edit for edit in found if edit.end > edit.start})
    kept = sorted(span for item in public for span in item.spans)
    _refuse_overlaps(found, kept)
    yield from found


def _is_private(item: Item, small: set[int]) -> bool:
    return item.kind == b"Exif" or b"/" in item.kind or item.number in small


def _blanked_item(item: Item, start: int, end: int) -> Edit:
    if end - start > _MAX_BLANK_BYTES:
        raise InvalidImage("The image's metadata is too long.")
    blank = b"\0\0\0\0" + _NO_NOTES if item.kind == b"Exif" else b""
    return Edit(start, end, blank.ljust(end - start, b"\0")[: end - start])


def _freed(box: Box) -> Edit:
    if box.end - box.start > _MAX_BLANK_BYTES:
        raise InvalidImage("The image's metadata is too long.")
    return Edit(box.start + 4, box.end, b"free" + bytes(box.end - box.start - 8))


def _private_boxes(data: Buffer, top: list[Box]) -> Iterator[Box]:
    for box in top:
        if box.kind in _PRIVATE_BOXES:
            yield box
        elif box.kind in (b"moov", b"trak"):
            yield from _private_boxes(data, list(boxes(data, box.payload, box.end)))


def _refuse_overlaps(found: list[Edit], kept: list[tuple[int, int]]) -> None:
    """Both sorted by where they start."""
    spans = sorted([(edit.start, edit.end, True) for edit in found] + [(*span, False) for span in kept])
    reach = {True: 0, False: 0}
    for start, end, private in spans:
        if start < reach[not private] or (private and start < reach[True]):
            raise InvalidImage("The image's metadata shares bytes with its picture and cannot be taken out.")
        reach[private] = max(reach[private], end)


def _metas(top: list[Box]) -> list[Box]:
    return [box for box in top if box.kind == b"meta"]


def _items(data: Buffer) -> Iterator[Item]:
    for meta in _metas(list(boxes(data, 0, len(data)))):
        yield from items(data, meta)


def _sample_counts(data: Buffer, moov: Box) -> Iterator[int]:
    for track in (box for box in boxes(data, moov.payload, moov.end) if box.kind == b"trak"):
        box: Box | None = track
        for kind in (b"mdia", b"minf", b"stbl", b"stsz"):
            box = box and child(data, box, kind)
        if box:
            yield u32(data, box.payload + 8)
