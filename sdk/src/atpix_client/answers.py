"""From the bytes of an answer to values. No I/O: both clients hand in what they received."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from atpix_client.errors import APIAnswerError
from atpix_client.models import Assigned, Consequences, Image, Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Looked up without regard to case."""
    content: bytes


class _Success(Struct):
    data: Raw


class _Pagination(Struct, rename="camel"):
    total: int
    limit: int
    has_more: bool
    offset: int | None = None


class _Listing(Struct, rename="camel"):
    data: Raw
    pagination: _Pagination
    next_cursor: str | None = None


class _Displaced(Struct):
    displaced: str | None = None


class _Id(Struct):
    id: str


class _Purged(Struct):
    dropped: int


class _WouldBeDeleted(Struct):
    consequences: Consequences


def data_of(kind: type[T]) -> Callable[[Answer], T]:
    return lambda answer: _parse(_parse(answer.content, _Success).data, kind)


def event_of(kind: type[T]) -> Callable[[Answer], T]:
    """The data of an event is the object itself."""
    return lambda event: _parse(event.content, kind)


def page_of(kind: type[list[T]]) -> Callable[[Answer], Page[T]]:
    def decode(answer: Answer) -> Page[T]:
        listing = _parse(answer.content, _Listing)
        return Page(
            data=_parse(listing.data, kind),
            total=listing.pagination.total,
            limit=listing.pagination.limit,
            offset=listing.pagination.offset or 0,
            has_more=listing.pagination.has_more,
            next_cursor=listing.next_cursor,
        )

    return decode


def image(answer: Answer) -> Image:
    return msgspec.structs.replace(data_of(Image)(answer), etag=answer.headers.get("etag"))


def assigned(answer: Answer) -> Assigned:
    return Assigned(image=image(answer), displaced=data_of(_Displaced)(answer).displaced)


def deleted_id(answer: Answer) -> str:
    return data_of(_Id)(answer).id


def consequences(answer: Answer) -> Consequences:
    return data_of(_WouldBeDeleted)(answer).consequences


def purged(answer: Answer) -> int:
    return data_of(_Purged)(answer).dropped


def text(answer: Answer) -> str:
    return answer.content.decode("utf-8", "replace")


def nothing(answer: Answer) -> None:
    """The status was a success and says it all."""


def _parse(content: bytes | Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise APIAnswerError(f"The answer is not what an Atpix server sends: {fault}") from fault
