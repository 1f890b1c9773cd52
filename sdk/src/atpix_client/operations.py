"""One call of the API as a value: what to send and how to read the answer. Building one does no I/O, so the
blocking and the asynchronous client share every one of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

import msgspec

from atpix_client.answers import Answer
from atpix_client.errors import AtpixError
from atpix_client.forms import Form
from atpix_client.models import Page

T = TypeVar("T")

Parameter = str | int | None


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    method: str
    path: str
    """Below the API's base, percent-encoded, with its query."""
    decode: Callable[[Answer], T]
    body: bytes | Form | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    """False when a second run after a first one whose answer was lost would report a false failure."""
    patience_s: float = 0
    """How much longer than usual the answer may take, since the server was asked to wait."""

    def can_be_sent_again(self) -> bool:
        return not isinstance(self.body, Form) or self.body.replayable


@dataclass(frozen=True, slots=True)
class Walk(Generic[T]):
    """All pages of a list, one operation after the other."""

    page: Callable[[str | None, int | None], Operation[Page[T]]]
    """From a cursor and an offset, at most one of them given."""

    def first(self) -> Operation[Page[T]]:
        return self.page(None, None)

    def after(self, page: Page[T]) -> Operation[Page[T]] | None:
        if page.next_cursor is not None:
            return self.page(page.next_cursor, None)
        if page.has_more and page.data:
            return self.page(None, page.offset + len(page.data))
        return None


@dataclass(frozen=True, slots=True)
class Following(Generic[T]):
    """Something that changes until it ends, as told by server-sent events."""

    operation: Operation[T]
    """Its `decode` reads the data of one event."""
    ended: Callable[[T], bool]
    late: Callable[[float], AtpixError]
    """What is raised when `timeout_s` is over before the end."""
    deleted: Callable[[], AtpixError]
    """What is raised when it is deleted meanwhile."""
    timeout_s: float | None = None


def query(**parameters: Parameter) -> str:
    """`?name=value&…`, without those that are None."""
    given = {name: _text(value) for name, value in parameters.items() if value is not None}
    return f"?{urlencode(given, quote_via=quote, safe='@')}" if given else ""


def segment(text: str) -> str:
    """One segment of a path. Refuses what URL normalisation would turn into another endpoint."""
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} is neither an id nor an alias")
    return quote(text, safe="@")


def post(
    path: str,
    decode: Callable[[Answer], T],
    body: object = None,
    idempotency_key: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    repeatable: bool = True,
    patience_s: float = 0,
) -> Operation[T]:
    """Every POST carries an idempotency key, so repeating it after a lost answer does nothing twice."""
    headers = {"Idempotency-Key": idempotency_key or str(uuid4()), **(headers or {})}
    if isinstance(body, Form):
        return Operation("POST", path, decode, body, headers | {"Content-Type": body.content_type}, repeatable)
    return with_json("POST", path, decode, body, headers, repeatable=repeatable, patience_s=patience_s)


def with_json(
    method: str,
    path: str,
    decode: Callable[[Answer], T],
    body: object,
    headers: Mapping[str, str],
    *,
    content_type: str = "application/json",
    repeatable: bool = True,
    patience_s: float = 0,
) -> Operation[T]:
    """`body` in camel case already; None sends none."""
    if body is None:
        return Operation(method, path, decode, None, headers, repeatable, patience_s)
    content = msgspec.json.encode(body)
    return Operation(method, path, decode, content, {**headers, "Content-Type": content_type}, repeatable, patience_s)


def conditional_on(etag: str | None) -> dict[str, str]:
    return {} if etag is None else {"If-Match": etag}


def _text(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
