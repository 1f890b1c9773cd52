"""When to try again, and after how long. Decides; somebody else sleeps and sends."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from atpix_client.errors import APIAnswerError, APIConnectionError, APIStatusError, AtpixError, IdempotencyKeyInUse

REFUSED = frozenset({"RATE_LIMIT_EXCEEDED", "OVERLOADED"})
"""The server says that it did nothing, so even what must not run twice may be sent again."""
UNCERTAIN = frozenset({408, 429, 502, 503, 504})
LARGEST_POWER = 60
"""Of two, in a pause that doubles: far beyond every pause, and far below what a float cannot hold."""


@dataclass(frozen=True, slots=True)
class Retries:
    limit: int = 2
    first_pause_s: float = 0.5
    longest_pause_s: float = 8.0
    longest_wait_s: float = 60.0
    """A `Retry-After` beyond this is handed to the caller instead of being slept through."""
    jitter: Callable[[], float] = random.random
    """Between 0 and 1."""

    def pause_s(self, attempt: int, failure: AtpixError, *, repeatable: bool) -> float | None:
        """Seconds until the next attempt after number `attempt` (from 0) failed; None to give up."""
        if attempt >= self.limit or not _worth_it(failure, repeatable=repeatable):
            return None
        asked = failure.retry_after if isinstance(failure, APIStatusError) else None
        if asked is not None:
            return asked if asked <= self.longest_wait_s else None
        pause = min(self.first_pause_s * 2.0 ** min(attempt, LARGEST_POWER), self.longest_pause_s)
        return pause * (1 - self.jitter() / 2)


@dataclass(slots=True)
class Attempts:
    """At one call, until it succeeds or is given up."""

    retries: Retries
    repeatable: bool
    again: Callable[[], bool]
    """Whether it can still be sent."""
    _failed: int = 0
    _may_be_done: bool = False

    def pause_s(self, failure: AtpixError) -> float | None:
        """Seconds until the next one; None to give up, with what `failure` then says of all of them."""
        self._may_be_done = failure.may_be_done = self._may_be_done or _is_uncertain(failure)
        pause_s = self.retries.pause_s(self._failed, failure, repeatable=self.repeatable)
        self._failed += 1
        return pause_s if self.again() else None


def _is_uncertain(failure: AtpixError) -> bool:
    match failure:
        case APIConnectionError():
            return failure.maybe_done
        case APIAnswerError() | IdempotencyKeyInUse():
            return True
        case APIStatusError():
            return failure.status >= 500 and failure.code not in REFUSED
        case _:
            return False


def _worth_it(failure: AtpixError, *, repeatable: bool) -> bool:
    match failure:
        case APIConnectionError():
            return repeatable or not failure.maybe_done
        case IdempotencyKeyInUse():
            return True
        case APIStatusError():
            return failure.code in REFUSED or (repeatable and failure.status in UNCERTAIN)
        case _:
            return False
