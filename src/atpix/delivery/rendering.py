"""Renditions in the making: each once at a time, in a bounded queue, on threads of their own.

Whoever asks for the same waits for the same. A client that leaves frees its place; when it was the last, what no child
had begun is not made.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from atpix.delivery import making
from atpix.delivery.hanging_up import unless_left
from atpix.delivery.making import Job, Made, RenderFailed
from atpix.delivery.memory import Memory
from atpix.delivery.sources import Sources
from atpix.errors import AtpixError, Overloaded
from atpix.http.types import Receive
from atpix.images.errors import ImageTooLarge, InvalidImage
from atpix.images.rows import blob_of
from atpix.imaging.errors import GaveUp
from atpix.imaging.pool import Queued
from atpix.services import Services

log = structlog.get_logger("atpix.delivery")

_BESIDE = 4
"""Threads beyond one a decoder: renders of one image stand in line for the decoder that has its pixels."""
_MOST_IN_BACKGROUND = 32
_FAILED_FOR_S = 60.0
_MOST_FAILED = 1000


@dataclass(eq=False, slots=True)
class _Flight:
    """`waiting` counts those who want it; what is `kept_going` is made whoever leaves."""

    background: bool
    kept_going: bool = False
    waiting: int = 0
    on_thread: bool = False
    queued: Queued = field(default_factory=Queued)
    task: "asyncio.Task[Made]" = field(init=False)

    @property
    def began(self) -> bool:
        return self.queued.began

    @property
    def is_unwanted(self) -> bool:
        return not (self.waiting or self.kept_going or self.began)

    def give_up(self) -> None:
        """A thread cannot be cancelled: it is called back, and turn, source and place are held until it is."""
        if self.on_thread:
            self.queued.give_up()
        else:
            self.task.cancel()


class Renderings:
    """One a process, used from its event loop. `counted` is called for each render that was really done; what it made
    goes into `memory`, where it is small.
    """

    def __init__(self, svc: Services, counted: Callable[[], None], memory: Memory) -> None:
        self._svc = svc
        self._counted = counted
        self._memory = memory
        self._sources = Sources(svc.blobs, svc.settings.storage_timeout_s * 2)
        self._flights: dict[str, _Flight] = {}
        self._failed: dict[str, tuple[float, AtpixError]] = {}
        self._patience_s = svc.settings.render_timeout_s * 2
        self._places = asyncio.Semaphore(svc.settings.renderers + _BESIDE)
        self._background = asyncio.Semaphore(1)
        self._threads = ThreadPoolExecutor(svc.settings.renderers + _BESIDE + 1, thread_name_prefix="atpix-render")

    @property
    def waiting(self) -> int:
        """Renders that somebody waits for and that no child has begun. From any thread."""
        return sum(not (flight.began or flight.background) for flight in list(self._flights.values()))

    @property
    def waiting_outside(self) -> int:
        """Those of them that are not in the children's own line either. From any thread."""
        return sum(not (flight.on_thread or flight.background) for flight in list(self._flights.values()))

    async def made(self, job: Job, receive: Receive) -> Made:
        """Raises ClientLeft, Overloaded, RenditionsSpent, ImageTooLarge, InvalidImage, ImageNotFound, and what the
        store raises.
        """
        self._refuse_again(job)
        with self._wanted(self._flight(job, background=False), job) as flight:
            return await unless_left(receive, flight.task)

    async def made_within(self, job: Job, seconds: float, receive: Receive) -> Made | None:
        """None: not in time, or not at all. What has begun by then is made to its end; what has not gives up its
        place, and may `begin` in the background. Raises ClientLeft.
        """
        try:
            self._refuse_again(job)
            with self._wanted(self._flight(job, background=False), job) as flight:
                async with asyncio.timeout(seconds):
                    return await unless_left(receive, flight.task)
        except (TimeoutError, AtpixError):
            return None

    def begin(self, job: Job) -> None:
        """In the background, after all that somebody waits for. Not when too many are waiting there, nor when it has
        just failed.
        """
        with suppress(AtpixError):
            self._refuse_again(job)
            self._flight(job, background=True).kept_going = True

    def close(self) -> None:
        """What is being made is made to its end, and nobody hears of it."""
        for flight in self._flights.values():
            flight.task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._sources.close()

    def _refuse_again(self, job: Job) -> None:
        """What has just failed is not tried with every request. Raises ImageTooLarge, InvalidImage, RenderFailed."""
        until_s, error = self._failed.get(job.name, (0.0, None))
        left_s = until_s - time.monotonic()
        if error is None or left_s <= 0:
            return
        if isinstance(error, RenderFailed):
            raise RenderFailed(error.message, math.ceil(left_s))
        raise type(error)(error.message)

    def _flight(self, job: Job, *, background: bool) -> _Flight:
        """The one that is under way, or a new one. Raises Overloaded."""
        found = self._flights.get(job.name)
        if found is not None and found.background and not (background or found.began):
            found.give_up()  # somebody waits for it now: it begins anew, in front
            found = None
        if found is not None:
            return found
        if background and sum(one.background for one in self._flights.values()) >= _MOST_IN_BACKGROUND:
            raise Overloaded("Many renditions are being made right now; try again in a moment.")
        if not background and self.waiting >= self._svc.settings.render_queue + self._svc.renderers.load.free:
            raise Overloaded("Many renditions are being made right now; try again in a moment.")
        flight = self._flights[job.name] = _Flight(background)
        flight.task = asyncio.create_task(self._fly(flight, job))
        flight.task.add_done_callback(lambda task: self._landed(flight, job, task))
        return flight

    @contextmanager
    def _wanted(self, flight: _Flight, job: Job) -> Iterator[_Flight]:
        flight.waiting += 1
        try:
            yield flight
        finally:
            flight.waiting -= 1
            if flight.is_unwanted and self._flights.get(job.name) is flight:
                del self._flights[job.name]
                flight.give_up()

    def _landed(self, flight: _Flight, job: Job, task: "asyncio.Task[Made]") -> None:
        if self._flights.get(job.name) is flight:
            del self._flights[job.name]
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, ImageTooLarge | InvalidImage | RenderFailed):
            log.warning("render_failed", image=job.image.id, code=error.code, reason=error.message)
            if len(self._failed) >= _MOST_FAILED:
                del self._failed[next(iter(self._failed))]
            self._failed[job.name] = (time.monotonic() + (error.retry_after_s or _FAILED_FOR_S), error)
        elif flight.background and not isinstance(error, GaveUp):
            log.info("background_render_failed", image=job.image.id, reason=type(error).__name__)

    async def _fly(self, flight: _Flight, job: Job) -> Made:
        asked_s = time.perf_counter()
        async with self._svc.renditions.alone(job.key, within_s=self._patience_s) as stored:
            if stored is not None:
                return Made.of(stored)
            return await self._made(flight, job, asked_s)

    async def _made(self, flight: _Flight, job: Job, asked_s: float) -> Made:
        async with self._place(flight, asked_s), self._source(job) as source:
            queued_ms = (time.perf_counter() - asked_s) * 1000
            made = await self._on_thread(flight, job, source)
        self._counted()
        if made.stored is not None and made.body is not None:
            self._memory.put(made.stored.blob_key, made.body)
            made = replace(made, body=None)
        return replace(made, steps_ms={"queue": queued_ms, **made.steps_ms})

    @asynccontextmanager
    async def _place(self, flight: _Flight, asked_s: float) -> AsyncIterator[None]:
        """A place to render in. Nobody waits for the background, so it may wait. Raises Overloaded."""
        places = self._background if flight.background else self._places
        left_s = None if flight.background else asked_s + self._patience_s - time.perf_counter()
        try:
            async with asyncio.timeout(left_s):
                await places.acquire()
        except TimeoutError:
            raise Overloaded("Many renditions are being made right now; try again in a moment.") from None
        try:
            yield
        finally:
            places.release()

    @asynccontextmanager
    async def _source(self, job: Job) -> AsyncIterator[Path]:
        """Raises ImageNotFound, StorageUnavailable, StorageFull."""
        try:
            async with self._sources.file(blob_of(job.image)) as source:
                yield source
        except FileNotFoundError as error:
            raise await asyncio.to_thread(making.without_source, self._svc, job) from error

    async def _on_thread(self, flight: _Flight, job: Job, source: Path) -> Made:
        """Not to be cancelled half-way: the turn to make this rendition is given up when it is over, not before."""
        flight.on_thread = True
        return await asyncio.get_running_loop().run_in_executor(
            self._threads,
            lambda: making.make(self._svc, job, source, flight.queued, background=flight.background),
        )
