"""The bare ASGI application in front of the framework: resolve from a small cache, answer.

The common case, an address that was asked for a moment ago, costs a token, a dictionary look-up and one send.
"""

import time
from contextlib import aclosing
from typing import cast

import structlog

from atpix.blobs import BlobStream
from atpix.caller import Caller
from atpix.delivery import addresses, entries, freshness, ranges
from atpix.delivery.entries import COMMON, Entry, RawHeader, RawHeaders
from atpix.delivery.memory import Memory
from atpix.errors import AtpixError, MethodNotAllowed, StorageUnavailable
from atpix.http.conditional import lists
from atpix.http.rendering import as_atpix, error_body
from atpix.http.types import Message, Receive, Scope, Send
from atpix.ids import KeyId, new_id
from atpix.images import rows
from atpix.images.errors import ImageNotFound
from atpix.projects import rows as projects
from atpix.projects.errors import ProjectNotFound
from atpix.services import Services

log = structlog.get_logger("atpix.delivery")
_WANTED = frozenset({b"if-none-match", b"if-modified-since", b"range", b"if-range"})
_REMEMBERED = 10_000
_LONGEST_REMEMBERED = 300
_REMEMBERED_TIMING = (b"server-timing", b'resolve;desc="memory"')


class Delivery:
    """One a process, used from its event loop."""

    def __init__(self, svc: Services) -> None:
        self._svc = svc
        self._fresh = freshness.watch(svc.db)
        self._known: dict[str, tuple[int, Entry]] = {}
        self._projects: dict[tuple[str, str], Caller] = {}
        self._memory = Memory(svc.blobs, svc.settings.hot_cache_bytes)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            await self._answer(scope, send)
        except Exception as error:  # noqa: BLE001  the outermost place: whatever it is, the client gets an answer
            await _refuse(scope, send, error)

    def close(self) -> None:
        self._fresh.close()

    async def _answer(self, scope: Scope, send: Send) -> None:
        method = scope["method"]
        if method == "OPTIONS":
            await _respond(send, 204, [*COMMON, *_PREFLIGHT], b"")
            return
        if method not in {"GET", "HEAD"}:
            raise MethodNotAllowed("Images are read with GET or HEAD; the API is at /api/v1.")
        entry, timing = await self._entry(scope["path"])
        asked = {name: value for name, value in scope["headers"] if name in _WANTED}
        if asked and _is_known(entry, asked):
            await _respond(send, 304, [*entry.validators, timing], b"")
        elif method == "HEAD":
            await _respond(send, 200, [*entry.whole, timing], b"")
        elif b"range" in asked and (wanted := _ranges(entry, asked)) is not None:
            await self._send_parts(send, entry, wanted, timing)
        else:
            await self._send_whole(scope, send, entry, [*entry.whole, timing])

    async def _entry(self, path: str) -> tuple[Entry, RawHeader]:
        """And a Server-Timing that says where it came from.

        Raises NotFound, ImageNotFound, AliasNotFound, ValidationFailed, StorageUnavailable.
        """
        token = self._fresh.names() if "@" in path else self._fresh.ids()
        known = self._known.get(path)
        if known is not None and known[0] == token:
            return known[1], _REMEMBERED_TIMING
        began_s = time.perf_counter()
        address = addresses.parse(path)
        who = await self._project(address)
        found = await self._svc.db.on_loop(self._find, who, address)
        local = self._svc.blobs.local_path(rows.blob_of(found))
        entry = entries.of(found, who, address.ref, self._svc.settings, local, self._svc.now())
        # Without a date it is as new as it will not be for long. A long file name is somebody's game with our memory.
        if token is not None and entry.last_modified and len(path) <= _LONGEST_REMEMBERED:
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[path] = (token, entry)
        return entry, (b"server-timing", b'resolve;desc="database";dur=%.1f' % ((time.perf_counter() - began_s) * 1000))

    def _find(self, who: Caller, address: addresses.Address) -> rows.Image:
        with self._svc.db.read() as tx:
            return rows.find(tx, who, address.ref).image

    async def _project(self, address: addresses.Address) -> Caller:
        """Slugs never change, so this holds for the life of the process. Raises ImageNotFound."""
        slugs = (address.organization, address.project)
        if (who := self._projects.get(slugs)) is None:
            who = self._projects[slugs] = await self._svc.db.on_loop(self._public, address)
        return who

    def _public(self, address: addresses.Address) -> Caller:
        """Whoever asks without a key: a caller who may do nothing but look an image up by its reference."""
        with self._svc.db.read() as tx:
            try:
                project = projects.find_project(tx, address.organization, address.project)
            except ProjectNotFound:
                raise ImageNotFound(address.ref) from None
        return Caller(KeyId(""), project.id, project.organization_slug, project.slug, frozenset(), project.settings)

    async def _send_whole(self, scope: Scope, send: Send, entry: Entry, headers: RawHeaders) -> None:
        if (body := await self._memory.get(entry)) is not None:
            await _respond(send, 200, headers, body)
        elif entry.path is not None and "http.response.pathsend" in scope.get("extensions", ()):
            if not entry.path.is_file():
                raise _lost(entry)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.pathsend", "path": str(entry.path)})
        else:
            async with aclosing(await self._stream(entry, 0, entry.size)) as chunks:
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})

    async def _send_parts(self, send: Send, entry: Entry, wanted: list[ranges.ByteRange], timing: RawHeader) -> None:
        parts = _Parts(entry, wanted)
        started = False
        for one, before in parts:
            async with aclosing(await self._stream(entry, one.start, one.end)) as chunks:
                if not started:
                    await send({"type": "http.response.start", "status": 206, "headers": [*parts.headers, timing]})
                    started = True
                if before:
                    await send({"type": "http.response.body", "body": before, "more_body": True})
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": parts.end})

    async def _stream(self, entry: Entry, start: int, end: int) -> BlobStream:
        try:
            return await self._svc.blobs.stream(entry.key, start, end)
        except FileNotFoundError:
            raise _lost(entry) from None


class _Parts:
    """One range as it is, several as multipart/byteranges (RFC 9110, section 14.6)."""

    def __init__(self, entry: Entry, wanted: list[ranges.ByteRange]) -> None:
        self._wanted = wanted
        self.end = b""
        if len(wanted) == 1:
            only = wanted[0]
            self._befores = [b""]
            length = only.end - only.start
            self.headers = [*entry.described, (b"content-range", only.header(entry.size).encode())]
        else:
            boundary = new_id()
            media_type = dict(entry.described)[b"content-type"].decode()
            begin = f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: "
            self._befores = [f"{begin}{one.header(entry.size)}\r\n\r\n".encode() for one in wanted]
            self.end = f"\r\n--{boundary}--\r\n".encode()
            length = sum(one.end - one.start for one in wanted) + sum(map(len, self._befores)) + len(self.end)
            kind = (b"content-type", f"multipart/byteranges; boundary={boundary}".encode())
            self.headers = [kind, *(line for line in entry.described if line[0] != b"content-type")]
        self.headers.append((b"content-length", str(length).encode()))

    def __iter__(self) -> "zip[tuple[ranges.ByteRange, bytes]]":
        return zip(self._wanted, self._befores, strict=True)


def _is_known(entry: Entry, asked: dict[bytes, bytes]) -> bool:
    """Whether the client's copy is this one; an ETag decides alone when there is one (RFC 9110, section 13.2.2)."""
    if (etags := asked.get(b"if-none-match")) is not None:
        return lists(etags.decode("latin-1"), entry.etag, weak=True)
    since = asked.get(b"if-modified-since")
    return since is not None and bool(entry.last_modified) and since.decode("latin-1") == entry.last_modified


def _ranges(entry: Entry, asked: dict[bytes, bytes]) -> list[ranges.ByteRange] | None:
    """None: the whole, because `If-Range` names another version or the header means nothing. Raises Unsatisfiable."""
    if (version := asked.get(b"if-range")) is not None and version.decode("latin-1") not in {
        entry.etag,
        entry.last_modified or None,
    }:
        return None
    try:
        return ranges.parse(asked[b"range"].decode("latin-1"), entry.size)
    except ranges.Unsatisfiable:
        raise RangeNotSatisfiable(entry.size) from None


class RangeNotSatisfiable(AtpixError):
    status, code = 416, "RANGE_NOT_SATISFIABLE"

    def __init__(self, size: int) -> None:
        super().__init__(f"The image has {size} bytes; none of the asked ranges is inside.")
        self.size = size


def _lost(entry: Entry) -> StorageUnavailable:
    log.error("bytes_missing", key=entry.key)
    return StorageUnavailable("The image's bytes cannot be read right now.")


async def _refuse(scope: Scope, send: Send, error: Exception) -> None:
    known = as_atpix(error)
    request_id = cast("str", scope.get("atpix_request_id") or new_id())
    if known.status >= 500:
        log.error("delivery_failed", code=known.code, request_id=request_id, exc_info=error)
    body = error_body(known, request_id)
    headers: RawHeaders = [
        *COMMON,
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store" if known.status >= 500 else b"public, max-age=5"),
        (b"x-request-id", request_id.encode()),
    ]
    if known.retry_after_s is not None:
        headers.append((b"retry-after", str(known.retry_after_s).encode()))
    if known.status == 405:
        headers.append((b"allow", b"GET, HEAD, OPTIONS"))
    if isinstance(known, RangeNotSatisfiable):
        headers.append((b"content-range", f"bytes */{known.size}".encode()))
    await _respond(send, known.status, headers, b"" if scope["method"] == "HEAD" else body)


_PREFLIGHT: RawHeaders = [
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"Range, If-Range, If-None-Match, If-Modified-Since"),
    (b"access-control-max-age", b"86400"),
]


async def _respond(send: Send, status: int, headers: RawHeaders, body: bytes) -> None:
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
