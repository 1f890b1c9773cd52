"""Telling providers that nobody waits for a job any more, beside whatever else goes on and as well as it can be done.

The job is given up here whether the provider hears of it or not, so that nothing of this fails or holds up a request.
"""

import queue
import threading
from collections.abc import Callable

import structlog

from atpix.providers.values import Queueing

_THREADS = 4
_MOST_WAITING = 1_000

log = structlog.get_logger("atpix.providers")


class Farewells:
    """Safe on any thread. Its threads end when there is nothing to say, and with the process."""

    def __init__(self, named: Callable[[str], Queueing], threads: int = _THREADS, waiting: int = _MOST_WAITING) -> None:
        self._named = named
        self._most = threads
        self._threads = 0
        self._changing = threading.Lock()
        self._jobs: queue.Queue[tuple[str, str]] = queue.Queue(waiting)

    def say(self, name: str, ref: str) -> None:
        """Returns at once and raises nothing. What is too much to remember is logged, and left to the provider."""
        with self._changing:
            try:
                self._jobs.put_nowait((name, ref))
            except queue.Full:
                log.warning("provider_not_told", provider=name, reason="too many jobs are being given up")
                return
            if self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, name="farewells", daemon=True).start()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            name, ref = job
            try:
                self._named(name).cancel(ref)
            except Exception as error:  # noqa: BLE001  a job is given up, whatever the provider's code makes of it
                log.warning("provider_not_told", provider=name, reason=str(error))

    def _next(self) -> tuple[str, str] | None:
        with self._changing:
            try:
                return self._jobs.get_nowait()
            except queue.Empty:
                self._threads -= 1
                return None
