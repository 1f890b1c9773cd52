"""What a file tells about its maker: found, and taken out without touching a pixel."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from atpix.imaging import containers
from atpix.imaging.containers import exif
from atpix.imaging.containers.reading import Buffer, Edit, Note, mapped
from atpix.imaging.sniff import MediaType

_PLACE_IN_XMP = re.compile(rb"GPSL(?:atitude|ongitude)\b|GPSDestL(?:atitude|ongitude)\b")
_COPY_STEP_BYTES = 1 << 20


def has_location(path: Path, media_type: MediaType) -> bool:
    """Whether EXIF or XMP hold a latitude or a longitude. Raises InvalidImage for a broken structure."""
    with mapped(path) as data:
        return tells_place(data, media_type)


def tells_place(data: Buffer, media_type: MediaType) -> bool:
    """As `has_location`, for a file that is mapped already."""
    return any(
        exif.has_place(payload) if kind is Note.EXIF else bool(_PLACE_IN_XMP.search(payload.replace(b"\0", b"")))
        for kind, payload in containers.of(media_type).notes(data)
    )


def is_bare(path: Path, media_type: MediaType) -> bool:
    """Whether `strip_private` would find nothing to take out. Raises InvalidImage for a broken structure."""
    with mapped(path) as data:
        edits = containers.of(media_type).edits(data)
        return all(data[edit.start : edit.end] == edit.replacement for edit in edits)


def bare_bytes(path: Path, media_type: MediaType) -> int:
    """How large it is when `strip_private` has been at it. Raises InvalidImage as that does."""
    with mapped(path) as data:
        edits = containers.of(media_type).edits(data)
        removed: int = sum(edit.end - edit.start - len(edit.replacement) for edit in edits)
        return len(data) - removed


def strip_private(source: Path, target: Path, media_type: MediaType) -> bool:
    """Write `source` to `target` without location, owner, serial numbers, maker notes, comments and previews.

    The compressed pixels, the colour profile and the orientation stay bit for bit. Returns whether anything was
    taken out; `target` is written either way. Raises InvalidImage for a broken structure, before `target` is made.
    """
    with mapped(source) as data:
        edits = list(containers.of(media_type).edits(data))
        with target.open("wb") as out:
            return _copy(data, edits, out)


def _copy(data: Buffer, edits: Iterable[Edit], out: BinaryIO) -> bool:
    done, changed = 0, False
    for edit in edits:
        _copy_span(data, done, edit.start, out)
        out.write(edit.replacement)
        changed = changed or data[edit.start : edit.end] != edit.replacement
        done = edit.end
    _copy_span(data, done, len(data), out)
    return changed


def _copy_span(data: Buffer, start: int, end: int, out: BinaryIO) -> None:
    out.writelines(data[at : min(end, at + _COPY_STEP_BYTES)] for at in range(start, end, _COPY_STEP_BYTES))
