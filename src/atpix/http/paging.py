"""Pages: by offset, or by a cursor that stays right while rows come and go."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, TypeVar

from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import UNSET

from atpix.errors import ValidationFailed
from atpix.http.dependencies import Anyone
from atpix.http.pages import Page, Window
from atpix.http.wire import Listing, Pagination
from atpix.ids import as_uuid

Row = TypeVar("Row")
Out = TypeVar("Out")

LimitParameter = Annotated[int, QueryParameter(name="limit", ge=1, le=100, description="Rows in the page, 1 to 100.")]
OffsetParameter = Annotated[
    int | None,
    QueryParameter(name="offset", ge=0, le=2**53, description="Rows to leave out before it. Excludes `cursor`."),
]
CursorParameter = Annotated[
    str | None, QueryParameter(name="cursor", description="`nextCursor` of the page before. Excludes `offset`.")
]


Paged = NamedDependency[Window]


async def provide_window(
    who: Anyone,  # noqa: ARG001  after it: of two that may run at once, Litestar makes tasks, for 80 µs
    limit: LimitParameter = 20,
    offset: OffsetParameter = None,
    cursor: CursorParameter = None,
) -> Window:
    """Raises ValidationFailed for a cursor beside an offset and for one that we did not make."""
    if cursor is not None and offset is not None:
        raise ValidationFailed.at("cursor", "excludes offset; send one of them.")
    return Window(limit, offset or 0, None if cursor is None else _opened(cursor))


def listing(page: Page[Row], window: Window, out: Callable[[Row], Out], id_of: Callable[[Row], str]) -> Listing[Out]:
    return Listing(
        data=[out(row) for row in page.rows],
        pagination=Pagination(page.total, window.limit, window.offset, page.has_more),
        next_cursor=_sealed(id_of(page.rows[-1])) if page.has_more and page.rows else UNSET,
    )


def _sealed(last_id: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(last_id.replace("-", ""))).decode().rstrip("=")


def _opened(cursor: str) -> str:
    try:
        digits = base64.b64decode(cursor + "==", altchars=b"-_", validate=True).hex()
        uuid = as_uuid("-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))
    except (binascii.Error, ValueError):
        uuid = None
    if uuid is None:
        raise ValidationFailed.at("cursor", "is not one that this server gave; begin again without it.")
    return uuid
