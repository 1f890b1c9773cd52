"""Answers: encoded once, with the ETag of exactly those bytes."""

from collections.abc import Mapping
from typing import TypeVar, cast

from litestar import MediaType, Response

from atpix.http.conditional import etag_of, lists
from atpix.http.dependencies import AnyRequest
from atpix.http.wire import Answer, encode

T = TypeVar("T")


def tagged(data: T, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Answer[T]]:
    """A resource with its strong validator."""
    body = encode(Answer(data=data))
    return raw(body, status=status, headers={"ETag": etag_of(encode(data)), **(headers or {})})


def read(request: AnyRequest, data: T, headers: Mapping[str, str]) -> Response[Answer[T]]:
    """As `tagged`, and 304 to whoever has it already. Private: it was asked for with a key."""
    etag = etag_of(encode(data))
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", **headers}
    known = request.headers.get("if-none-match")
    if known is not None and lists(known, etag, weak=True):
        return raw(b"", status=304, headers=headers)
    return raw(encode(Answer(data=data)), headers=headers)


def raw(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[T]:
    """JSON that is encoded already, typed as what it says."""
    return cast(
        "Response[T]", Response(body, status_code=status, headers=dict(headers or {}), media_type=MediaType.JSON)
    )
