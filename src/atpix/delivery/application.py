"""The bare ASGI application in front of the framework: resolve from a small cache, answer.

The common case, an address that was asked for a moment ago, costs a token, a dictionary look-up and one send.
"""

from collections.abc import Callable
from contextlib import suppress

from atpix.caller import Caller
from atpix.delivery import addresses, freshness, negotiation, refusing, timing
from atpix.delivery.conditions import Asked
from atpix.delivery.entries import COMMON, VARY, RawHeaders, respond
from atpix.delivery.hanging_up import ClientLeft
from atpix.delivery.memory import Memory
from atpix.delivery.outcomes import Resolved
from atpix.delivery.publics import Publics
from atpix.delivery.remembered import Question, Remembered
from atpix.delivery.rendering import Renderings
from atpix.delivery.resolving import Resolver
from atpix.delivery.sending import RenditionGone, Sender
from atpix.delivery.wishes import Wish
from atpix.errors import AtpixError, MethodNotAllowed, Overloaded
from atpix.http.types import Receive, Scope, Send
from atpix.ids import RENDITIONS, BlobKey
from atpix.projects.authentication import Authenticator
from atpix.services import Services

_READ = frozenset(
    {b"accept", b"x-api-key", b"authorization", b"if-none-match", b"if-modified-since", b"range", b"if-range"}
)
_ATTEMPTS = 3


class Delivery:
    """One a process, used from its event loop. `counted` is called for each rendition that is made. `fresh` and
    `publics` are for whoever hands requests on to it.
    """

    def __init__(self, svc: Services, authenticator: Authenticator, counted: Callable[[], None]) -> None:
        self._svc = svc
        self._authenticator = authenticator
        self.fresh = freshness.watch(svc.db)
        self.publics = Publics(svc.db, self.fresh)
        folder = svc.blobs.local_path(BlobKey(RENDITIONS))
        accelerated = svc.settings.accel_redirect if folder is not None else ""
        memory = Memory(svc.blobs, 0 if accelerated else svc.settings.hot_cache_bytes)
        self.renderings = Renderings(svc, counted, memory)
        self._resolver = Resolver(svc, self.publics, self.renderings)
        self._remembered = Remembered(self.fresh, self.publics)
        root = None if folder is None else folder.parent
        self._sender = Sender(svc.blobs, memory, accelerated=accelerated, root=root)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        try:
            if method == "OPTIONS":
                await respond(send, 204, [*COMMON, *_PREFLIGHT], b"")
            elif method not in {"GET", "HEAD"}:
                await refusing.refuse(scope, send, _only_read(), negotiable=False)
            else:
                await self._answer(scope, receive, send, path)
        except ClientLeft:
            return
        except Exception as error:  # noqa: BLE001  the outermost place: whatever it is, the client gets an answer
            await self._refuse(scope, send, error, negotiable=False)

    def close(self) -> None:
        self.renderings.close()
        self.fresh.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        """With a key a plain address is a question too: its holder may have what others may not."""
        asked, accept, key = _read(scope["headers"])
        if scope["query_string"] or key is not None or addresses.may_hold_options(path):
            question = (path, scope["query_string"], negotiation.accepts(accept))
            await self._answer_wish(scope, receive, send, question, asked, key)
        else:
            await self._answer_plain(scope, receive, send, path, asked)

    async def _answer_plain(self, scope: Scope, receive: Receive, send: Send, path: str, asked: Asked) -> None:
        """An original, as it is: nothing but the address is looked at."""
        entry, headers = await self._remembered.get(path, path), [timing.ORIGINAL_REMEMBERED]
        if entry is None:
            wish = Wish.read(path, b"", negotiation.Accepts.PLAIN)
            resolved = await self._resolved(path, wish, receive, None)
            entry, headers = resolved.entry, resolved.headers
        await self._sender.send(scope, send, entry, asked, headers)

    async def _answer_wish(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        question: tuple[str, bytes, negotiation.Accepts],
        asked: Asked,
        key: str | None,
    ) -> None:
        wish: Wish | None = None
        entry = await self._remembered.get(question, question[0]) if key is None else None
        try:
            if entry is not None:
                with suppress(RenditionGone):
                    return await self._sender.send(scope, send, entry, asked, [timing.RENDITION_REMEMBERED])
                self._remembered.forget(question)
            wish = Wish.read(*question)
            holder = None if key is None else await self._holder(key)
            await self._resolve_and_send(scope, receive, send, question, wish, asked, holder)
        except ClientLeft:
            raise
        except Exception as error:  # noqa: BLE001  as in __call__
            negotiable = VARY in entry.validators if entry is not None else wish is not None and wish.negotiable
            await self._refuse(scope, send, error, negotiable=negotiable)
        return None

    async def _refuse(self, scope: Scope, send: Send, error: Exception, *, negotiable: bool) -> None:
        private = _read(scope["headers"])[2] is not None
        concerned = isinstance(error, AtpixError) and error.status in refusing.OF_A_SIGNATURE
        signed = concerned and await self._goes_by_signatures(scope["path"])
        await refusing.refuse(scope, send, error, negotiable=negotiable, private=private, signed=signed)

    async def _goes_by_signatures(self, path: str) -> bool:
        try:
            public = await self.publics.of(addresses.parse(path))
        except AtpixError:  # no such project, or no such address
            return False
        return public.who.settings.signed_urls

    async def _resolve_and_send(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        question: Question,
        wish: Wish,
        asked: Asked,
        holder: Caller | None,
    ) -> None:
        """What was on the shelf a moment ago may be gone from it: then it is made again."""
        for attempt in range(_ATTEMPTS):
            resolved = await self._resolved(question, wish, receive, holder)
            try:
                await self._sender.send(scope, send, resolved.entry, asked, resolved.headers)
            except RenditionGone:
                self._remembered.forget(question)
                if attempt + 1 == _ATTEMPTS:
                    raise Overloaded("This rendition goes as fast as it is made; try again in a moment.") from None
            else:
                return

    async def _resolved(self, question: Question, wish: Wish, receive: Receive, holder: Caller | None) -> Resolved:
        path = question if isinstance(question, str) else question[0]
        names, ids = (self._remembered.token(path, strict=strict) for strict in (True, False))
        resolved = await self._resolver.resolve(wish, receive, holder)
        if holder is None:
            self._remembered.keep(question, names if resolved.strict else ids, resolved)
        return resolved

    async def _holder(self, key: str) -> Caller | None:
        """A key is needed for nothing here, so that a wrong one is as good as none."""
        try:
            who = self._authenticator.cached(key) or await self._svc.db.on_loop(self._authenticator.look_up, key)
        except AtpixError:
            return None
        return who if isinstance(who, Caller) else None


def _only_read() -> MethodNotAllowed:
    return MethodNotAllowed("Images are read with GET or HEAD; the API is at /api/v1.")


def _read(headers: RawHeaders) -> tuple[Asked, bytes, str | None]:
    """Conditions, `Accept` and key, in one walk. Lines of one name belong together (RFC 9110, section 5.3)."""
    asked: Asked = {}
    accept, key = b"", None
    for name, value in headers:
        if name not in _READ:
            continue
        if name == b"accept":
            accept = accept + b"," + value if accept else value
        elif name == b"x-api-key":
            key = value.decode("latin-1")
        elif name != b"authorization":
            asked[name] = value
        elif key is None and value[:7].lower() == b"bearer ":
            key = value[7:].strip().decode("latin-1")
    return asked, accept, key


_PREFLIGHT: RawHeaders = [
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"Range, If-Range, If-None-Match, If-Modified-Since"),
    (b"access-control-max-age", b"86400"),
]
