"""Byte ranges: RFC 9110, section 14."""

import re
from dataclasses import dataclass

MOST = 16
"""Ranges in one request; more are answered with the whole, as the RFC allows."""

_RANGE = re.compile(r"(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From `start` up to, not including, `end`."""

    start: int
    end: int

    def header(self, size: int) -> str:
        return f"bytes {self.start}-{self.end - 1}/{size}"


class Unsatisfiable(Exception):
    """Well-formed, and nothing of it is inside the file: 416."""


def parse(header: str, size: int) -> list[ByteRange] | None:
    """The ranges to send, in the order asked; None: send the whole. Raises Unsatisfiable.

    None stands for what is malformed, of another unit, or worth more than the whole (overlaps: section 14.2).
    """
    unit, _, listed = header.partition("=")
    if unit.strip().lower() != "bytes":
        return None
    specs = [spec.strip() for spec in listed.split(",") if spec.strip()]
    if not specs or len(specs) > MOST:
        return None
    found = []
    for spec in specs:
        match = _RANGE.fullmatch(spec)
        if match is None or spec == "-":
            return None
        if (one := _resolved(match[1], match[2], size)) is not None:
            if one.start > one.end:
                return None
            found.append(one)
    if not found:
        raise Unsatisfiable
    return found if sum(one.end - one.start for one in found) <= size else None


def _resolved(first: str, last: str, size: int) -> ByteRange | None:
    """None when nothing of it is inside the file. `start > end` marks last < first, which is malformed."""
    if not first:
        length = min(int(last), size)
        return ByteRange(size - length, size) if length else None
    start = int(first)
    if last and int(last) < start:
        return ByteRange(1, 0)
    if start >= size:
        return None
    return ByteRange(start, min(int(last) + 1, size) if last else size)
