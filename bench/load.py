"""Load on an HTTP server: `wrk` where it is installed, else our own generator, which says so aloud."""

import http.client
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median

import psutil

from bench import machine

_WRK = """
local paths = {{{paths}}}
local requests, at = {{}}, 0
function init(args)
  {headers}
  for i, path in ipairs(paths) do requests[i] = wrk.format("GET", path) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nRESULT {{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Target:
    """GET each path in turn. `process` is the server's tree, whose CPU is counted."""

    port: int
    paths: tuple[str, ...]
    process: psutil.Process
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    body_bytes: int | None = None


@dataclass(frozen=True)
class Run:
    """One counted run, or the medians of several."""

    rate: float
    p50_ms: float
    p99_ms: float
    errors: int
    server_us: float
    """CPU of the server's tree, a request."""
    load_share: float
    """Of its core, what the generator used: near 1 it measured itself."""
    server_share: float
    """Of its core, what the server's tree used. Far below 1 something else was in the way: read the CPU a request."""

    @classmethod
    def medians(cls, runs: list["Run"]) -> "Run":
        return cls(
            rate=median(run.rate for run in runs),
            p50_ms=median(run.p50_ms for run in runs),
            p99_ms=median(run.p99_ms for run in runs),
            errors=sum(run.errors for run in runs),
            server_us=median(run.server_us for run in runs),
            load_share=max(run.load_share for run in runs),
            server_share=median(run.server_share for run in runs),
        )

    def __str__(self) -> str:
        failed = f", {self.errors} ERRORS" if self.errors else ""
        full = ", LOAD'S CORE FULL" if self.load_share > 0.95 else ""
        return (
            f"{self.rate:,.0f}/s (p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, server {self.server_us:.0f} µs "
            f"a request, {self.server_share:.0%} of its core, load {self.load_share:.0%}{failed}{full})"
        )


@cache
def generator() -> str:
    if shutil.which("wrk"):
        return "wrk"
    print("wrk is not installed: the load is our own generator in Python, which is slower; read the CPU a request.")
    return "own generator (wrk is not installed)"


def check(target: Target) -> None:
    """The answer is the one that the row is about. Raises AssertionError with what came instead."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=10)
    try:
        for path in target.paths[:3]:
            connection.request("GET", path, headers=dict(target.headers))
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == target.status, f"{path}: {answer.status} {body[:300]!r}"
            assert target.body_bytes in (None, len(body)), f"{path}: {len(body)} bytes"
    finally:
        connection.close()


def answers(target: Target) -> bool:
    try:
        check(target)
    except (AssertionError, OSError):
        return False
    return True


def headers(target: Target) -> dict[str, str]:
    """Of the answer to the first path; names in lower case."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=10)
    try:
        connection.request("GET", target.paths[0], headers=dict(target.headers))
        answer = connection.getresponse()
        answer.read()
        return {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


@dataclass(frozen=True)
class Printed:
    """What a measuring command printed on its line RESULT, and what it used."""

    values: dict[str, float]
    cpu_s: float
    took_s: float


def printed(command: Sequence[object], core: int, seconds: float) -> Printed:
    """Run it on that core. Raises RuntimeError with what it said when it fails."""
    before_s, began = _children_s(), time.monotonic()
    done = subprocess.run(
        machine.pinned(command, core), capture_output=True, text=True, check=False, timeout=seconds + 120
    )
    if done.returncode:
        raise RuntimeError(f"{command[:3]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
    took_s = time.monotonic() - began
    return Printed(json.loads(done.stdout.rpartition("RESULT ")[2]), _children_s() - before_s, took_s)


def drive(target: Target, *, connections: int, seconds: float, work: Path) -> Run:
    """One counted run from the load's core."""
    command = _wrk(target, connections, seconds, work) if generator() == "wrk" else _own(target, connections, seconds)
    before_s = machine.cpu_s(target.process)
    found = printed(command, machine.cores()[1], seconds)
    server_s, values = machine.cpu_s(target.process) - before_s, found.values
    return Run(
        rate=values["requests"] / values["seconds"],
        p50_ms=values["p50_ms"],
        p99_ms=values["p99_ms"],
        errors=int(values["errors"]),
        server_us=1e6 * server_s / max(1, values["requests"]),
        load_share=found.cpu_s / found.took_s,
        server_share=server_s / values["seconds"],
    )


def _wrk(target: Target, connections: int, seconds: float, work: Path) -> list[str]:
    script = work / "load.lua"
    script.write_text(
        _WRK.format(
            paths=", ".join(json.dumps(path) for path in target.paths),
            headers="\n  ".join(f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in target.headers.items()),
        )
    )
    url = f"http://127.0.0.1:{target.port}{target.paths[0]}"
    return ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script), url]


def _own(target: Target, connections: int, seconds: float) -> list[str]:
    work = {
        "port": target.port,
        "paths": target.paths,
        "headers": dict(target.headers),
        "connections": connections,
        "seconds": seconds,
    }
    return [sys.executable, "-m", "bench.generator", json.dumps(work)]


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
