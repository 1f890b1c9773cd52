"""The background work of a process. Any number of workers may run at once, on one machine or many.

What is due is claimed in the database, for a lease; nothing is held while a store is asked; everything is safe to
repeat. An idle worker only reads. Nothing stops it but `stop()`: what fails is logged and tried again, ever later.
"""

import random
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import structlog

from atpix import outbox, windows
from atpix.errors import AtpixError
from atpix.http import idempotency
from atpix.ids import image_of, renditions_of
from atpix.images import retention
from atpix.outbox import Job
from atpix.services import Services

log = structlog.get_logger("atpix.worker")

_TICK_S = 1.0
_LONGEST_PAUSE_S = 30.0
_BATCH = 100
_SLOW_S = 5.0
_STAGED_FOR_S = 3600.0
_WINDOWS_FOR_MS = 24 * 3600 * 1000

Stopped = Callable[[], bool]


def _never() -> bool:
    return False


class Report(NamedTuple):
    """What one iteration has done. `failed` names the steps that did not come to their end."""

    deleted_blobs: int = 0
    swept_intents: int = 0
    purged_images: int = 0
    swept_staged: int = 0
    forgotten_keys: int = 0
    forgotten_renditions: int = 0
    forgotten_windows: int = 0
    failed: tuple[str, ...] = ()


def run_once(svc: Services, *, stopped: Stopped = _never) -> Report:
    """Everything that is due now, sweeps first: what they find goes in the same iteration. Never raises."""
    swept = sweep(svc, stopped=stopped)
    deleted, failed = _attempt("outbox", lambda: deliver(svc, stopped=stopped))
    return swept._replace(deleted_blobs=deleted, failed=swept.failed + failed)


def sweep(svc: Services, *, stopped: Stopped = _never) -> Report:
    """What has become due by time alone. Steps do not depend on one another. Never raises."""
    intents, a = _attempt("intents", lambda: _end_intents(svc, stopped))
    images, b = _attempt("trash", lambda: _empty_trash(svc, stopped))
    staged, c = _attempt("staged", lambda: _end_staged(svc))
    keys, d = _attempt("idempotency", lambda: _forget_keys(svc, stopped))
    renditions, e = _attempt("renditions", svc.renditions.sweep)
    counted, f = _attempt("windows", lambda: _forget_windows(svc))
    return Report(0, intents, images, staged, keys, renditions, counted, a + b + c + d + e + f)


def deliver(svc: Services, *, stopped: Stopped = _never) -> int:
    """Work the outbox off. Returns how many blobs are deleted.

    Raises what the first failure of a batch was; the rows that failed wait, longer each time.
    """
    count = 0
    while not stopped():
        with svc.db.read() as tx:
            if not outbox.any_due(tx, svc.now()):
                break
        with svc.db.transaction(durable=False) as tx:
            jobs = outbox.claim(tx, svc.now(), most=_BATCH)
        if not jobs:
            break  # another worker was faster
        svc.failpoint("worker.claimed")
        count += _worked_off(svc, jobs, stopped)
    return count


def _worked_off(svc: Services, jobs: list[Job], stopped: Stopped) -> int:
    """A store that fails slowly is asked once, not a hundred times: the rest of the batch goes back untried."""
    done: list[Job] = []
    failed: list[tuple[Job, Exception]] = []
    patience_ends = time.monotonic() + _SLOW_S
    for job in jobs:
        if stopped() or (failed and time.monotonic() > patience_ends):
            break
        try:
            _carry_out(svc, job)
        except Exception as error:  # noqa: BLE001  whatever it is, this row waits and the others go on
            failed.append((job, error))
        else:
            done.append(job)
    svc.failpoint("worker.deleted")
    _put_down(svc, done, failed, jobs[len(done) + len(failed) :])
    if failed:
        raise failed[0][1]
    return sum(job.kind == outbox.DELETE_BLOB for job in done)


def _put_down(svc: Services, done: list[Job], failed: list[tuple[Job, Exception]], rest: list[Job]) -> None:
    with svc.db.transaction(durable=False) as tx:
        if done:
            outbox.done(tx, done)
        for job, error in failed:
            outbox.postpone(tx, job, svc.now() + int(backoff_s(job.attempts) * 1000), _reason(error))
        if rest:
            outbox.hand_back(tx, rest)


def _reason(failure: Exception) -> str:
    return f"{failure.code}: {failure.message}" if isinstance(failure, AtpixError) else type(failure).__name__


def _carry_out(svc: Services, job: Job) -> None:
    """Raises StorageUnavailable. What this release does not know waits for one that does."""
    match job.kind:
        case outbox.DELETE_BLOB:
            svc.blobs.delete(job.key)
            if (names := image_of(job.key)) is not None:
                svc.renditions.drop(*names)
        case outbox.DROP_RENDITIONS:
            folder = renditions_of(job.key)
            svc.renditions.drop(folder.project, folder.image, focal_only=folder.focal_only)
        case _:
            raise _UnknownJob(job.kind)


class _UnknownJob(AtpixError):
    def __init__(self, kind: str) -> None:
        super().__init__(f"This release does not know how to {kind}.")


def _end_intents(svc: Services, stopped: Stopped) -> int:
    before = svc.now() - int(svc.settings.intent_ttl_s * 1000)

    def batch() -> int:
        with svc.db.read() as tx:
            if not outbox.any_abandoned(tx, before):
                return 0
        with svc.db.transaction() as tx:
            ended = outbox.sweep_abandoned(tx, before, svc.now(), most=_BATCH)
            svc.failpoint("worker.swept")
            return ended

    return _in_batches(batch, stopped)


def _empty_trash(svc: Services, stopped: Stopped) -> int:
    def batch() -> int:
        with svc.db.read() as tx:
            expired = retention.expired(tx, svc.now(), most=_BATCH)
        purged = 0
        for project, images in expired.items():
            with svc.db.transaction() as tx:
                purged += retention.purge(tx, project, images, svc.now())
                svc.failpoint("worker.purged")
        return purged

    return _in_batches(batch, stopped)


def _end_staged(svc: Services) -> int:
    return svc.blobs.delete_staged_older_than(max(_STAGED_FOR_S, svc.settings.upload_timeout_s))


def _forget_keys(svc: Services, stopped: Stopped) -> int:
    def batch() -> int:
        with svc.db.read() as tx:
            if not idempotency.any_old(tx, svc.now()):
                return 0
        with svc.db.transaction(durable=False) as tx:
            return idempotency.forget_old(tx, svc.now(), most=_BATCH)

    return _in_batches(batch, stopped)


def _forget_windows(svc: Services) -> int:
    before = svc.now() - _WINDOWS_FOR_MS
    with svc.db.read() as tx:
        if not windows.any_old(tx, before):
            return 0
    with svc.db.transaction(durable=False) as tx:
        return windows.forget_old(tx, before)


def _in_batches(batch: Callable[[], int], stopped: Stopped) -> int:
    """Short transactions, one after another, until there is nothing left: others write in between."""
    total = 0
    while not stopped() and (count := batch()):
        total += count
    return total


def _attempt(step: str, work: Callable[[], int]) -> tuple[int, tuple[str, ...]]:
    """A background step must not take the others down with it; the log says what happened."""
    try:
        return work(), ()
    except AtpixError as error:
        log.warning("step_failed", step=step, code=error.code, reason=error.message)
    except Exception:
        log.exception("step_failed", step=step)
    return 0, (step,)


def backoff_s(failures: int) -> float:
    """1, 2, 4 … 30 seconds, each shortened by chance, so that many workers do not come back at once."""
    longest = min(2.0 ** min(failures, 10), _LONGEST_PAUSE_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, guards nothing


class Worker:
    """The loop around it: a thread of its own with `start()`, or the caller's with `run()`.

    `flush` is called with every sweep and at the end: what the process remembers and wants written down.
    """

    def __init__(self, svc: Services, *, flush: Callable[[], int] | None = None) -> None:
        self._svc = svc
        self._flush = flush
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="atpix-worker", daemon=True)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10) -> None:
        """Returns when the step at work has come to an end, or after `timeout_s`: killing it loses nothing."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def run(self) -> None:
        """Returns after `stop()`."""
        sweep_at_s, failures = 0.0, 0
        while not self._stop.is_set():
            failed: tuple[str, ...] = ()
            if time.monotonic() >= sweep_at_s:
                failed = sweep(self._svc, stopped=self._stop.is_set).failed + self._flushed()
                sweep_at_s = time.monotonic() + self._svc.settings.sweep_every_s
            failed += _attempt("outbox", lambda: deliver(self._svc, stopped=self._stop.is_set))[1]
            failures = failures + 1 if "outbox" in failed else 0
            self._stop.wait(backoff_s(failures) if failures else _TICK_S)
        self._flushed()

    def _flushed(self) -> tuple[str, ...]:
        return () if self._flush is None else _attempt("flush", self._flush)[1]
