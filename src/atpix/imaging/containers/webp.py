"""WebP: RIFF chunks of type, length and data, padded to even length (RFC 9649)."""

from collections.abc import Iterator
from typing import NamedTuple

from atpix.imaging.containers import exif
from atpix.imaging.containers.reading import Buffer, Edit, Note, counted, note, take
from atpix.imaging.errors import InvalidImage

_PICTURE = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    payload: int
    end: int
    length: int


def frames(data: Buffer) -> int:
    """The number of animation frames, or one. The whole file must be there; a pad byte too many or few is forgiven."""
    kinds = [chunk.kind for chunk in _chunks(data)]
    return max(1, kinds.count(b"ANMF"))


def notes(data: Buffer) -> Iterator[tuple[Note, bytes]]:
    for chunk in _chunks(data):
        if chunk.kind == b"EXIF":
            yield Note.EXIF, note(data, chunk.payload, chunk.length).removeprefix(b"Exif\0\0")
        elif chunk.kind == b"XMP ":
            yield Note.XMP, note(data, chunk.payload, chunk.length)


def edits(data: Buffer) -> Iterator[Edit]:
    """All but the picture goes. The length and the flags at the beginning are set to what is left."""
    chunks = list(_chunks(data))
    removed = [Edit(chunk.start, chunk.end, _kept(data, chunk)) for chunk in chunks if chunk.kind not in _PICTURE]
    end = chunks[-1].end if chunks else 12
    size = end - 8 - sum(edit.end - edit.start - len(edit.replacement) for edit in removed)
    yield Edit(4, 8, size.to_bytes(4, "little"))
    for chunk in chunks:
        if chunk.kind == b"VP8X" and chunk.length:
            flags = data[chunk.payload] & ~(_EXIF_FLAG | _XMP_FLAG)
            if any(edit.replacement for edit in removed):
                flags |= _EXIF_FLAG
            yield Edit(chunk.payload, chunk.payload + 1, bytes((flags,)))
            break
    yield from removed
    if end < len(data):
        yield Edit(end, len(data))


def _kept(data: Buffer, chunk: _Chunk) -> bytes:
    if chunk.kind != b"EXIF":
        return b""
    upright = exif.only_orientation(note(data, chunk.payload, chunk.length).removeprefix(b"Exif\0\0"))
    return b"EXIF" + len(upright).to_bytes(4, "little") + upright if upright else b""


@counted
def _chunks(data: Buffer) -> Iterator[_Chunk]:
    if take(data, 0, 4) != b"RIFF" or take(data, 8, 4) != b"WEBP":
        raise InvalidImage("The file is no WebP.")
    end = 8 + int.from_bytes(take(data, 4, 4), "little")
    if end > len(data) + 1:
        raise InvalidImage("The WebP is truncated.")
    end, at = min(end, len(data)), 12
    while at + 8 <= end:
        kind, length = take(data, at, 4), int.from_bytes(take(data, at + 4, 4), "little")
        if at + 8 + length > end:
            raise InvalidImage("The WebP is truncated.")
        stop = min(end, at + 8 + length + length % 2)
        yield _Chunk(kind, at, at + 8, stop, length)
        at = stop
