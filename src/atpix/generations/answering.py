"""How requests that make something are answered: when it has ended, or when the caller has waited enough.

`Idempotency-Key`: the answer that is stored with the record is 202, so that a crash behind it makes no second one; when
the first request gets to see the end, what it answers takes that place. A retry that comes while the first still waits
is answered 202, and follows the Location.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import msgspec
from litestar import Response
from litestar.concurrency import sync_to_thread

from atpix.caller import Caller
from atpix.db import Writing
from atpix.generations import actions, rows
from atpix.generations.actions import Seal
from atpix.generations.beginning import Made, Precondition
from atpix.generations.rows import Generation, Shown
from atpix.generations.schemas import GenerationOut
from atpix.generations.waiting import Waiters, until
from atpix.http import answers, idempotency
from atpix.http.conditional import etag_of, require_match
from atpix.http.dependencies import AnyRequest
from atpix.http.once import Once
from atpix.http.preferring import Preference, wait_of
from atpix.http.wire import Answer, encode
from atpix.ids import GenerationId
from atpix.services import Services

T = TypeVar("T")
One = Response[Answer[GenerationOut]]
Work = Callable[[Seal], Made]


@dataclass(frozen=True, slots=True)
class Asking:
    """One request, and whom it comes from."""

    request: AnyRequest
    svc: Services
    who: Caller

    def out(self, shown: Shown) -> GenerationOut:
        return GenerationOut.of(shown, self.who, self.svc.settings.cdn)

    def unless_changed(self, if_match: str | None) -> Precondition:
        """`If-Match`, held against the generation as the transaction sees it."""
        return lambda shown: require_match(if_match, lambda: etag_of(encode(self.out(shown))))

    def wake(self) -> None:
        """There is something to do: the runner of this process need not find it by itself."""
        self.request.app.state.wake()

    def gave_up(self, run: Generation) -> None:
        """After the commit that ended it: whoever waits for it looks again, and a provider that is at work on it is
        told, without making the caller wait for that, or fail.
        """
        self.waiters.changed(run.id)
        if run.provider_ref is not None:
            self.svc.providers.give_up(run.provider, run.provider_ref)

    @property
    def waiters(self) -> Waiters:
        waiters: Waiters = self.request.app.state.waiters
        return waiters


async def begun(asking: Asking, work: Work, prefer: str | None, *, ended_status: int, body: bytes = b"") -> One:
    """Do the work, once, and wait for what it has begun, as long as `prefer` allows. `ended_status` is 201 for what is
    new, else 200; `body` is what a repeated request must have said as well. Raises ValidationFailed.
    """
    preference = wait_of(prefer)
    found = await sync_to_thread(done_once, asking, work, 202, body)
    if isinstance(found, Response):
        return _replayed(found, preference)
    made, once = found
    asking.wake()
    answer = await waited(asking, made, preference, ended_status=ended_status)
    if once.active and answer.status_code != 202:
        await sync_to_thread(_settle, asking, once, answer)
    return answer


def done_once(asking: Asking, work: Callable[[Seal], T], status: int, body: bytes = b"") -> tuple[T, Once] | One:
    """What the work gave, or what was answered before. On a thread."""
    with Once.held(asking.svc, asking.who, asking.request) as once:
        path = asking.request.url.path
        if (before := once.replay(idempotency.fingerprint("POST", path, body))) is not None:
            return before

        def seal(tx: Writing, shown: Shown) -> None:
            once.seal(tx, status, lambda: answers.encoded(asking.out(shown)))

        return work(seal), once


async def waited(asking: Asking, made: Made, preference: Preference, *, ended_status: int) -> One:
    generation = made.shown.generation.id
    shown = await _until_ended(asking, generation, preference.wait_s)
    ended = shown.generation.has_ended
    headers = {**preference.applied, **(made.rate.headers if made.rate else {})}
    if ended_status == 201 or not ended:
        headers["Location"] = _location(generation)
    return answers.tagged(asking.out(shown), status=ended_status if ended else 202, headers=headers)


async def _until_ended(asking: Asking, generation: GenerationId, within_s: float) -> Shown:
    """Raises GenerationNotFound when it is deleted meanwhile."""
    svc, who = asking.svc, asking.who

    def has_ended() -> bool:
        with svc.db.read() as tx:
            return rows.has_ended(tx, who, generation)

    await until(asking.waiters, generation, lambda: svc.db.on_loop(has_ended), bool, within_s)
    return await svc.db.on_loop(actions.get, svc, who, generation)


def _settle(asking: Asking, once: Once, answer: One) -> None:
    """A retry is answered with what was answered now."""
    etag = str(answer.headers["ETag"])
    with asking.svc.db.transaction(durable=False) as tx:
        once.seal(tx, answer.status_code or 200, lambda: answers.Encoded(_bytes(answer), etag))


def _replayed(before: One, preference: Preference) -> One:
    """With the headers that are not stored."""
    found = msgspec.json.decode(_bytes(before), type=_Stored)
    before.headers |= {"Location": _location(GenerationId(found.data.id)), **preference.applied}
    return before


class _StoredData(msgspec.Struct):
    id: str


class _Stored(msgspec.Struct):
    data: _StoredData


def _bytes(answer: One) -> bytes:
    """It is encoded already, whatever its type says."""
    return cast("bytes", answer.content)


def _location(generation: GenerationId) -> str:
    return f"/api/v1/generations/{generation}"
