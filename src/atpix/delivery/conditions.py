"""What a client has already, and which part it wants: RFC 9110, sections 13 and 14."""

from atpix.delivery import ranges
from atpix.delivery.entries import Entry
from atpix.errors import AtpixError
from atpix.http.conditional import lists

Asked = dict[bytes, bytes]
"""Headers by their names in lower case."""


class RangeNotSatisfiable(AtpixError):
    status, code = 416, "RANGE_NOT_SATISFIABLE"

    def __init__(self, size: int) -> None:
        super().__init__(f"The image has {size} bytes; none of the asked ranges is inside.")
        self.size = size


def is_known(entry: Entry, asked: Asked) -> bool:
    """Whether the client's copy is this one; an ETag decides alone when there is one (section 13.2.2)."""
    if (etags := asked.get(b"if-none-match")) is not None:
        return lists(etags.decode("latin-1"), entry.etag, weak=True)
    since = asked.get(b"if-modified-since")
    return since is not None and bool(entry.last_modified) and since.decode("latin-1") == entry.last_modified


def wanted_ranges(entry: Entry, asked: Asked) -> list[ranges.ByteRange] | None:
    """None: the whole, because `If-Range` names another version or the header means nothing.

    Raises RangeNotSatisfiable.
    """
    if (version := asked.get(b"if-range")) is not None and version.decode("latin-1") not in {
        entry.etag,
        entry.last_modified or None,
    }:
        return None
    try:
        return ranges.parse(asked[b"range"].decode("latin-1"), entry.size)
    except ranges.Unsatisfiable:
        raise RangeNotSatisfiable(entry.size) from None
