"""An entry's bytes on their way out: from memory, by the server's path-send, by nginx, or streamed."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import structlog

from atpix.blobs import Blobs, BlobStream
from atpix.delivery import conditions, ranges
from atpix.delivery.conditions import Asked
from atpix.delivery.entries import Entry, RawHeader, RawHeaders, respond
from atpix.delivery.memory import Memory
from atpix.errors import StorageUnavailable
from atpix.http.types import Scope, Send
from atpix.ids import new_id

log = structlog.get_logger("atpix.delivery")


class RenditionGone(Exception):
    """Evicted, or damaged: it is made again."""


class Sender:
    """`accelerated` is the prefix of nginx's internal location; `root`, the store's folder, is its `blobs/`.

    Its methods raise RenditionGone and StorageUnavailable before the first byte.
    """

    def __init__(self, blobs: Blobs, memory: Memory, *, accelerated: str = "", root: Path | None = None) -> None:
        self._blobs = blobs
        self._memory = memory
        self._accelerated = accelerated
        self._root = root

    async def send(self, scope: Scope, send: Send, entry: Entry, asked: Asked, more: RawHeaders) -> None:
        """`more` are headers of this one answer."""
        if asked and conditions.is_known(entry, asked):
            await respond(send, 304, [*entry.validators, *more], b"")
        elif scope["method"] == "HEAD":
            await respond(send, 200, [*entry.whole, *more], b"")
        elif self._accelerated and entry.path is not None:
            await self._send_accelerated(send, entry, [*entry.described, *more])
        elif b"range" in asked and (wanted := conditions.wanted_ranges(entry, asked)) is not None:
            await self._send_parts(send, entry, wanted, more)
        else:
            await self._send_whole(scope, send, entry, [*entry.whole, *more])

    async def _send_accelerated(self, send: Send, entry: Entry, headers: RawHeaders) -> None:
        """Nginx reads the file, and cuts ranges out of it by itself. `Accept-Ranges` and the length are its to say."""
        assert entry.path is not None
        assert self._root is not None
        _require(entry)
        inside = f"{self._accelerated.rstrip('/')}/blobs/{entry.path.relative_to(self._root).as_posix()}"
        mine = [line for line in headers if line[0] != b"accept-ranges"]
        await respond(send, 200, [*mine, (b"x-accel-redirect", inside.encode()), (b"content-length", b"0")], b"")

    async def _send_whole(self, scope: Scope, send: Send, entry: Entry, headers: RawHeaders) -> None:
        if (body := await self._memory.get(entry)) is not None:
            await respond(send, 200, headers, body)
        elif entry.path is not None and "http.response.pathsend" in scope.get("extensions", ()):
            _require(entry)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.pathsend", "path": str(entry.path)})
        else:
            async with aclosing(await self._stream(entry, 0, entry.size)) as chunks:
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})

    async def _send_parts(self, send: Send, entry: Entry, wanted: list[ranges.ByteRange], more: RawHeaders) -> None:
        if (body := await self._memory.get(entry)) is not None:
            entry = replace(entry, body=body)  # as it was before anything happened to the file
        elif entry.path is not None:
            _require(entry)
        parts = _Parts(entry, wanted)
        started = False
        for one, before in parts:
            async with aclosing(await self._stream(entry, one.start, one.end)) as chunks:
                if not started:
                    await send({"type": "http.response.start", "status": 206, "headers": [*parts.headers, *more]})
                    started = True
                if before:
                    await send({"type": "http.response.body", "body": before, "more_body": True})
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": parts.end})

    async def _stream(self, entry: Entry, start: int, end: int) -> BlobStream:
        if entry.body is not None:
            return BlobStream(entry.body[start:end], _nothing())
        try:
            return await self._blobs.stream(entry.key, start, end)
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
            kind: RawHeader = (b"content-type", f"multipart/byteranges; boundary={boundary}".encode())
            self.headers = [kind, *(line for line in entry.described if line[0] != b"content-type")]
        self.headers.append((b"content-length", str(length).encode()))

    def __iter__(self) -> Iterator[tuple[ranges.ByteRange, bytes]]:
        return zip(self._wanted, self._befores, strict=True)


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield b""


def _require(entry: Entry) -> None:
    """The file is there, in its length. Raises RenditionGone, StorageUnavailable."""
    assert entry.path is not None
    try:
        there = entry.path.stat().st_size == entry.size
    except OSError:
        there = False
    if not there:
        raise _lost(entry)


def _lost(entry: Entry) -> Exception:
    if entry.is_rendition:
        return RenditionGone()
    log.error("bytes_missing", key=entry.key)
    return StorageUnavailable("The image's bytes cannot be read right now.")
