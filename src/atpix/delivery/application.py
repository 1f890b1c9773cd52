"""The bare ASGI application in front of the framework: resolve from a small cache, answer.

The common case, an address that was asked for a moment ago, costs a token, a dictionary look-up and one send.
"""

import time
from typing import NamedTuple

from atpix.delivery import addresses, entries, freshness, refusing
from atpix.delivery.entries import COMMON, Content, Entry, RawHeader, RawHeaders, respond
from atpix.delivery.memory import Memory
from atpix.delivery.publics import Public, Publics
from atpix.delivery.sending import Sender
from atpix.errors import MethodNotAllowed
from atpix.http.types import Receive, Scope, Send
from atpix.images import rows
from atpix.services import Services

_WANTED = frozenset({b"if-none-match", b"if-modified-since", b"range", b"if-range"})
_REMEMBERED = 10_000
_LONGEST_REMEMBERED = 300
_REMEMBERED_TIMING = (b"server-timing", b'resolve;desc="memory"')


class _Known(NamedTuple):
    token: int
    public: Public
    entry: Entry


class Delivery:
    """One a process, used from its event loop."""

    def __init__(self, svc: Services) -> None:
        self._svc = svc
        self._fresh = freshness.watch(svc.db)
        self._known: dict[str, _Known] = {}
        self._publics = Publics(svc.db, self._fresh)
        memory = Memory(svc.blobs, svc.settings.hot_cache_bytes)
        self._sender = Sender(svc.blobs, memory)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            await self._answer(scope, send)
        except Exception as error:  # noqa: BLE001  the outermost place: whatever it is, the client gets an answer
            await refusing.refuse(scope, send, error, negotiable=False)

    def close(self) -> None:
        self._fresh.close()

    async def _answer(self, scope: Scope, send: Send) -> None:
        method = scope["method"]
        if method == "OPTIONS":
            await respond(send, 204, [*COMMON, *_PREFLIGHT], b"")
            return
        if method not in {"GET", "HEAD"}:
            raise MethodNotAllowed("Images are read with GET or HEAD; the API is at /api/v1.")
        entry, timing = await self._entry(scope["path"])
        asked = {name: value for name, value in scope["headers"] if name in _WANTED}
        await self._sender.send(scope, send, entry, asked, [timing])

    async def _entry(self, path: str) -> tuple[Entry, RawHeader]:
        """And a Server-Timing that says where it came from.

        Raises NotFound, ImageNotFound, AliasNotFound, ValidationFailed, StorageUnavailable.
        """
        token = self._fresh.names() if "@" in path else self._fresh.ids()
        known = self._known.get(path)
        if known is not None and known.token == token and await self._publics.still(known.public):
            return known.entry, _REMEMBERED_TIMING
        began_s = time.perf_counter()
        address = addresses.parse(path)
        public = await self._publics.of(address)
        found = await self._svc.db.on_loop(self._find, public, address)
        content = Content.of_original(found, self._svc.blobs.local_path(rows.blob_of(found)))
        entry = entries.of(found, public.who, address.ref, self._svc.settings, content, self._svc.now())
        # Without a date it is as new as it will not be for long. A long file name is somebody's game with our memory.
        if token is not None and entry.last_modified and len(path) <= _LONGEST_REMEMBERED:
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[path] = _Known(token, public, entry)
        return entry, (b"server-timing", b'resolve;desc="database";dur=%.1f' % ((time.perf_counter() - began_s) * 1000))

    def _find(self, public: Public, address: addresses.Address) -> rows.Image:
        with self._svc.db.read() as tx:
            return rows.find(tx, public.who, address.ref).image


_PREFLIGHT: RawHeaders = [
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"Range, If-Range, If-None-Match, If-Modified-Since"),
    (b"access-control-max-age", b"86400"),
]
