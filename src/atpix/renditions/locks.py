"""One render per key at a time, over the processes of a machine.

A range of bytes in one lock file stands for each key, at a place derived from its digest; the file stays empty. The
kernel frees what a killed process had. Two keys at one place (once in 2**60 pairs) take turns, nothing worse.
"""

import fcntl
import os
import threading
from pathlib import Path

_HEX_DIGITS = 15  # 60 bits: an offset is a signed 64-bit number


class Locks:
    """One a process and file: closing any descriptor of a file lets go of all that its process has locked in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._held: set[int] = set()
        self._descriptor: int | None = None

    def take(self, digest: str) -> bool:
        """Without waiting. The kernel does not tell our own threads apart, the set does. Raises OSError."""
        place = int(digest[:_HEX_DIGITS], 16)
        with self._guard:
            if place in self._held:
                return False
            try:
                fcntl.lockf(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except (BlockingIOError, PermissionError):
                return False
            self._held.add(place)
            return True

    def let_go(self, digest: str) -> None:
        place = int(digest[:_HEX_DIGITS], 16)
        with self._guard:
            self._held.discard(place)
            if self._descriptor is not None:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, place)

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return self._descriptor

    def close(self) -> None:
        with self._guard:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
