"""A bar on standard error while bytes move; nothing at all where standard error is no terminal."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from atpix.cli.remote.presenting import plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar(Protocol):
    def tell(self, path: Path, moved_bytes: int) -> None:
        """Of this file so far; fewer than before when it begins again."""


class Silence:
    def tell(self, path: Path, moved_bytes: int) -> None:
        pass


@contextmanager
def bar(what: str, total_bytes: int) -> Iterator[Bar]:
    if not sys.stderr.isatty():
        yield Silence()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,  # it would print our data above the bar, on standard error
        redirect_stderr=False,
    ) as drawn:
        yield _Drawn(drawn, drawn.add_task(plain(what), total=total_bytes))


class _Drawn:
    """Safe between threads."""

    def __init__(self, progress: "Progress", task: "TaskID") -> None:
        self._progress = progress
        self._task = task
        self._moved: dict[Path, int] = {}
        self._sum = 0
        self._lock = threading.Lock()

    def tell(self, path: Path, moved_bytes: int) -> None:
        with self._lock:
            self._sum += moved_bytes - self._moved.get(path, 0)
            self._moved[path] = moved_bytes
            self._progress.update(self._task, completed=self._sum)
