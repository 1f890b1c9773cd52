"""The frame around every answer: a request id, delivery's short way in, one log line, the meters."""

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from atpix.http import limiting
from atpix.http.lingering import Body
from atpix.http.types import Application, Message, Receive, Scope, Send
from atpix.http.wire import iso
from atpix.ids import new_id
from atpix.logs import AccessLog, AnsweredLine
from atpix.meters import Meters

log = structlog.get_logger("atpix.access")
_SAFE = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}", re.ASCII)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_LONGEST = 300
_PARTS = 6
"""No route has more; what follows in `/cdn/{organization}/{project}/img/{ref}/` is a name of the client's choice."""

Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Cdn:
    """A host of its own for images, whose requests may come through with their path as it is."""

    host: bytes
    prefix: str

    @classmethod
    def of(cls, url: str) -> "Cdn | None":
        """None when no such host is configured."""
        parts = urlsplit(url)
        return cls(parts.netloc.lower().encode(), f"{parts.path}/") if parts.netloc else None

    def asks(self, scope: Scope) -> bool:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        return host.lower() == self.host and scope["path"].startswith(self.prefix)


class Frame:
    """`delivery` takes what begins with its prefix, `api` all else. `start` and `stop` are the server's life span."""

    def __init__(
        self, *, delivery: Application, prefix: str, api: Application, meters: Meters, access: AccessLog, start: Step,
        stop: Step, cdn: "Cdn | None" = None,
    ) -> None:  # fmt: skip
        self._delivery, self._prefix, self._api = delivery, prefix, api
        self._meters, self._access, self._start, self._stop = meters, access, start, stop
        self._cdn = cdn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"].startswith(self._prefix):
            await self._deliver(scope, receive, send)
        elif self._cdn is not None and self._cdn.asks(scope):
            scope["path"] = self._prefix + scope["path"][len(self._cdn.prefix) :]
            await self._deliver(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _deliver(self, scope: Scope, receive: Receive, send: Send) -> None:
        began_s, seen = time.perf_counter(), _Seen(send)
        if self._access.delivery:
            scope["atpix_request_id"] = _request_id(scope)
        await self._delivery(scope, receive, seen)
        took_s = time.perf_counter() - began_s
        self._meters.answered(_method(scope), "delivery", seen.status, took_s, seen.sent_bytes)
        if self._access.delivery:
            self._note(scope, seen, took_s)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began_s = time.perf_counter()
        scope["atpix_request_id"] = request_id = _request_id(scope)
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope  # HEAD is GET without the body
        seen = _Seen(send, asked, bodiless=asked is not scope)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        body = Body(receive) if scope["method"] in _WITH_BODY else None
        try:
            await self._api(asked, body or receive, seen)
        finally:
            took_s = time.perf_counter() - began_s
            self._meters.answered(_method(scope), _route(asked), seen.status, took_s, seen.sent_bytes)
            self._note(scope, seen, took_s)
            structlog.contextvars.clear_contextvars()
        if body is not None:
            await body.finish()

    async def _live(self, receive: Receive, send: Send) -> None:
        """The ASGI life span: what `start` raises ends the server, with its reason in the log."""
        await receive()
        try:
            await self._start()
        except Exception as error:
            log.exception("start_failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _note(self, scope: Scope, seen: "_Seen", took_s: float) -> None:
        """No query, no header, no address of a client, no file name at the end of an image's address."""
        level = "debug" if scope["path"] in _PROBES else "info"
        if self._access.takes(level):
            line = AnsweredLine(
                method=_method(scope),
                path="/".join(scope["path"].split("/", _PARTS)[:_PARTS])[:_LONGEST],
                status=seen.status,
                ms=round(took_s * 1000, 1),
                bytes=seen.sent_bytes,
                request_id=scope["atpix_request_id"],
                level=level,
                timestamp=iso(time.time_ns() // 1_000_000),
            )
            self._access.write(line)


class _Seen:
    """A `send` that remembers what went through it. Status 499 (nginx's) stays when the client left before."""

    __slots__ = ("_api", "_bodiless", "_headers", "_send", "sent_bytes", "status")

    def __init__(self, send: Send, api: Scope | None = None, *, bodiless: bool = False) -> None:
        """`api`: the request's scope, where answers say its id and what is left of its limit."""
        self._send = send
        self._bodiless = bodiless
        self._api = api
        self._headers: list[tuple[bytes, bytes]] = []
        self.status = 499
        self.sent_bytes = 0

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._headers = message["headers"]
            if self._api is not None:
                name = (b"x-request-id", self._api["atpix_request_id"].encode())
                message["headers"] = [*limiting.headers_with(message["headers"], self._api), name]
        elif message["type"] == "http.response.body":
            if self._bodiless:
                message["body"] = b""
            self.sent_bytes += len(message.get("body", b""))
        elif message["type"] == "http.response.pathsend":  # the server reads the file itself
            self.sent_bytes += next((int(value) for name, value in self._headers if name == b"content-length"), 0)
        return self._send(message)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text: str = value.decode("latin-1")
            return text if _SAFE.fullmatch(text) else new_id()
    return new_id()


def _route(scope: Scope) -> str:
    """The route's pattern: a path would make one time series an image."""
    return str(scope.get("path_template", "unknown"))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"
