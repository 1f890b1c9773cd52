"""Rows about bounds: the memory of a child that renders, and the bytes that renditions may take."""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path

import psutil

from bench import asking, machine, ours, photographs
from bench.imaging_baselines import Job
from bench.ours import Ours
from bench.renditions import UNBOUNDED
from bench.results import Bench, Line

_SIZES = ((12, (4000, 3000), 150), (100, (11_540, 8655), 400))
"""Megapixels, pixels, and how many MiB a child may take at most."""
_JOBS = (Job(800, 600, "jpeg", 80), Job(1920, None, "webp", 80))
_KINDS = {
    "JPEG": ("jpg", False),
    "progressive JPEG": ("jpg", True),
    "PNG": ("png", False),
    "interlaced PNG": ("png", True),
    "WebP": ("webp", False),
}
"""A file's suffix, and whether it is progressive: then its decoder holds all of it. Kinds that need more yet stand in
docs/decisions/memory-of-children.md.
"""
_MOST_BYTES = 500 * machine.MIB
_RENDITIONS, _BUDGET_BYTES, _CLIENTS = 10_000, 2 * machine.MIB, 6
_STOPPED_WITHIN_S = 0.2


def memory(bench: Bench) -> Iterator[Line]:
    """Each figure is of children that have done nothing else, as the kernel tells their peak."""
    env = {"ATPIX_MAX_FILE_BYTES": str(_MOST_BYTES)}
    with ours.serving(bench.work / "render-memory", settings=UNBOUNDED, env=env) as mine:
        for megapixels, size, most_mib in _SIZES:
            folder = bench.photographs.small.parent
            peaks = {
                name: _peak_mib(mine, photographs.detailed(folder, size, suffix=suffix, progressive=progressive))
                for name, (suffix, progressive) in _KINDS.items()
            }
            yield Line(
                f"peak memory of a render child, {megapixels} megapixels to 800 x 600 JPEG and to 1,920 wide WebP",
                "-",
                ", ".join(f"{name} {peak:.0f} MiB" for name, peak in peaks.items()),
                None,
                f"{most_mib} MiB at most",
                max(peaks.values()) <= most_mib,
            )


def _peak_mib(mine: Ours, photograph: Path) -> float:
    image = str(mine.upload(photograph)["id"])
    for child in _children(mine):
        with suppress(psutil.NoSuchProcess):
            child.kill()
    with asking.client(mine) as client:
        for job in _JOBS:
            client.render(image, job)
    return max(_peak_bytes(child) for child in _children(mine)) / machine.MIB


def _children(mine: Ours) -> list[psutil.Process]:
    """Those that decode, of all kinds."""
    found = []
    for process in mine.process.children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if any(word.startswith("atpix.imaging") for word in process.cmdline()):
                found.append(process)
    return found


def _peak_bytes(process: psutil.Process) -> int:
    """VmHWM of proc(5)."""
    with suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def budget(bench: Bench) -> Iterator[Line]:
    """The server is stopped (SIGSTOP) while the folder is looked at: what is seen was so at one moment."""
    data = bench.work / "budget"
    env = {"ATPIX_RENDITIONS_BYTES": str(_BUDGET_BYTES)}
    with ours.serving(data, settings=UNBOUNDED, env=env, cores=machine.cores()) as mine:
        image = str(mine.upload(photographs.detailed(bench.photographs.small.parent, (200, 150)))["id"])
        over = threading.Event()
        with ThreadPoolExecutor(1) as watcher:
            watching = watcher.submit(_watch, mine, data / "blobs" / "renditions", over)
            began = time.perf_counter()
            try:
                answers = _ask_for_all(mine, image)
            finally:
                over.set()
            looks = watching.result()
        seconds = time.perf_counter() - began
    largest, files = max(looks)
    above = sum(size > _BUDGET_BYTES for size, _ in looks)
    asked_bytes = sum(size * count for (_, size), count in answers.items())
    failed = Counter(status for status, _ in answers.elements() if status != 200)
    yield Line(
        f"{_RENDITIONS:,} different renditions of one image under a budget of {_BUDGET_BYTES / machine.MIB:g} MiB "
        f"for files of {asked_bytes / machine.MIB:.1f} MiB",
        "-",
        f"{largest / machine.MIB:.3f} MiB at most in {len(looks):,} looks, {above} of them above",
        None,
        "never above the budget",
        not above and not failed and largest > _BUDGET_BYTES / 2,
        (
            f"{_RENDITIONS / seconds:,.0f} renditions a second, {_CLIENTS} clients; {files:,} files when fullest",
            *(f"{count} ANSWERS WITH {status}" for status, count in failed.items()),
        ),
    )


def _watch(mine: Ours, folder: Path, over: threading.Event) -> list[tuple[int, int]]:
    """(bytes, files) of the folder, some fifteen times a second."""
    looks = []
    while not over.wait(0.05):
        with _stopped([mine.process, *mine.process.children(recursive=True)]):
            sizes = list(_sizes(str(folder)))
        looks.append((sum(sizes), len(sizes)))
    return looks


@contextmanager
def _stopped(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """Every thread of them: one that is in the middle of a call ends it first, and that is waited for. Not for long:
    one that has just forked waits in the kernel for its stopped child, and does nothing else.
    """
    try:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        end = time.monotonic() + _STOPPED_WITHIN_S
        while time.monotonic() < end and any(state not in "TtZX" for one in processes for state in _states(one)):
            time.sleep(0.0005)
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def _states(process: psutil.Process) -> Iterator[str]:
    """Of its threads, as proc(5) has them: T is stopped."""
    with suppress(OSError):
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            with suppress(OSError):
                yield (task / "stat").read_text().rpartition(")")[2].split()[0]


def _sizes(folder: str) -> Iterator[int]:
    """Of all files below it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _sizes(entry.path)
            else:
                yield entry.stat().st_size


def _to_all(processes: Sequence[psutil.Process], action: str) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            getattr(process, action)()


def _ask_for_all(mine: Ours, image: str) -> Counter[tuple[int, int]]:
    """How often each status came with how many bytes."""
    side = round(_RENDITIONS**0.5)
    sizes = list(product(range(20, 20 + side), range(20, 20 + side)))

    def ask(some: list[tuple[int, int]]) -> Counter[tuple[int, int]]:
        answers = Counter[tuple[int, int]]()
        with asking.client(mine) as client:
            for width, height in some:
                answer = client.get(image, f"w={width}&h={height}&fit=fill&format=jpeg&q=80")
                answers[answer.status, len(answer.body)] += 1
        return answers

    with ThreadPoolExecutor(_CLIENTS) as pool:
        return sum(pool.map(ask, [sizes[at::_CLIENTS] for at in range(_CLIENTS)]), Counter())
