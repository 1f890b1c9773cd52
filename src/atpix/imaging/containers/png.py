"""PNG: a signature, then chunks of length, type, data and checksum (W3C PNG, third edition)."""

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from atpix.imaging.containers import exif
from atpix.imaging.containers.reading import MAX_NOTE_BYTES, Buffer, Edit, Note, counted, note, take, u32
from atpix.imaging.errors import InvalidImage

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PICTURE = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs hIST acTL fcTL fdAT".split()
)
"""Chunks without which the picture would look different. All others are somebody's notes."""
_MIN_CHUNK_BYTES = 12
_CRC_STEP_BYTES = 1 << 20


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    payload: int
    end: int

    @property
    def length(self) -> int:
        return self.end - 4 - self.payload


def frames(data: Buffer) -> int:
    """More than one for an animated PNG. Every checksum is checked, also where decoders would only warn."""
    count = 1
    for chunk in _chunks(data):
        if chunk.kind == b"acTL":
            count = max(count, u32(data, chunk.payload))
        if _checksum(data, chunk.payload - 4, chunk.end - 4) != u32(data, chunk.end - 4):
            raise InvalidImage("The PNG is corrupt: a checksum is wrong.")
    return count


def notes(data: Buffer) -> Iterator[tuple[Note, bytes]]:
    for chunk in _chunks(data):
        if chunk.kind == b"eXIf":
            yield Note.EXIF, note(data, chunk.payload, chunk.length)
        elif chunk.kind in (b"tEXt", b"zTXt", b"iTXt"):
            yield from _written(chunk.kind, note(data, chunk.payload, chunk.length))


def edits(data: Buffer) -> Iterator[Edit]:
    """All but the picture goes, and so does what follows its end."""
    end = 0
    for chunk in _chunks(data):
        end = chunk.end
        if chunk.kind == b"eXIf":
            upright = exif.only_orientation(note(data, chunk.payload, chunk.length))
            yield Edit(chunk.start, chunk.end, _chunk(b"eXIf", upright) if upright else b"")
        elif chunk.kind not in _PICTURE:
            yield Edit(chunk.start, chunk.end)
    if end < len(data):
        yield Edit(end, len(data))


def _chunk(kind: bytes, payload: bytes) -> bytes:
    checksum = zlib.crc32(kind + payload)
    return len(payload).to_bytes(4, "big") + kind + payload + checksum.to_bytes(4, "big")


@counted
def _chunks(data: Buffer) -> Iterator[_Chunk]:
    """Up to IEND, which must be there."""
    if take(data, 0, 8) != _SIGNATURE:
        raise InvalidImage("The file is no PNG.")
    at, kind = 8, b""
    while kind != b"IEND":
        length, kind = u32(data, at), take(data, at + 4, 4)
        end = at + _MIN_CHUNK_BYTES + length
        if end > len(data):
            raise InvalidImage("The PNG is truncated.")
        yield _Chunk(kind, at, at + 8, end)
        at = end


def _checksum(data: Buffer, start: int, end: int) -> int:
    checksum = 0
    for at in range(start, end, _CRC_STEP_BYTES):
        checksum = zlib.crc32(data[at : min(end, at + _CRC_STEP_BYTES)], checksum)
    return checksum


def _written(kind: bytes, payload: bytes) -> Iterator[tuple[Note, bytes]]:
    """Text chunks hold XMP under one keyword, and EXIF or XMP as hexadecimal digits under ImageMagick's."""
    keyword, _, rest = payload.partition(b"\0")
    if kind == b"iTXt":
        compressed = rest[:1] == b"\1"
        text = rest[2:].split(b"\0", 2)[-1]
    else:
        compressed, text = kind == b"zTXt", rest[1:] if kind == b"zTXt" else rest
    if compressed:
        text = _inflated(text)
    if keyword == b"XML:com.adobe.xmp":
        yield Note.XMP, text
    elif keyword.startswith(b"Raw profile type "):
        digits = re.sub(rb"\s", b"", text.strip(b"\n").split(b"\n", 2)[-1])
        raw = bytes.fromhex(re.match(rb"(?:[0-9A-Fa-f]{2})*", digits)[0].decode())  # type: ignore[index]
        yield (Note.EXIF, raw.removeprefix(b"Exif\0\0")) if raw.startswith(b"Exif\0\0") else (Note.XMP, raw)


def _inflated(data: bytes) -> bytes:
    """At most `MAX_NOTE_BYTES`; what does not inflate tells nothing."""
    try:
        return zlib.decompressobj().decompress(data, MAX_NOTE_BYTES)
    except zlib.error:
        return b""
