"""JPEG: markers with segments, then entropy-coded data in which FF is stuffed (ITU-T T.81, annex B)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from atpix.imaging.containers import exif
from atpix.imaging.containers.reading import Buffer, Edit, Note, counted, note, take, u16
from atpix.imaging.errors import InvalidImage

_APP0, _APP1, _APP2, _APP14, _APP15, _COM = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_SOS, _EOI = 0xDA, 0xD9
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF = b"Exif\0"
_XMP = (b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0")
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class _Segment(NamedTuple):
    marker: int
    start: int
    payload: int
    end: int


def frames(data: Buffer) -> int:
    """One. The decoder reads the scans up to the end marker itself, so only the headers are walked here."""
    if not any(segment.marker == _SOS for segment in _segments(data)):
        raise InvalidImage("The JPEG has no image data.")
    return 1


def block_height(data: Buffer) -> int:
    """Rows of pixels that are coded together: 8 times the largest vertical sampling factor (frame header)."""
    frame = next((segment for segment in _segments(data) if segment.marker in _FRAME_HEADERS), None)
    if not frame:
        raise InvalidImage("The JPEG has no frame header.")
    components = range(frame.payload + 7, frame.end - 2, 3)
    return 8 * max([1, *(data[at] & 15 for at in components)])


def notes(data: Buffer) -> Iterator[tuple[Note, bytes]]:
    for segment in _segments(data):
        if segment.marker != _APP1:
            continue
        payload = note(data, segment.payload, segment.end - segment.payload)
        if payload.startswith(_EXIF):
            yield Note.EXIF, payload[6:]
        elif payload.startswith(_XMP):
            yield Note.XMP, payload


def edits(data: Buffer) -> Iterator[Edit]:
    """Application segments and comments go, but for what colour depends on; so does all that follows the image,
    where phones keep previews, depth maps and films.
    """
    end = 0
    for segment in _segments(data, into_scans=True):
        end = segment.end
        if _APP0 <= segment.marker <= _APP15 or segment.marker == _COM:
            kept = _kept(segment.marker, data[segment.payload : segment.end])
            if kept != data[segment.start : segment.end]:
                yield Edit(segment.start, segment.end, kept)
    if end < len(data):
        yield Edit(end, len(data))


def _kept(marker: int, payload: bytes) -> bytes:
    """The segment that stands in place of an application segment or comment: itself, less, or nothing."""
    if marker == _APP0 and payload.startswith(b"JFIF\0") and len(payload) >= 14:
        return _segment(marker, payload[:12] + b"\0\0")
    if marker == _APP1 and payload.startswith(_EXIF):
        upright = exif.only_orientation(payload[6:])
        return _segment(marker, b"Exif\0\0" + upright) if upright else b""
    profile = marker == _APP2 and payload.startswith(b"ICC_PROFILE\0")
    transform = marker == _APP14 and payload.startswith(b"Adobe")
    return _segment(marker, payload) if profile or transform else b""


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload


@counted
def _segments(data: Buffer, *, into_scans: bool = False) -> Iterator[_Segment]:
    """Segments up to the first scan; with `into_scans` up to the end marker, which is the last one yielded."""
    if take(data, 0, 2) != b"\xff\xd8":
        raise InvalidImage("The file is no JPEG.")
    at = 2
    while True:
        start = at
        while take(data, at, 2) == b"\xff\xff":
            at += 1
        lead, marker = take(data, at, 2)
        if lead != 0xFF or marker == 0:
            raise InvalidImage("The JPEG is corrupt: no marker where one must be.")
        if marker == _EOI:
            yield _Segment(marker, start, at + 2, at + 2)
            return
        at += 2
        if 0xD0 <= marker <= 0xD8 or marker == 0x01:
            continue
        length = u16(data, at)
        take(data, at, max(2, length))
        yield _Segment(marker, start, at + 2, at + max(2, length))
        at += max(2, length)
        if marker == _SOS:
            if not into_scans:
                return
            found = _MARKER_IN_SCAN.search(data, at)
            if not found:
                raise InvalidImage("The JPEG is truncated: it has no end marker.")
            at = found.start()
