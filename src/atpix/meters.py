"""What operators measure. Each process counts by itself and writes its counts down once a second; `/metrics`, whichever
process answers it, adds up all that were written on this machine.

Plain numbers on the way of every request: counting costs half a microsecond, which prometheus_client's own metrics do
not (3 to 10, and more with its files shared between processes).
"""

import os
import secrets
import socket
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""The upper bounds of the latency histogram's buckets."""
_EVERY_S = 1.0


class Answered(msgspec.Struct):
    """Of one route, method and status. `buckets` has one place more than there are bounds."""

    method: str
    route: str
    status: int
    count: int = 0
    sent_bytes: int = 0
    seconds: float = 0.0
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(SECONDS) + 1))


class Counts(msgspec.Struct):
    """What one process has counted since it began, and what it has at hand now."""

    pid: int
    answered: list[Answered]
    gauges: dict[str, float]
    totals: dict[str, int] = {}


Gauges = Callable[[], dict[str, float]]


class Meters:
    """One a process. Without a folder the counts stay in it."""

    def __init__(self, folder: Path | None = None, gauges: Gauges = dict) -> None:
        self._answered: dict[tuple[str, str, int], Answered] = {}
        self._gauges = gauges
        self._totals: dict[str, int] = {}
        self._folder = folder
        self._name = f"{_machine()}-{os.getpid()}-{secrets.token_hex(4)}.json"
        self._written = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, name="atpix-meters", daemon=True)

    def answered(self, method: str, route: str, status: int, seconds: float, sent_bytes: int) -> None:
        """On the way of every request, always on the event loop's thread."""
        key = (method, route, status)
        row = self._answered.get(key)
        if row is None:
            row = self._answered[key] = Answered(method, route, status)
        row.count += 1
        row.sent_bytes += sent_bytes
        row.seconds += seconds
        row.buckets[bisect_left(SECONDS, seconds)] += 1

    def count(self, name: str) -> None:
        """One more of it, in this process's life. On the event loop's thread."""
        self._totals[name] = self._totals.get(name, 0) + 1

    def start(self) -> Self:
        if self._folder is not None:
            self._thread.start()
        return self

    def stop(self) -> None:
        """What was counted stays written: a process that ends takes no counts back."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def of_this_machine(self) -> list[Counts]:
        """Of this process as of now, of the others as of a second ago."""
        own = self._own()
        return [own, *self._others()]

    def _own(self) -> Counts:
        return Counts(os.getpid(), list(self._answered.values()), self._gauges(), dict(self._totals))

    def _others(self) -> Iterable[Counts]:
        if self._folder is None:
            return
        for path in self._folder.glob(f"{_machine()}-*.json"):
            if path.name != self._name:
                with suppress(OSError, msgspec.MsgspecError):
                    yield msgspec.json.decode(path.read_bytes(), type=Counts)

    def _keep_writing(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self._write()
        self._write()

    def _write(self) -> None:
        """Whole or not at all. A full disk costs the other processes' view of this one, nothing else."""
        assert self._folder is not None
        counts = msgspec.json.encode(self._own())
        if counts == self._written:
            return
        temporary = self._folder / f".{self._name}"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(counts)
            temporary.replace(self._folder / self._name)
            self._written = counts


def folder(data: Path) -> Path:
    return data / "metrics"


def forget_ended(data: Path) -> None:
    """Before a server starts: what processes of an earlier one have left. Those that run beside it keep theirs."""
    with suppress(OSError):
        for path in folder(data).glob(f"*{_machine()}-*.json"):
            if not is_alive(int(path.name.rpartition("-")[0].rpartition("-")[2])):
                path.unlink()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True


def _machine() -> str:
    """Safe in a file name and in a glob."""
    return "".join(c for c in socket.gethostname() if c.isalnum() or c == "-") or "here"
