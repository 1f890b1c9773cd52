"""Which runners of this machine live: each holds the lock of a file in a folder of its own, and the kernel lets go of
it when its process ends, however it ends. So what a killed runner had is taken over at once.

In the folder lies what a runner needs while it works; it goes with it.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_LOCK = "lock"


class Life:
    """Of one runner, from here to `end()`."""

    def __init__(self, data: Path, runner: str) -> None:
        """Raises OSError when the folder takes no file."""
        self._all = data / "runners"
        self.folder = self._all / runner
        self._all.mkdir(parents=True, exist_ok=True, mode=0o700)
        unborn = self._all / f".{runner}"
        unborn.mkdir(mode=0o700)
        self._descriptor: int | None = _locked(unborn / _LOCK)
        unborn.rename(self.folder)  # nobody sees it unlocked

    def bury(self, succeed: Callable[[str], None]) -> None:
        """Call `succeed` with each runner that ended without taking its leave: nobody else is told of it meanwhile.
        Whoever looks next is, when `succeed` fails, whose error is let through.
        """
        for folder in self._others():
            try:
                descriptor = _locked(folder / _LOCK)
            except OSError:  # it lives, or somebody else was faster
                continue
            try:
                succeed(folder.name)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)

    def _others(self) -> list[Path]:
        with suppress(OSError), os.scandir(self._all) as entries:
            return [Path(entry.path) for entry in entries if not entry.name.startswith(".") and self._is_other(entry)]
        return []

    def _is_other(self, entry: "os.DirEntry[str]") -> bool:
        return entry.name != self.folder.name

    def end(self) -> None:
        """Safe to repeat."""
        if self._descriptor is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(self._descriptor)
            self._descriptor = None


def _locked(path: Path) -> int:
    """Raises BlockingIOError when another has it, and other OSErrors."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
