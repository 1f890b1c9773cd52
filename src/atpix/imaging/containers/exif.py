"""The little of EXIF (a TIFF file without pixels) that matters here: orientation, and whether a place is told."""

import struct
from typing import Final

_ORIENTATION: Final = 0x0112
_GPS_IFD: Final = 0x8825
_PLACES: Final = frozenset({0x02, 0x04, 0x14, 0x16})
"""Latitude and longitude, of the camera and of what it looked at. A GPS directory without them tells no place."""
_MAX_ENTRIES: Final = 1000


def orientation(tiff: bytes) -> int:
    """1 to 8; 1 (upright) when there is none or it makes no sense."""
    order = _byte_order(tiff)
    entry = _directory(tiff, order, _first(tiff, order)).get(_ORIENTATION)
    value = struct.unpack(order + "H", entry[:2])[0] if entry else 1
    return value if 1 <= value <= 8 else 1


def has_place(tiff: bytes) -> bool:
    """Whether the GPS directory holds a latitude or a longitude."""
    order = _byte_order(tiff)
    entry = _directory(tiff, order, _first(tiff, order)).get(_GPS_IFD)
    if not entry:
        return False
    return not _PLACES.isdisjoint(_directory(tiff, order, struct.unpack(order + "I", entry)[0]))


def only_orientation(tiff: bytes) -> bytes:
    """A TIFF that says what `tiff` says about orientation and nothing else; empty when that is "upright"."""
    value = orientation(tiff)
    return b"" if value == 1 else b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, value, 0, 0)


def _byte_order(tiff: bytes) -> str:
    """As struct spells it; empty for what is no TIFF."""
    return {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4], "")


def _first(tiff: bytes, order: str) -> int:
    return int(struct.unpack_from(order + "I", tiff, 4)[0]) if order and len(tiff) >= 8 else 0


def _directory(tiff: bytes, order: str, at: int) -> dict[int, bytes]:
    """Tags and the four bytes of their value or offset. What lies outside the file is not there."""
    if not order or at < 8 or at + 2 > len(tiff):
        return {}
    count = min(struct.unpack_from(order + "H", tiff, at)[0], _MAX_ENTRIES)
    starts = range(at + 2, min(at + 2 + 12 * count, len(tiff) - 11), 12)
    return {struct.unpack_from(order + "H", tiff, start)[0]: tiff[start + 8 : start + 12] for start in starts}
