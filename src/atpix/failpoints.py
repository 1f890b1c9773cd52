"""Places where a test may kill the process, named in the code that must survive it. Nothing happens otherwise."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

Failpoint = Callable[[str], None]


def failpoint(armed: str) -> Failpoint:
    """`armed` is a name (`upload.bytes`), or a name and a count (`upload.bytes:3`, the third passage), or empty.

    `@FILE` is armed while FILE holds a name. It is removed first, so that the next process lives.
    """
    if not armed:
        return _pass
    if armed.startswith("@"):
        return _once(Path(armed[1:]))
    name, _, count = armed.partition(":")
    left = [int(count or 1)]

    def reached(here: str) -> None:
        if here == name:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reached


def _once(file: Path) -> Failpoint:
    def reached(here: str) -> None:
        if file.exists() and file.read_text() == here:
            file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def _pass(_here: str) -> None:
    return
