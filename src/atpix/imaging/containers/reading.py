"""Bounded reads from a mapped file, and the two words the formats share: `Edit` and `Note`."""

import enum
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

from atpix.imaging.errors import InvalidImage

Buffer = bytes | mmap.mmap
MAX_NOTE_BYTES = 4 << 20
MAX_PARTS = 100_000
"""Walked in half a second. A picture has a few, one of 50 MB in the smallest chunks that encoders write some 13,000."""

P = ParamSpec("P")
Part = TypeVar("Part")


class Edit(NamedTuple):
    """Put `replacement` where the bytes from `start` up to `end` were."""

    start: int
    end: int
    replacement: bytes = b""


class Note(enum.Enum):
    """The two languages in which metadata is written."""

    EXIF = "exif"
    XMP = "xmp"


@contextmanager
def mapped(path: Path) -> Iterator[Buffer]:
    """The file as bytes that the system pages in and out; nothing of it counts as this process's own memory."""
    with path.open("rb") as file:
        if not file.seek(0, 2):
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def counted(parts: Callable[P, Iterator[Part]]) -> Callable[P, Iterator[Part]]:
    """The same iterator; more than `MAX_PARTS` raise InvalidImage: a file of nothing but parts costs a decoder nothing
    and a walk through it half a minute, for each rendition again.
    """

    @wraps(parts)
    def few(*args: P.args, **kwargs: P.kwargs) -> Iterator[Part]:
        for number, part in enumerate(parts(*args, **kwargs)):
            if number >= MAX_PARTS:
                raise InvalidImage("The image has too many parts.")
            yield part

    return few


def take(data: Buffer, start: int, length: int) -> bytes:
    """Exactly `length` bytes, or InvalidImage."""
    if length < 0 or start < 0 or start + length > len(data):
        raise InvalidImage("The image is truncated: a part of it is longer than the file.")
    return data[start : start + length]


def note(data: Buffer, start: int, length: int) -> bytes:
    """The payload of a note, as far as anyone could want to look into it."""
    return data[start : start + min(max(length, 0), MAX_NOTE_BYTES)]


def u16(data: Buffer, at: int) -> int:
    return int.from_bytes(take(data, at, 2), "big")


def u32(data: Buffer, at: int) -> int:
    return int.from_bytes(take(data, at, 4), "big")
