"""Whether this process can do its work. Every answer comes in bounded time, also when a database or a bucket hangs.

A check that hangs keeps its one thread; others that ask meanwhile wait for the same check, so threads do not pile up.
What was found a moment ago is said again: whoever asks without a key must not load the database or the bucket.
Nothing here runs on the threads of requests, which may all be waiting for the very thing that is looked at.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
import structlog

from atpix import SCHEMA
from atpix.errors import AtpixError
from atpix.http.wire import Wire
from atpix.services import Services

log = structlog.get_logger("atpix.health")

TIMEOUT_S = 2.0
_FRESH_S = 1.0
_REVISION = sa.text("SELECT version_num FROM alembic_version")

Check = Callable[[], None]


class CheckOut(Wire, frozen=True):
    """`ms` is how long it took; `reason` is a code, or `timeout`."""

    status: Literal["ok", "failed"]
    ms: float
    reason: str | None = None


class ReadinessOut(Wire, frozen=True):
    """Ready when every check is ok."""

    status: Literal["ready", "unready"]
    checks: dict[str, CheckOut]


class NotReady(Exception):
    """The reason, in a word."""


def checks(svc: Services, threads: Mapping[str, Callable[[], bool]]) -> dict[str, Check]:
    """`threads` by name: whether each is alive."""

    def database() -> None:
        with svc.db.read() as tx:
            tx.scalar(sa.select(1))

    def migrations() -> None:
        """A newer schema is one that this release still works on: it is there while replicas are replaced."""
        with svc.db.read() as tx:
            found = tx.scalar(_REVISION)
        if found is None or found < SCHEMA:
            raise NotReady("MIGRATIONS_MISSING")

    def alive(name: str, is_alive: Callable[[], bool]) -> Check:
        def check() -> None:
            if not is_alive():
                raise NotReady(f"{name.upper()}_ENDED")

        return check

    lives = {name: alive(name, is_alive) for name, is_alive in threads.items()}
    return {"database": database, "migrations": migrations, "storage": svc.blobs.check, **lives}


class Readiness:
    """One a process."""

    def __init__(self, checks: Mapping[str, Check], timeout_s: float = TIMEOUT_S) -> None:
        self._probes = {name: _Probe(name, check) for name, check in checks.items()}
        self._timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="atpix-readiness")
        self._next: asyncio.Future[ReadinessOut] | None = None

    async def next_report(self) -> ReadinessOut:
        """From the event loop: all who ask meanwhile get the same one."""
        if self._next is None or self._next.done():
            self._next = asyncio.get_running_loop().run_in_executor(self._thread, self.report)
        return await asyncio.shield(self._next)

    def report(self) -> ReadinessOut:
        """Blocks for `timeout_s` at most; the checks run side by side."""
        runs = {name: probe.begin() for name, probe in self._probes.items()}
        deadline = time.monotonic() + self._timeout_s
        found = {name: run.result(deadline) for name, run in runs.items()}
        ready = all(one.status == "ok" for one in found.values())
        return ReadinessOut("ready" if ready else "unready", found)


class _Probe:
    """One check, run by one thread at a time."""

    def __init__(self, name: str, check: Check) -> None:
        self._name, self._check = name, check
        self._lock = threading.Lock()
        self._run: _Run | None = None

    def begin(self) -> "_Run":
        """The run at work, or one of a moment ago, or a new one."""
        with self._lock:
            if self._run is None or self._run.is_stale():
                self._run = _Run(self._name, self._check)
                threading.Thread(target=self._run.carry_out, name=f"atpix-check-{self._name}", daemon=True).start()
            return self._run


@dataclass
class _Outcome:
    found: CheckOut
    at_s: float


class _Run:
    def __init__(self, name: str, check: Check) -> None:
        self._name, self._check = name, check
        self._began_s = time.monotonic()
        self._ended = threading.Event()
        self._outcome: _Outcome | None = None

    def is_stale(self) -> bool:
        return self._outcome is not None and time.monotonic() - self._outcome.at_s > _FRESH_S

    def carry_out(self) -> None:
        reason = None
        try:
            self._check()
        except NotReady as error:
            reason = str(error)
        except AtpixError as error:
            reason = error.code
        except Exception:  # a fault of the check itself is an answer too
            reason = "INTERNAL_ERROR"
            log.exception("check_failed", check=self._name)
        self._outcome = _Outcome(self._found(reason), time.monotonic())
        self._ended.set()

    def result(self, deadline: float) -> CheckOut:
        self._ended.wait(max(0.0, deadline - time.monotonic()))
        return self._outcome.found if self._outcome is not None else self._found("timeout")

    def _found(self, reason: str | None) -> CheckOut:
        took_ms = round((time.monotonic() - self._began_s) * 1000, 1)
        return CheckOut("ok" if reason is None else "failed", took_ms, reason)
