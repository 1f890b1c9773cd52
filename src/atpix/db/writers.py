"""Writers of one SQLite file queue up, over threads and processes, instead of polling for its lock.

SQLite itself lets a writer sleep and try again, up to 100 ms at a time, and whoever sleeps longest loses: of 1,000
alias moves from two processes the slowest hundredth took 2.1 s. The lock of this file wakes the next at once. It
guards nothing: SQLite's own lock does, for whoever does not come through here. It goes with the process that holds it.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from atpix.errors import StorageUnavailable


class Writers:
    """A queue beside the database file."""

    def __init__(self, database: str) -> None:
        self._path = f"{database}-writers"
        self._threads = threading.Lock()
        self._descriptor: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Ours alone while the block runs. Raises StorageUnavailable when the folder takes no file."""
        with self._threads:
            if self._descriptor is None:
                self._descriptor = self._opened()
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

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
