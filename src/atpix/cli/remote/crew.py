"""Several jobs at a time, on threads that an impatient user can leave behind."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Generic, Never, TypeVar

J = TypeVar("J")
R = TypeVar("R")

GRACE_S = 3.0
"""After Ctrl-C, for answers to what was sent already."""


class Stopped(Exception):
    """Ends a job from within."""


class Stop:
    """Ctrl-C, as something that threads can ask for."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.at: float | None = None
        self.wake: Callable[[], object] = lambda: None

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def ask(self, *_signal: int | FrameType | None) -> None:
        """The second time, at once."""
        if self.asked:
            raise KeyboardInterrupt
        self.at = time.monotonic()
        self._asked.set()
        self.wake()

    def sleep(self, pause_s: float) -> None:
        """Raises Stopped."""
        if self._asked.wait(pause_s):
            raise Stopped

    @contextmanager
    def on_interrupt(self) -> Iterator[None]:
        """No KeyboardInterrupt meanwhile, which could come between doing a thing and noting that it is done."""
        before = signal.getsignal(signal.SIGINT)
        if before is not signal.SIG_IGN:  # as in the background of a script
            signal.signal(signal.SIGINT, self.ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


class Crew(Generic[J, R]):
    """Each result once, as it comes. After a stop no job is begun; running ones have GRACE_S."""

    def __init__(self, work: Callable[[J], R], at_once: int, stop: Stop) -> None:
        self._work = work
        self._at_once = at_once
        self._stop = stop
        self._waiting: SimpleQueue[J] = SimpleQueue()
        self._done: SimpleQueue[Callable[[], R] | None] = SimpleQueue()

    def results(self, jobs: Sequence[J]) -> Iterator[R]:
        """Raises what the work raised, except Stopped."""
        for job in jobs:
            self._waiting.put(job)
        self._stop.wake = lambda: self._done.put(_raising(Stopped()))
        running = min(self._at_once, len(jobs))
        for number in range(running):
            threading.Thread(target=self._work_on, name=f"transfer-{number}", daemon=True).start()
        while running:
            try:
                result = self._done.get(timeout=self._patience_s())
            except Empty:
                return
            if result is None:
                running -= 1
                continue
            try:
                made = result()
            except Stopped:
                continue
            yield made

    def _patience_s(self) -> float | None:
        return None if self._stop.at is None else max(0.001, self._stop.at + GRACE_S - time.monotonic())

    def _work_on(self) -> None:
        while not self._stop.asked:
            try:
                job = self._waiting.get_nowait()
            except Empty:
                break
            try:
                self._done.put(_returning(self._work(job)))
            except BaseException as error:  # noqa: BLE001  raised again where the results are read
                self._done.put(_raising(error))
        self._done.put(None)


def _returning(value: R) -> Callable[[], R]:
    return lambda: value


def _raising(error: BaseException) -> Callable[[], Never]:
    def fail() -> Never:
        raise error

    return fail
