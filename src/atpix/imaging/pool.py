"""Calls and the children that work on them: who waits, who is next, and who gets which child.

The rules, in this order. What somebody waits for goes before background work, and background work never takes the
last free child (where there is only one, it runs when nobody else wants it). A child that has the image's pixels
already gets the calls for it: up to eight of them overtake others, and some wait for it a moment although another
child is free, for a decode costs more than all the rest. Otherwise whoever came first.
"""

import os
import threading
import time
from dataclasses import dataclass
from typing import NamedTuple

from atpix.imaging import messages
from atpix.imaging.errors import Busy, DecoderFailed, GaveUp
from atpix.imaging.processes import Process

_MAX_OVERTAKEN = 8
_PATIENT_S = 0.2
"""How long a call waits for the child that has its image while another is free."""


class Load(NamedTuple):
    """Children that work on a call, children that could, and calls that wait for one."""

    busy: int
    free: int
    waiting: int


class Call(NamedTuple):
    """`image`: what the child may keep pixels of; empty for nothing."""

    message: bytes
    timeout_s: float
    image: str = ""
    background: bool = False


class Queued:
    """What the caller holds of one call while that waits. `began`: a child has it."""

    def __init__(self) -> None:
        self.began = False
        self.gave_up = False
        self.called = threading.Event()

    def give_up(self) -> None:
        """Nobody wants it any more: it leaves the line. What has begun goes on to its end. From any thread."""
        self.gave_up = True
        self.called.set()


@dataclass(eq=False)
class _Seat:
    """The place of one child. `image` is what it may hold pixels of, `overtaken` how often that image went first."""

    process: Process | None = None
    busy: bool = False
    image: str = ""
    overtaken: int = 0
    left_at: float = 0

    def holds(self, image: str) -> bool:
        """As far as we know: children forget after a while."""
        return self.image == image != "" and (self.busy or time.monotonic() - self.left_at < messages.KEPT_S)


@dataclass(eq=False)
class _Ticket:
    """A call that waits; `seat` is set before `queued` is called."""

    call: Call
    queued: Queued
    patient: bool = True
    seat: _Seat | None = None


class Pool:
    """At most `workers` children of `module`, started when first needed, each replaced after `max_tasks` calls, or when
    it says that it is spent.

    Every method blocks and may be called from any thread. `max_waiting` calls may wait for a child, as many again in
    the background; one more raises Busy at once, and so does a wait longer than the call's `timeout_s`. A call that
    takes longer than that raises DecoderFailed and its child is killed, as when the child dies.
    """

    def __init__(
        self, module: str, workers: int, max_memory_bytes: int, *, max_waiting: int, max_tasks: int, busy: str
    ) -> None:
        self._module, self._max_memory_bytes, self._busy_message = module, max_memory_bytes, busy
        self._max_waiting, self._max_tasks = max_waiting, max_tasks
        self._lock = threading.Lock()
        self._seats = [_Seat() for _ in range(workers)]
        self._waiting: list[_Ticket] = []
        self._may_wait_for_one = _may_wait_for_one()
        self._closed = False

    def ask(self, call: Call, queued: Queued | None = None) -> bytes:
        """The child's answer. `queued` is for this call alone. Raises Busy, DecoderFailed, GaveUp."""
        seat = self._seat(_Ticket(call, queued or Queued()))
        usable = False
        try:
            answer = self._sent(seat, call.message).receive(time.monotonic() + call.timeout_s)
            usable = True
            return answer
        finally:
            self._leave(seat, usable=usable)

    def warm(self) -> None:
        """Start every child now, so that no request waits for one. Does not wait for them."""
        with self._lock:
            for seat in self._seats:
                if not (self._closed or seat.busy or seat.process):
                    seat.process = self._new_process()

    @property
    def load(self) -> Load:
        """Of this moment, for metrics."""
        busy = sum(seat.busy for seat in self._seats)
        return Load(busy, len(self._seats) - busy, sum(not ticket.queued.gave_up for ticket in list(self._waiting)))

    def close(self) -> None:
        """Refuse new calls, end idle children now and the others when their call is done."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, []
            idle = [seat.process for seat in self._seats if seat.process and not seat.busy]
            for seat in self._seats:
                seat.process = seat.process if seat.busy else None
        for ticket in waiting:
            ticket.queued.called.set()
        for process in idle:
            process.end()

    def _new_process(self) -> Process:
        return Process(self._module, self._max_memory_bytes)

    def _seat(self, ticket: _Ticket) -> _Seat:
        """Wait for a place, by the rules."""
        call, called = ticket.call, ticket.queued.called
        deadline = time.monotonic() + call.timeout_s
        with self._lock:
            if self._closed:
                raise Busy("The service is stopping.")
            ahead = sum(other.call.background == call.background for other in self._waiting)
            self._waiting.append(ticket)
            self._call_next()
            if not ticket.seat and ahead >= self._max_waiting:
                self._leave_the_line(ticket)
                raise Busy(self._busy_message)
        if called.wait(min(_PATIENT_S, call.timeout_s)):
            return self._seated(ticket)
        with self._lock:
            ticket.patient = False
            self._call_next()
        called.wait(deadline - time.monotonic())
        return self._seated(ticket)

    def _seated(self, ticket: _Ticket) -> _Seat:
        with self._lock:
            self._leave_the_line(ticket)
        if ticket.seat:
            return ticket.seat
        if ticket.queued.gave_up:
            raise GaveUp
        raise Busy(self._busy_message)

    def _leave_the_line(self, ticket: _Ticket) -> None:
        if ticket in self._waiting:
            self._waiting.remove(ticket)

    def _call_next(self) -> None:
        """Give free places to those who wait. Under the lock."""
        self._waiting = [ticket for ticket in self._waiting if not ticket.queued.gave_up]
        for seat in self._seats:
            if not seat.busy and seat.overtaken < _MAX_OVERTAKEN:
                same = (t for t in self._waiting if seat.holds(t.call.image) and not t.call.background)
                if ticket := next(same, None):
                    self._give(seat, ticket, overtaken=seat.overtaken + 1)
        for ticket in sorted(self._waiting, key=lambda ticket: ticket.call.background):
            if chosen := self._choice(ticket):
                self._give(chosen, ticket, overtaken=0)

    def _choice(self, ticket: _Ticket) -> _Seat | None:
        call = ticket.call
        free = [seat for seat in self._seats if not seat.busy]
        if len(free) < (min(2, len(self._seats)) if call.background else 1):
            return None
        holders = [seat for seat in self._seats if seat.holds(call.image)]
        if ready := [seat for seat in holders if not seat.busy]:
            return ready[0]
        if ticket.patient and self._place_in_line(ticket) < self._may_wait_for_one * len(holders):
            return None
        return max(free, key=lambda seat: (seat.process is not None, not seat.holds(seat.image), -seat.left_at))

    def _place_in_line(self, ticket: _Ticket) -> int:
        """How many wait for the same image and came before."""
        before = self._waiting[: self._waiting.index(ticket)]
        return sum(other.call.image == ticket.call.image for other in before)

    def _give(self, seat: _Seat, ticket: _Ticket, *, overtaken: int) -> None:
        self._waiting.remove(ticket)
        seat.busy, seat.image, seat.overtaken = True, ticket.call.image, overtaken
        ticket.seat, ticket.queued.began = seat, True
        ticket.queued.called.set()

    def _leave(self, seat: _Seat, *, usable: bool) -> None:
        with self._lock:
            ended = None
            if seat.process and (self._closed or not usable or self._is_spent(seat.process)):
                ended, seat.process, seat.image = seat.process, None, ""
            seat.busy, seat.left_at = False, time.monotonic()
            if not self._closed:
                self._call_next()
        if ended:
            ended.end()

    def _is_spent(self, process: Process) -> bool:
        return process.spent or process.tasks >= self._max_tasks

    def _sent(self, seat: _Seat, message: bytes) -> Process:
        """The seat's child, which has the message. One that died while idle has cost nobody anything: a new one."""
        for _ in range(2):
            process, fresh = (seat.process, False) if seat.process else (self._new_process(), True)
            seat.process = process
            try:
                process.send(message)
            except BrokenPipeError:
                seat.process = None
                process.end()
                if fresh:
                    break
            else:
                return process
        raise DecoderFailed("A decoder could not be started.")


def _may_wait_for_one() -> int:
    """Calls that rather wait for the child that has their image than start another. On one core that is all of a
    page: a second decode there only takes time from the first.
    """
    return 2 if len(os.sched_getaffinity(0)) > 1 else 8
