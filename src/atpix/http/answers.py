"""Answers: encoded once, with the ETag of exactly those bytes."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar, cast

from litestar import Response
from litestar.response.base import ASGIResponse

from atpix.http.conditional import etag_of, lists
from atpix.http.dependencies import AnyRequest
from atpix.http.types import Receive, Scope, Send
from atpix.http.wire import Answer, encode, enveloped

T = TypeVar("T")


def tagged(data: T, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Answer[T]]:
    """A resource with its strong validator."""
    encoded = encode(data)
    return raw(enveloped(encoded), status=status, headers={"ETag": etag_of(encoded), **(headers or {})})


class Encoded(NamedTuple):
    """What is stored for a retry: the body and its validator."""

    body: bytes
    etag: str | None


def encoded(data: object, *, etag: str | None = None) -> Encoded:
    """As `tagged` would send it."""
    plain = encode(data)
    return Encoded(enveloped(plain), etag or etag_of(plain))


def read(request: AnyRequest, data: T, headers: Mapping[str, str]) -> Response[Answer[T]]:
    """As `tagged`, and 304 to whoever has it already. Private: it was asked for with a key."""
    encoded = encode(data)
    etag = etag_of(encoded)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", **headers}
    known = request.headers.get("if-none-match")
    if known is not None and lists(known, etag, weak=True):
        return raw(b"", status=304, headers=headers)
    return raw(enveloped(encoded), headers=headers)


def raw(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[T]:
    """JSON that is encoded already, typed as what it says."""
    return cast("Response[T]", _Encoded(body, status, headers or {}))


def read_as(request: AnyRequest, words: str, media_type: str) -> Response[T]:
    """As `read`, in another form than JSON, and without the envelope."""
    body = words.encode("utf-8", "replace")
    headers = {"ETag": etag_of(body), "Cache-Control": "private, no-cache"}
    known = request.headers.get("if-none-match")
    if known is not None and lists(known, headers["ETag"], weak=True):
        return raw(b"", status=304, headers=headers)
    return cast("Response[T]", _Encoded(body, 200, headers, media_type))


class _Encoded(Response[bytes]):
    """Goes out as it is. Litestar's own way looks for encoders, cookies, background tasks: a sixth of a read."""

    def __init__(
        self, body: bytes, status: int, headers: Mapping[str, str], media_type: str = "application/json"
    ) -> None:
        self.content, self.status_code, self.headers = body, status, dict(headers)
        self._content_type = media_type.encode()

    def to_asgi_response(self, *_: Any, **_more: Any) -> ASGIResponse:  # noqa: ANN401  nothing of it applies
        return cast("ASGIResponse", self._send)

    async def _send(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        if self.status_code != 304:
            headers.append((b"content-type", self._content_type))
            headers.append((b"content-length", b"%d" % len(self.content)))
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.content, "more_body": False})
