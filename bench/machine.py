"""The machine, and how it is kept from lying: who runs on which core, pages in place, CPU seconds and memory."""

import os
import platform
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import psutil

MIB = 2**20
_FILL_BYTES = 800 * MIB
_PACKAGES = ("granian", "litestar", "msgspec", "sqlalchemy", "psycopg", "pyvips-binary")


def cores() -> tuple[int, int]:
    """(the server's core, the load's core); one and the same on a machine with a single core."""
    mine = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    return mine[0], mine[-1]


def pinned(command: Sequence[object], *kept_on: int) -> list[str]:
    """The command, kept on these cores with everything it starts."""
    words = [str(word) for word in command]
    return ["taskset", "-c", ",".join(map(str, kept_on)), *words] if shutil.which("taskset") else words


def pin_tree(process: psutil.Process, core: int) -> None:
    """For a server that something else started. What it forks later inherits the core."""
    for one in _tree(process):
        with suppress(psutil.NoSuchProcess, AttributeError):
            one.cpu_affinity([core])


def touch_pages(folder: Path) -> None:
    """A virtual machine gives free pages back to its host; each then costs much on first touch. Take them all now."""
    path, block = folder / "pages", b"\0" * MIB
    with path.open("wb") as file:
        for _ in range(_FILL_BYTES // MIB):
            file.write(block)
    path.unlink()


def cpu_s(process: psutil.Process) -> float:
    """User and system seconds of a process and its living descendants."""
    total = 0.0
    for one in _tree(process):
        with suppress(psutil.NoSuchProcess):
            used = one.cpu_times()
            total += used.user + used.system
    return total


def largest(process: psutil.Process) -> psutil.Process:
    """Of a server with one worker, the worker. Its decoders are children of its own."""
    return max(process.children() or [process], key=lambda one: one.memory_info().rss)


def tree_rss_bytes(process: psutil.Process) -> int:
    """Resident memory of the whole tree; what processes share is counted in each of them."""
    total = 0
    for one in _tree(process):
        with suppress(psutil.NoSuchProcess):
            total += one.memory_info().rss
    return total


class Peaks:
    """While the block runs: the highest resident memory of one process, and of a tree, looked at every 20 ms."""

    def __init__(self, one: psutil.Process, tree: psutil.Process) -> None:
        self._one, self._tree = one, tree
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look)
        self.one_bytes = self.tree_bytes = 0

    def __enter__(self) -> None:
        self._watch.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.one_bytes = max(self.one_bytes, self._one.memory_info().rss)
            self.tree_bytes = max(self.tree_bytes, tree_rss_bytes(self._tree))


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """The calling thread, and those that it starts, for as long as the block runs."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def wait_until(true: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Raises TimeoutError with `what` that was waited for."""
    end = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.005)


def described() -> str:
    server, load = cores()
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    tools = ", ".join(filter(None, (_first_line("wrk", "-v"), _first_line("nginx", "-v"))))
    return (
        f"{_cpu_model()}, {os.cpu_count()} cores (server on {server}, load on {load}), "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB; {platform.system()} {platform.release()}; "
        f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}; "
        f"{packages}; {tools or 'neither wrk nor nginx'}"
    )


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _cpu_model() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _first_line(program: str, flag: str) -> str:
    """Both print their version to one of two streams and end with any status."""
    if not (path := shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")):
        return ""
    done = subprocess.run([path, flag], capture_output=True, text=True, check=False)
    text = (done.stdout + done.stderr).strip() or program
    return text.splitlines()[0].split(" [")[0].removeprefix("nginx version: ").replace("/", " ")
