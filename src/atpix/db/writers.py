"""Writers of one SQLite file queue up, over threads and processes, instead of polling for its lock.

SQLite itself lets a writer sleep and try again, up to 100 ms at a time, and whoever sleeps longest loses: of 1,000
alias moves from two processes the slowest hundredth took 2.1 s. The lock of this file wakes the next at once. It
guards nothing: SQLite's own lock does, for whoever does not come through here. It goes with the process that holds it.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from atpix.errors import DatabaseBusy, StorageUnavailable

_STUCK_S = 0.05


class Writers:
    """A queue beside the database file.

    Once somebody has waited in vain, whoever comes waits a moment only, until somebody gets through: a stuck process
    must not hold all threads of this one, wave after wave.
    """

    def __init__(self, database: str, timeout_s: float) -> None:
        self._path = f"{database}-writers"
        self._timeout_s = timeout_s
        self._threads = threading.Lock()
        self._descriptor: int | None = None
        self._errand: _Errand | None = None
        self._stuck = False

    @contextmanager
    def turn(self, timeout_s: float | None = None) -> Iterator[float]:
        """Ours alone while the block runs, which is told how many seconds of the time-out are left.

        Raises DatabaseBusy past it, StorageUnavailable when the folder takes no file.
        """
        given_s = timeout_s or (_STUCK_S if self._stuck else self._timeout_s)
        deadline = time.monotonic() + given_s
        try:
            if not self._threads.acquire(timeout=given_s):
                raise DatabaseBusy  # noqa: TRY301  one place notes that it is stuck
            try:
                descriptor = self._locked(deadline)
                try:
                    yield max(0.0, deadline - time.monotonic())
                finally:
                    fcntl.flock(descriptor, fcntl.LOCK_UN)
            finally:
                self._threads.release()
        except DatabaseBusy:
            self._stuck = True
            raise
        self._stuck = False

    @contextmanager
    def turn_if_free(self) -> Iterator[bool]:
        """As `turn`, without waiting: tells whether it is ours. Raises StorageUnavailable."""
        if not self._threads.acquire(blocking=False):
            yield False
            return
        try:
            ours = self._errand is None and self._is_locked_at_once()
            try:
                yield ours
            finally:
                if ours:
                    assert self._descriptor is not None
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def _is_locked_at_once(self) -> bool:
        if self._descriptor is None:
            self._descriptor = self._opened()
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _locked(self, deadline: float) -> int:
        if self._descriptor is None:
            self._descriptor = self._opened()
        while True:
            if self._errand is None:
                try:
                    fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return self._descriptor
                except BlockingIOError:
                    self._errand = _Errand(self._descriptor)
            got = self._errand.result(deadline)
            if got is None:
                raise DatabaseBusy
            self._errand = None
            if got:
                return self._descriptor

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StorageUnavailable("The database's folder takes no file; look at its disk and rights.") from error

    def close(self) -> None:
        with self._threads:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


class _Errand:
    """A thread that waits for the file's lock on behalf of one writer after the other: flock has no time-out.

    Trying again and again instead would lose against a busy process, which gives the lock away and takes it within
    microseconds. When nobody waits any more it lets the lock go.
    """

    def __init__(self, descriptor: int) -> None:
        self._own = os.dup(descriptor)  # the same lock, also when the other is closed meanwhile
        self._changed = threading.Condition()
        self._is_awaited = False
        self._got: bool | None = None
        threading.Thread(target=self._wait, name="atpix-writers", daemon=True).start()

    def _wait(self) -> None:
        fcntl.flock(self._own, fcntl.LOCK_EX)
        with self._changed:
            self._got = self._is_awaited
            if not self._got:
                fcntl.flock(self._own, fcntl.LOCK_UN)
            os.close(self._own)
            self._changed.notify_all()

    def result(self, deadline: float) -> bool | None:
        """Whether the lock is the caller's now. None: not yet."""
        with self._changed:
            self._is_awaited = True
            self._changed.wait_for(lambda: self._got is not None, max(0.0, deadline - time.monotonic()))
            self._is_awaited = False
            return self._got
