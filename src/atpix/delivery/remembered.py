"""Answers that were given a moment ago, by their address: a hit costs a token and a dictionary look-up."""

import math
import time
from typing import NamedTuple

from atpix.delivery.entries import Entry
from atpix.delivery.freshness import Freshness
from atpix.delivery.outcomes import Resolved
from atpix.delivery.publics import Public, Publics

Question = str | tuple[str, bytes, str]
"""A path alone, or a path, a query and a class of `Accept`."""

_MOST = 10_000
_LONGEST = 300


class _Known(NamedTuple):
    token: int
    strict: bool
    until_s: float
    public: Public
    entry: Entry


class Remembered:
    """One a process, used from its event loop."""

    def __init__(self, fresh: Freshness, publics: Publics) -> None:
        self._fresh = fresh
        self._publics = publics
        self._known: dict[Question, _Known] = {}

    async def get(self, question: Question, path: str) -> Entry | None:
        known = self._known.get(question)
        if known is None:
            return None
        if known.token != self.token(path, strict=known.strict):
            return None
        if known.until_s < math.inf and time.monotonic() >= known.until_s:
            return None
        if self._publics.holds(known.public) or await self._publics.still_holds(known.public):
            return known.entry
        return None

    def token(self, path: str, *, strict: bool) -> int | None:
        """Take it before the look-up, or a change in between goes unseen. None: nothing may be remembered."""
        return self._fresh.names() if strict or "@" in path else self._fresh.ids()

    def keep(self, question: Question, token: int | None, resolved: Resolved) -> None:
        """What is not settled will soon be told better. A long address is somebody's game with our memory."""
        length = len(question) if isinstance(question, str) else len(question[0]) + len(question[1])
        if token is None or not resolved.holds_s or not resolved.entry.is_settled or length > _LONGEST:
            return
        if len(self._known) >= _MOST:
            self._known.pop(next(iter(self._known)))
        until_s = time.monotonic() + resolved.holds_s
        self._known[question] = _Known(token, resolved.strict, until_s, resolved.public, resolved.entry)

    def forget(self, question: Question) -> None:
        self._known.pop(question, None)
