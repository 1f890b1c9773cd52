"""Following what changes, by server-sent events. What both clients decide alike while they do; no I/O."""

import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from atpix_client.answers import Answer
from atpix_client.errors import APIConnectionError, APIStatusError, APITimeoutError, AtpixError
from atpix_client.operations import Following
from atpix_client.retries import LARGEST_POWER, UNCERTAIN, Retries

T = TypeVar("T")

LONGEST_SILENCE_S = 5.0
"""Where a time-out must be kept: so late may it be noticed."""


class EventReader:
    """From chunks of `text/event-stream` to the names and data of its events (HTML standard, 9.2). A line that a chunk
    cuts is kept for the next. Lines end with LF or CRLF, as our servers send them.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._name = b""
        self._data: list[bytes] = []

    def events(self, chunk: bytes) -> Iterator[tuple[str, bytes]]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            text = line.removesuffix(b"\r")
            if text.startswith(b"data:"):
                self._data.append(text[5:].removeprefix(b" "))
            elif text.startswith(b"event:"):
                self._name = text[6:].strip()
            elif not text:
                if self._data:
                    yield self._name.decode("utf-8", "replace"), b"\n".join(self._data)
                self._name, self._data = b"", []


class Follower(Generic[T]):
    """One who follows, over as many connections as it takes."""

    def __init__(self, following: Following[T], retries: Retries, clock: Callable[[], float] = time.monotonic) -> None:
        self._following = following
        self._retries = retries
        self._clock = clock
        self._began_s = clock()
        self._failures = 0
        self._heard = False
        self._newest: T | None = None
        self._unreached: AtpixError | None = None

    def read(self, name: str, answer: Answer) -> T:
        """An event. Raises what the end of everything is called."""
        if name == "deleted":
            raise self._following.deleted()
        return self._following.operation.decode(answer)

    def is_news(self, thing: T) -> bool:
        """A new connection begins with how things are, which may be known. Raises when the time is over."""
        self._heard, self._failures, self._unreached = True, 0, None
        known, self._newest = self._newest, thing
        return thing != known

    def has_ended(self, thing: T) -> bool:
        """Raises what the caller's time-out is called."""
        if self._following.ended(thing):
            return True
        self._left_s()
        return False

    def silence_s(self) -> float | None:
        """How long a connection may be silent before another one is tried. None: as long as any answer may take."""
        left_s = self._left_s()
        return None if left_s is None else min(left_s, LONGEST_SILENCE_S)

    def pause_s(self, failure: AtpixError | None) -> float:
        """Before the next connection, after one that broke, or ended too early (None). Raises what will not pass. It is
        tried for as long as the caller waits, since a server may need its time to restart; for ever, where no time-out
        was given, only once something was heard.
        """
        if isinstance(failure, APITimeoutError) and self._heard:
            return 0.0
        number, self._failures = self._failures, self._failures + 1
        cause = failure or APIConnectionError("The stream of events ended too early.")
        lasting = _may_pass(cause) and (self._heard or self._following.timeout_s is not None)
        self._unreached = None if self._heard or isinstance(cause, APITimeoutError) else cause
        pause_s = self._retries.pause_s(0 if lasting else number, cause, repeatable=True)
        if pause_s is None:
            raise cause
        pause_s = (
            min(pause_s * 2.0 ** min(number, LARGEST_POWER), self._retries.longest_pause_s) if lasting else pause_s
        )
        left_s = self._left_s()
        return pause_s if left_s is None else min(pause_s, left_s)

    def _left_s(self) -> float | None:
        """Raises what the caller's time-out is called, or why nothing was ever heard."""
        if self._following.timeout_s is None:
            return None
        left_s = self._began_s + self._following.timeout_s - self._clock()
        if left_s <= 0:
            raise self._unreached or self._following.late(self._following.timeout_s)
        return left_s


def _may_pass(failure: AtpixError) -> bool:
    return isinstance(failure, APIConnectionError) or (
        isinstance(failure, APIStatusError) and failure.status in UNCERTAIN
    )
