"""Rows about bytes coming in: the rate of uploads, and a worker's memory while large files go in and out."""

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from bench import downloading, load, machine, ours
from bench.load import Run
from bench.ours import Ours
from bench.results import Bench, Line, compared, in_turn

_CONNECTIONS = 4
_CLIENTS = 8


def upload_small(bench: Bench) -> Iterator[Line]:
    yield _upload(bench, "100 KB", bench.photographs.small, at_least=0.6)


def upload_large(bench: Bench) -> Iterator[Line]:
    yield _upload(bench, "5 MB", bench.photographs.large, at_least=0.7)


def memory(bench: Bench) -> Iterator[Line]:
    """Resident memory, at its highest, of the worker: the server's largest process when it is idle."""
    with ours.serving(bench.work / "memory") as mine:
        image = mine.upload(bench.photographs.small)
        load.check(mine.image(image["id"]))
        worker = machine.largest(mine.process)
        idle, idle_tree = worker.memory_info().rss, machine.tree_rss_bytes(mine.process)
        peaks = machine.Peaks(worker, mine.process)
        with peaks:
            failures = _move_huge_files(bench, mine)
        more = peaks.one_bytes - idle
        met = more <= 64 * machine.MIB and idle <= 130 * machine.MIB and not failures
        yield Line(
            f"memory of a worker while {_CLIENTS} clients upload and download 45 MB (baseline: idle)",
            _mib(idle),
            f"{_mib(peaks.one_bytes)}, {_mib(more)} more",
            None,
            "64 MiB more at most, idle 130 MiB at most",
            met,
            (
                f"all processes, shared pages in each: {_mib(idle_tree)} idle, {_mib(peaks.tree_bytes)} at most",
                *failures,
            ),
        )


def _upload(bench: Bench, size: str, photograph: Path, *, at_least: float) -> Line:
    with ours.serving(bench.work / "uploads") as mine:
        command = [sys.executable, "-m", "bench.upload_steps", photograph, bench.work / "steps", bench.seconds]
        mine.upload(photograph)
        baseline, measured = in_turn(
            bench,
            lambda: _uploads(load.printed(command, machine.cores()[0], bench.seconds)),
            lambda: _over_http(bench, mine, photograph),
        )
    return compared(
        f"upload of {size}, {_CONNECTIONS} connections (baseline: the same steps without HTTP)",
        Run.medians(baseline),
        Run.medians(measured),
        at_least=at_least,
    )


def _over_http(bench: Bench, mine: Ours, photograph: Path) -> Run:
    work = {
        "port": mine.port,
        "key": mine.key,
        "photograph": str(photograph),
        "connections": _CONNECTIONS,
        "seconds": bench.seconds,
    }
    before_s = machine.cpu_s(mine.process)
    command = [sys.executable, "-m", "bench.uploading", json.dumps(work)]
    found = load.printed(command, machine.cores()[1], bench.seconds)
    return _uploads(found, server_s=machine.cpu_s(mine.process) - before_s)


def _uploads(found: load.Printed, server_s: float | None = None) -> Run:
    """The steps have no server of their own: their process is it."""
    values, used_s = found.values, found.cpu_s if server_s is None else server_s
    return Run(
        rate=values["uploads"] / values["seconds"],
        p50_ms=values["p50_ms"],
        p99_ms=values["p99_ms"],
        errors=int(values.get("errors", 0)),
        server_us=1e6 * used_s / values["uploads"],
        load_share=0 if server_s is None else found.cpu_s / found.took_s,
        server_share=used_s / values["seconds"],
    )


def _move_huge_files(bench: Bench, mine: Ours) -> tuple[str, ...]:
    """Each client uploads and then downloads what it uploaded, `bench.runs` times. Returns what failed."""
    failures: list[str] = []

    def client() -> None:
        try:
            for _ in range(bench.runs):
                image = mine.upload(bench.photographs.huge)
                received = downloading.received_bytes(mine.port, mine.image(image["id"]).paths[0])
                assert received == image["fileSize"], f"{received} bytes"
        except (AssertionError, OSError) as error:
            failures.append(f"FAILED: {error}")

    clients = [threading.Thread(target=client) for _ in range(_CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return tuple(failures)


def _mib(size: int) -> str:
    return f"{size / machine.MIB:.0f} MiB"
