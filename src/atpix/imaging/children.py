"""Decoding in disposable child processes: a file that crashes, hangs or bloats a decoder costs one request.

Plain processes and pipes instead of pebble, which the design names, for measured reasons: multiprocessing imports
the parent's main module into every child (the whole server: 0.87 s and 53 MB against 0.13 s and 28 MB), keeps three
threads and a 0.1 s poll in the parent, and takes 0.8 ms a call at four callers against 0.2 ms here. Nothing runs
between calls, time-outs are exact, and the children end by themselves when the parent is killed.
"""

import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from atpix.imaging import messages
from atpix.imaging.errors import Busy, DecoderFailed
from atpix.imaging.sniff import MediaType
from atpix.imaging.values import Examined, Limits

_MAX_ANSWER_BYTES = 1 << 20
_DRAWN_WITHIN_S = 5.0
"""A drawing is a program: a few nested lines keep a decoder busy for as long as it is let."""


class Load(NamedTuple):
    """Calls that a child works on, and calls that wait for one."""

    busy: int
    waiting: int


class Examiners:
    """At most `workers` children, started when first needed, each replaced after `max_tasks` calls.

    Every method blocks and may be called from any thread. `max_waiting` calls may wait for a child; one more raises
    Busy at once, and so does a wait longer than `timeout_s`. A call that takes longer than `timeout_s` raises
    DecoderFailed and its child is killed, as when the child dies.
    """

    def __init__(
        self,
        workers: int,
        timeout_s: float,
        max_memory_bytes: int,
        *,
        max_waiting: int = 64,
        max_tasks: int = 1000,
    ) -> None:
        self._workers, self._timeout_s, self._max_memory_bytes = workers, timeout_s, max_memory_bytes
        self._max_waiting, self._max_tasks = max_waiting, max_tasks
        self._changed = threading.Condition()
        self._idle: list[_Child] = []
        self._busy = self._waiting = 0
        self._closed = False

    def examine(self, path: Path, media_type: MediaType, limits: Limits) -> Examined:
        """What the file is. Raises UnsupportedType, InvalidImage, ImageTooLarge, DecoderFailed, Busy; OSError when
        the file cannot be read.
        """
        answer = self._ask(messages.examine(path, media_type, limits))
        if isinstance(answer, messages.Seen):
            return answer.examined
        raise DecoderFailed("The decoder gave an answer to another question.")

    def strip_private(self, source: Path, target: Path, media_type: MediaType) -> bool:
        """`metadata.strip_private` in a child. Besides InvalidImage it raises what `examine` does. After a failure
        `target` may hold a part.
        """
        answer = self._ask(messages.strip(source, target, media_type))
        if isinstance(answer, messages.Stripped):
            return answer.changed
        raise DecoderFailed("The decoder gave an answer to another question.")

    def rasterise(self, source: Path, target: Path, limits: Limits) -> None:
        """Draw an SVG into a PNG, in `_DRAWN_WITHIN_S`. Raises what `examine` does. After a failure `target` may hold
        a part.
        """
        answer = self._ask(messages.rasterise(source, target, limits), min(self._timeout_s, _DRAWN_WITHIN_S))
        if not isinstance(answer, messages.Rasterised):
            raise DecoderFailed("The decoder gave an answer to another question.")

    def warm(self) -> None:
        """Start every child now, so that no request waits for one. Does not wait for them."""
        with self._changed:
            missing = 0 if self._closed else self._workers - self._busy - len(self._idle)
            self._idle += [_Child(self._max_memory_bytes) for _ in range(missing)]

    @property
    def load(self) -> Load:
        """Of this moment, for metrics."""
        return Load(self._busy, self._waiting)

    def close(self) -> None:
        """Refuse new calls, end idle children now and the others when their call is done."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for child in idle:
            child.end()

    def _ask(self, request: messages.Request, timeout_s: float | None = None) -> messages.Answer:
        self._enter()
        child: _Child | None = None
        try:
            child = self._ready_child(request)
            answer = child.receive(time.monotonic() + (timeout_s or self._timeout_s))
        except BaseException:
            self._leave(child, usable=False)
            raise
        self._leave(child, usable=child.tasks < self._max_tasks)
        if isinstance(answer, messages.Refused):
            raise messages.raised(answer)
        return answer

    def _enter(self) -> None:
        """Take one of the places, in order of arrival."""
        with self._changed:
            if self._closed:
                raise Busy("The service is stopping.")
            if self._busy < self._workers and not self._waiting:
                self._busy += 1
                return
            if self._waiting >= self._max_waiting:
                raise Busy("Too many images are being examined. Try again in a moment.")
            self._waiting += 1
            free = self._changed.wait_for(lambda: self._closed or self._busy < self._workers, self._timeout_s)
            self._waiting -= 1
            if self._closed or not free:
                raise Busy("Too many images are being examined. Try again in a moment.")
            self._busy += 1

    def _leave(self, child: "_Child | None", *, usable: bool) -> None:
        with self._changed:
            keep = usable and not self._closed
            if child and keep:
                self._idle.append(child)
            self._busy -= 1
            self._changed.notify()
        if child and not keep:
            child.end()

    def _ready_child(self, request: messages.Request) -> "_Child":
        """A child that has the request. One that died while idle has cost nobody anything: take the next."""
        while True:
            with self._changed:
                child = self._idle.pop() if self._idle else None
            child, fresh = (child, False) if child else (_Child(self._max_memory_bytes), True)
            try:
                child.send(request)
            except BrokenPipeError:
                child.end()
                if fresh:
                    raise DecoderFailed("A decoder could not be started.") from None
            else:
                return child


class _Child:
    """One process and its two pipes; used by one thread at a time."""

    def __init__(self, max_memory_bytes: int) -> None:
        self.tasks = 0
        environment = {
            "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
            "PYTHONUTF8": "1",
            "VIPS_BLOCK_UNTRUSTED": "1",
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-P", "-m", "atpix.imaging.child", str(max_memory_bytes)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def send(self, request: messages.Request) -> None:
        """Raises BrokenPipeError when the child is gone."""
        self.tasks += 1
        assert self._process.stdin
        if self._process.poll() is not None:
            raise BrokenPipeError
        self._process.stdin.write(messages.packed(request))

    def receive(self, deadline: float) -> messages.Answer:
        """The answer, or DecoderFailed when there is none by `deadline` (of time.monotonic)."""
        length = int.from_bytes(self._read(messages.LENGTH_BYTES, deadline), "big")
        if length > _MAX_ANSWER_BYTES:
            raise DecoderFailed("The decoder gave no answer that can be read.")
        return messages.answer(self._read(length, deadline))

    def end(self) -> None:
        """Kill and collect it. There is nothing in it to finish."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert pipe
                pipe.close()
        self._process.wait()

    def _read(self, length: int, deadline: float) -> bytes:
        assert self._process.stdout
        descriptor, body = self._process.stdout.fileno(), b""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while len(body) < length:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise DecoderFailed("Decoding the image took too long.")
            part = os.read(descriptor, length - len(body))
            if not part:
                raise DecoderFailed("The decoder died on this image.")
            body += part
        return body
