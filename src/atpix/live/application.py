"""Live URLs in front of delivery: what is theirs is looked up, waited for, and handed on as an image's own address.

A picture that exists costs little more than by its id; one that does not is made, once, by whoever asks first.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import structlog
from litestar.concurrency import sync_to_thread

from atpix.delivery import guards, refusing, signing
from atpix.delivery.application import Delivery
from atpix.delivery.entries import RawHeaders, respond
from atpix.delivery.hanging_up import ClientLeft, unless_left
from atpix.delivery.publics import Public
from atpix.generations.waiting import Waiters, until
from atpix.http.types import Receive, Scope, Send
from atpix.ids import GenerationId, ImageId
from atpix.images.errors import ImageNotFound
from atpix.live import addresses, clients, errors, inner, pictures, placeholders, questions
from atpix.live.addresses import LiveAddress
from atpix.live.dressing import Dressing, Life, Suit
from atpix.live.known import Known, Memory
from atpix.live.pictures import Visit
from atpix.live.questions import Asked
from atpix.live.rows import Seen
from atpix.services import Services

log = structlog.get_logger("atpix.live")
WAIT_S = 60.0
_ATTEMPTS = 3
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class _Request:
    """What is known of one, once its signature was looked at."""

    scope: Scope
    receive: Receive
    send: Send
    address: LiveAddress
    public: Public
    asked: Asked
    token: int | None

    @property
    def expires(self) -> int | None:
        return self.asked.parsed.handling.expires if _is_signed(self.public) else None


class Live:
    """One a process, used from its event loop. `wake` tells this process's runner that there is work."""

    def __init__(self, svc: Services, delivery: Delivery, waiters: Waiters, wake: Callable[[], None]) -> None:
        self._svc = svc
        self._delivery = delivery
        self._waiters = waiters
        self._wake = wake
        self._memory = Memory(delivery.fresh, delivery.publics)
        self._waiting: dict[GenerationId, asyncio.Task[Seen]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whatever is no live URL, or no reading of one, is delivery's."""
        if not addresses.is_live(scope["path"]) or scope["method"] not in _READING:
            return await self._delivery(scope, receive, send)
        try:
            await self._answer(scope, receive, send)
        except ClientLeft:
            return None
        except Exception as error:  # noqa: BLE001  the outermost place: whatever it is, the client gets an answer
            await refusing.refuse(scope, send, error, negotiable=False, kept=False)
        return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        url = (scope["path"], scope["query_string"])
        known = self._memory.get(url)
        if known is not None and await self._deliver(scope, receive, send, known):
            return None
        self._memory.forget(url)
        request = await self._admitted(scope, receive, send)
        for _ in range(_ATTEMPTS):  # what was seen may be gone before it is delivered
            seen, generation = await self._picture(request)
            if seen.image is None:
                return await self._send_placeholder(request, seen)
            if await self._deliver_new(request, seen.image, generation):
                return None
        raise errors.PictureNotMade

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> _Request:
        """Before anything costs: the signature first, then what the query says, of the picture and of its delivery.

        Raises NotFound, ScopeNotFound, SignatureRefused, Forbidden, ValidationFailed.
        """
        address, token = addresses.parse(scope["path"]), self._memory.token()
        try:
            public = await self._delivery.publics.of(address.image(ImageId("")))
        except ImageNotFound:
            raise errors.ScopeNotFound(address.scope) from None
        asked = questions.read(scope["query_string"])
        settings, now_s = public.who.settings, self._svc.now() // 1000
        if _is_signed(public):
            _verify(public, address, asked, now_s)
        asked.question.key  # noqa: B018  raises what is wrong with it
        guards.admit(
            msgspec.structs.replace(settings, signed_urls=False),
            asked.parsed,
            "",
            now_s,
            has_transformation=asked.parsed.transforms,
        )
        return _Request(scope, receive, send, address, public, asked, token)

    async def _picture(self, request: _Request) -> tuple[Seen, GenerationId | None]:
        """A picture, or one that is still being made; and the generation, if it was waited for.

        Raises PictureNotMade, PictureFailed, and what `pictures.begin` does.
        """
        seen, waits = await self._look(request), request.public.who.settings.live_wait
        if seen.image is not None:
            return seen, None
        if pictures.is_wanted(seen, self._svc.now()):
            if request.scope["method"] == "HEAD":
                raise errors.PictureNotMade
            seen = await self._begun(request)
        if seen.is_under_way and waits and request.scope["method"] == "GET":
            seen = await unless_left(request.receive, self._wait(request, seen))
        if seen.image is None and seen.status == "failed":
            left_ms = (seen.changed_at or 0) + pictures.PAUSE_MS - self._svc.now()
            raise errors.picture_failed(seen.error_code, max(1, -(-left_ms // 1000)))
        return seen, seen.generation

    async def _begun(self, request: _Request) -> Seen:
        share = clients.share_of(request.scope, self._svc.settings.trusted_proxies)
        visit = Visit(
            request.public.who, request.address.scope, request.asked.question, share, _may_name(request.public)
        )
        seen, is_new = await sync_to_thread(pictures.begin, self._svc, visit)
        if is_new:
            self._wake()
            log.info("live_generation", project=visit.who.project, scope=visit.scope, generation=seen.generation)
        return seen

    async def _look(self, request: _Request) -> Seen:
        who, scope = request.public.who, request.address.scope
        return await self._svc.db.on_loop(pictures.see, self._svc, who, scope, request.asked.question.key)

    def _wait(self, request: _Request, seen: Seen) -> "asyncio.Task[Seen]":
        """One look serves all who wait here for the same; it goes on when one of them leaves."""
        assert seen.generation is not None
        generation = seen.generation
        if (waiting := self._waiting.get(generation)) is None:

            async def ended() -> Seen:
                try:
                    return await until(
                        self._waiters, generation, lambda: self._look(request), lambda now: not now.is_under_way, WAIT_S
                    )
                finally:
                    del self._waiting[generation]

            waiting = self._waiting[generation] = asyncio.create_task(ended())
            waiting.add_done_callback(_heard)
        return waiting

    async def _deliver_new(self, request: _Request, image: ImageId, generation: GenerationId | None) -> bool:
        """False: it is not there any more."""
        who, address = request.public.who, request.address
        location = inner.location(self._svc.settings, address, image, request.asked)
        known = Known(
            path=address.path_of(image),
            query=inner.query(who.settings, address.image(image), request.asked),
            suit=Suit.of(address.scope, image, location, generation),
            expires=request.expires,
        )
        delivered = await self._deliver(request.scope, request.receive, request.send, known, is_new=bool(generation))
        if delivered and generation is None:
            url = (request.scope["path"], request.scope["query_string"])
            self._memory.keep(url, request.token, request.public, known)
        return delivered

    async def _deliver(self, scope: Scope, receive: Receive, send: Send, known: Known, *, is_new: bool = False) -> bool:
        left_s = None if known.expires is None else known.expires - self._svc.now() // 1000
        if left_s is not None and left_s <= 0:
            return False
        dressing = Dressing(send, known.suit, Life.of(self._svc.settings, left_s, is_new=is_new))
        await self._delivery({**scope, "path": known.path, "query_string": known.query}, receive, dressing)
        return not dressing.gone

    async def _send_placeholder(self, request: _Request, seen: Seen) -> None:
        assert seen.generation is not None
        accept = b",".join(value for name, value in request.scope["headers"] if name == b"accept")
        shown = placeholders.of(accept, request.address, request.asked.question, seen.generation)
        headers: RawHeaders = [
            *shown.headers,
            (b"x-cache-status", b"MISS"),
            (b"x-scope", request.address.scope.encode()),
            (b"x-generation-id", seen.generation.encode()),
        ]
        await respond(request.send, 202, headers, b"" if request.scope["method"] == "HEAD" else shown.body)


def _heard(waiting: "asyncio.Task[Seen]") -> None:
    """When everybody has left, nobody else asks how it ended."""
    if not waiting.cancelled():
        waiting.exception()


def _is_signed(public: Public) -> bool:
    """A project whose images need a signature gives none of them away by another door."""
    return public.who.settings.live_signed or public.who.settings.signed_urls


def _may_name(public: Public) -> bool:
    """A picture shows the images that its prompt names, and so would give away to anybody what the project hides. A
    signature was verified before this: those words are the owner's own.
    """
    settings = public.who.settings
    return _is_signed(public) or not (settings.hide_originals or settings.presets_only)


def _verify(public: Public, address: LiveAddress, asked: Asked, now_s: int) -> None:
    handling = asked.parsed.handling
    if asked.parsed.may_be_forged:
        raise signing.SignatureRefused("ambiguous")
    signing.verify(
        public.who.settings.url_keys,
        address.resource,
        asked.signed,
        key_id=handling.key_id,
        signature=handling.signature,
        expires=handling.expires,
        now_s=now_s,
    )
