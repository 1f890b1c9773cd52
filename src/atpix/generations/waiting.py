"""Waiting for a generation without a thread and without a connection.

A runner in this process says at once what it has changed; what others change is seen by looking, ever more seldom.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import TypeVar

from atpix.ids import GenerationId

T = TypeVar("T")
_FIRST_LOOK_S, _LAST_LOOK_S = 0.1, 1.0


class Waiters:
    """One a process: who waits for which generation. `changed` may be called from any thread, and costs next to nothing
    when nobody waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[GenerationId, set[Watch]] = {}
        self._released = False

    def release_all(self) -> None:
        """At the end of this process: who waits gets one more look, and nobody waits any more."""
        with self._lock:
            self._released = True
            watches = tuple(chain.from_iterable(self._waiting.values()))
        for watch in watches:
            watch.wake()

    def changed(self, generation: GenerationId) -> None:
        """After the commit."""
        with self._lock:
            watches = tuple(self._waiting.get(generation, ()))
        for watch in watches:
            watch.wake()

    @contextmanager
    def watching(self, generation: GenerationId) -> Iterator["Watch"]:
        """Begin before the first look at the row, so that no change falls in between. On the event loop."""
        watch = Watch(lambda: self._released)
        with self._lock:
            self._waiting.setdefault(generation, set()).add(watch)
        try:
            yield watch
        finally:
            with self._lock:
                self._waiting[generation].discard(watch)
                if not self._waiting[generation]:
                    del self._waiting[generation]


class Watch:
    """One who waits, on the loop that made it."""

    def __init__(self, released: Callable[[], bool]) -> None:
        self._released = released
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    @property
    def is_released(self) -> bool:
        """There is nothing to wait for: this process ends."""
        return self._released()

    def wake(self) -> None:
        """From any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._changed.set)

    async def change(self, within_s: float) -> None:
        """Returns when something has changed since the last time, or after `within_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, within_s)):
                await self._changed.wait()
        self._changed.clear()


async def looks(watch: Watch, within_s: float) -> AsyncIterator[None]:
    """Whenever it is time to look: at once, after every change, now and then, and when `within_s` or all waiting is
    over.
    """
    end_s, pause_s = time.monotonic() + within_s, _FIRST_LOOK_S
    yield
    while (left_s := end_s - time.monotonic()) > 0 and not watch.is_released:
        await watch.change(min(left_s, pause_s))
        pause_s = min(pause_s * 1.5, _LAST_LOOK_S)
        yield


async def until(
    waiters: Waiters,
    generation: GenerationId,
    look: Callable[[], Awaitable[T]],
    ended: Callable[[T], bool],
    within_s: float,
) -> T:
    """The last look: one that has ended, or the one when `within_s` was over."""
    with waiters.watching(generation) as watch:
        async for _ in looks(watch, within_s):
            seen = await look()
            if ended(seen):
                break
    return seen
