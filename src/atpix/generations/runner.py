"""Generations at work: one thread of each process claims and looks after what it holds, others carry out.

Nothing is lost with a runner. What it holds is leased; when its process dies another takes it over, at once on the same
machine and when the lease has ended on others. An idle runner reads once a second and writes nothing.
"""

import heapq
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from uuid import uuid4

import structlog

from atpix.errors import AtpixError
from atpix.generations import finishing, queue, setbacks, steps, turns
from atpix.generations.lives import Life
from atpix.generations.queue import Claimed
from atpix.generations.threads import Threads
from atpix.generations.turns import Limits
from atpix.generations.work import Work, Workplace, backoff_s, begun
from atpix.ids import GenerationId
from atpix.providers.values import Queued
from atpix.services import Services

log = structlog.get_logger("atpix.generations")

_TICK_S = 1.0
_RENEW_EVERY_S = 15.0
_LOOK_FOR_EXPIRED_S = 5.0
_SOONEST_POLL_S = 0.05


class Runner:
    """One a process; several on one database share the work. `notify` is told of each row that has changed, after the
    commit, from any thread.
    """

    def __init__(
        self, svc: Services, notify: Callable[[GenerationId], None], *, renew_every_s: float = _RENEW_EVERY_S
    ) -> None:
        self.id = str(uuid4())
        self._svc = svc
        self._notify = notify
        self._renew_every_s = min(renew_every_s, svc.settings.intent_ttl_s / 3)
        self._limits = Limits(
            provider=svc.providers.limit,
            known=frozenset(svc.providers.names),
            generations_at_once=svc.settings.generations_at_once,
            unknown_after_ms=int(svc.settings.generation_timeout_s * 1000),
        )
        self._threads = Threads(svc.settings.generation_threads, "atpix-generation")
        self._changed = threading.Condition()
        self._is_woken = True
        self._held: dict[GenerationId, Work] = {}
        self._parked: list[tuple[float, int, Work]] = []
        self._numbers = count()
        self._left = False
        self._stopping, self._given_back, self._over = (threading.Event() for _ in range(3))
        self._thread = threading.Thread(target=self._run, name="atpix-runner", daemon=True)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def held(self) -> int:
        """How many it is at work on: for metrics."""
        return len(self._held)

    def start(self) -> None:
        """Raises OSError when the data folder takes no file."""
        self._life = Life(self._svc.settings.data, self.id)
        svc = self._svc
        self._place = Workplace(
            svc,
            self._life.folder,
            self._stopping,
            examining=threading.Semaphore(svc.settings.decoders * 2),
            writing=threading.Semaphore(max(1, svc.settings.threads // 2)),
        )
        self._thread.start()

    def wake(self) -> None:
        """There is work: call it after the commit."""
        with self._changed:
            self._is_woken = True
            self._changed.notify()

    def leave(self) -> None:
        """Begin nothing more, and give back what is not begun: no provider is called from now on. Returns at once."""
        if not self._stopping.is_set():
            self._left_at_s = time.monotonic()
            self._stopping.set()
        self.wake()

    def stop(self, timeout_s: float = 10) -> None:
        """Leave, and wait for what is under way, until `timeout_s` after leaving. What has not ended by then is taken
        over when this process ends; until then it may come to its end, and keeps its lease.
        """
        self.leave()
        end_s = self._left_at_s + timeout_s
        if self._thread.is_alive():
            self._given_back.wait(max(0.0, end_s - time.monotonic()))
        if not self._threads.wait(max(0.0, end_s - time.monotonic())):
            return
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(max(1.0, end_s - time.monotonic()))
        if not self._thread.is_alive():
            self._life.end()

    def _run(self) -> None:
        self._renew_at_s = time.monotonic() + self._renew_every_s
        self._expired_at_s = 0.0
        failures, woken = 0, True
        while not self._stopping.is_set():
            pause_s = _TICK_S
            try:
                pause_s = self._round(woken=woken)
                failures = 0
            except AtpixError as error:
                failures += 1
                log.warning("runner_failed", code=error.code, reason=error.message)
            except Exception:
                failures += 1
                log.exception("runner_failed")
            woken = self._wait(pause_s if not failures else backoff_s(failures))
        self._give_back()
        self._given_back.set()
        while not self._over.wait(self._renew_every_s):
            with suppress(AtpixError):
                self._renew()

    def _wait(self, seconds: float) -> bool:
        """Returns whether somebody has called."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_woken or self._stopping.is_set(), max(0.0, seconds))
            woken, self._is_woken = self._is_woken, False
            return woken

    def _round(self, *, woken: bool) -> float:
        """Everything that is due. Returns in how many seconds to come back."""
        now_s = time.monotonic()
        self._life.bury(self._succeed)
        if now_s >= self._expired_at_s:
            self._expired_at_s = now_s + _LOOK_FOR_EXPIRED_S
            self._take_over_expired()
        if now_s >= self._renew_at_s:
            self._renew_at_s = now_s + self._renew_every_s
            self._renew()
        self._end_the_late()
        next_due_at = self._claim_all(looking_first=not woken)
        return min(self._poll_due(), self._until(next_due_at), self._renew_every_s, _TICK_S)

    def _until(self, due_at: int | None) -> float:
        return _TICK_S if due_at is None else max(0.01, (due_at - self._svc.now()) / 1000)

    def _claim_all(self, *, looking_first: bool) -> int | None:
        """Until nothing is left, or there is no room. Returns when the next is due."""
        while not self._stopping.is_set():
            free = self._threads.free
            if looking_first:
                with self._svc.db.read() as tx:
                    plan = turns.plan(tx, self._limits, self._svc.now(), free)
                self._left = plan.unserved or bool(plan.quotas)
                if not plan.quotas:
                    return plan.next_due_at
            with self._svc.db.transaction(durable=False) as tx:
                taken = queue.claim(tx, self.id, self._limits, self._svc.now(), free)
            self._left = taken.left
            for claimed in taken.claimed:
                self._begin(claimed)
            if not (taken.claimed and taken.left):
                return taken.next_due_at
            looking_first = True
        return None

    def _begin(self, claimed: Claimed) -> None:
        self._svc.failpoint("generation.claimed")
        work = begun(self._svc, claimed)
        self._held[work.run.id] = work
        self._notify(work.run.id)
        self._threads.run(partial(self._carry_out, work))

    def _carry_out(self, work: Work) -> None:
        """In a thread of its own."""
        try:
            if self._stopping.is_set() and not work.ref:
                self._untouched(work)
                answer = None
            else:
                answer = steps.carry_out(self._place, work)
        except AtpixError as error:  # not even that could be written down: the lease ends by itself
            log.warning("generation_left", generation=work.run.id, code=error.code)
            answer = None
        except Exception:
            log.exception("generation_left", generation=work.run.id)
            answer = None
        self._put_down(work, answer)

    def _put_down(self, work: Work, answer: Queued | None) -> None:
        with self._changed:
            if answer is not None:
                left_s = (work.deadline - self._svc.now()) / 1000
                at_s = time.monotonic() + max(_SOONEST_POLL_S, min(answer.again_s, left_s))
                heapq.heappush(self._parked, (at_s, next(self._numbers), work))
            elif self._held.get(work.run.id) is work:
                del self._held[work.run.id]
            if answer is not None or self._left or work.is_back:
                self._is_woken = True
                self._changed.notify()
        if answer is None:
            self._notify(work.run.id)

    def _poll_due(self) -> float:
        """Ask after what providers have queued. Returns in how many seconds the next is due."""
        while True:
            with self._changed:
                if not self._parked:
                    return _TICK_S
                left_s = self._parked[0][0] - time.monotonic()
                if left_s > 0:
                    return left_s
                work = heapq.heappop(self._parked)[2]
            self._threads.run(partial(self._carry_out, work))

    def _succeed(self, runner: str) -> None:
        with self._svc.db.transaction(durable=False) as tx:
            taken = queue.take_over(tx, self._svc.now(), of=runner)
        log.info("runner_succeeded", runner=runner, generations=taken)

    def _take_over_expired(self) -> None:
        with self._svc.db.read() as tx:
            if not queue.expired(tx, self._svc.now()):
                return
        with self._svc.db.transaction(durable=False) as tx:
            taken = queue.take_over(tx, self._svc.now())
        log.info("leases_ended", generations=taken)

    def _renew(self) -> None:
        with self._changed:
            held = {name: work.key for name, work in self._held.items()}
        if held:
            with self._svc.db.transaction(durable=False) as tx:
                queue.renew(tx, self.id, held, self._svc.now())

    def _end_the_late(self) -> None:
        """A call that does not come back ends in the record; its thread is left to itself."""
        now = self._svc.now()
        with self._changed:
            parked = {id(work) for _, _, work in self._parked}
            late = [work for work in self._held.values() if now >= work.deadline and id(work) not in parked]
        for work in late:
            setbacks.end(self._svc, work, "PROVIDER_TIMEOUT", setbacks.TOO_LATE)
            with self._changed:
                if self._held.get(work.run.id) is work:
                    del self._held[work.run.id]
            self._notify(work.run.id)

    def _give_back(self) -> None:
        """What no thread has begun, and what waits at a provider, is for whoever comes next."""
        with self._changed:
            waiting = [work for _, _, work in self._parked]
            self._parked = []
        for work in waiting:
            self._untouched(work)
            self._put_down(work, None)

    def _untouched(self, work: Work) -> None:
        with suppress(AtpixError):
            finishing.begin_anew(self._svc, work.claimed, work.run.due_at, keep_job=True, untried=True)
