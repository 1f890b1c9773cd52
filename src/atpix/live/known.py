"""Live URLs that were answered a moment ago: which picture stood behind each. A hit costs a token and a look-up."""

import time
from typing import NamedTuple

from atpix.delivery.freshness import Freshness
from atpix.delivery.publics import Public, Publics
from atpix.live.dressing import Suit

_MOST = 5_000
_LONGEST = 1_000
"""Bytes of an address: prompts are long, and memory is not."""
_BELIEVED_S = 0.8

Url = tuple[str, bytes]
"""Path and query, as they came."""


class Known(NamedTuple):
    """`path` and `query` are the picture's own. `expires`: when the address's signature ends, in Unix seconds."""

    path: str
    query: bytes
    suit: Suit
    expires: int | None


class _Entry(NamedTuple):
    token: int
    until_s: float
    public: Public
    known: Known


class Memory:
    """One a process, used from its event loop. On SQLite what is here holds while the database stands still; on
    PostgreSQL for less than a second, so that long another process may serve what was made again elsewhere.
    """

    def __init__(self, fresh: Freshness, publics: Publics) -> None:
        self._fresh = fresh
        self._publics = publics
        self._entries: dict[Url, _Entry] = {}

    def token(self) -> int | None:
        """Take it before the look-up. None: nothing may be remembered."""
        return self._fresh.ids()

    def get(self, url: Url) -> Known | None:
        entry = self._entries.get(url)
        if entry is None or entry.token != self.token() or time.monotonic() >= entry.until_s:
            return None
        return entry.known if self._publics.holds(entry.public) else None

    def keep(self, url: Url, token: int | None, public: Public, known: Known) -> None:
        if token is None or len(url[0]) + len(url[1]) > _LONGEST:
            return
        if len(self._entries) >= _MOST:
            self._entries.pop(next(iter(self._entries)))
        self._entries[url] = _Entry(token, time.monotonic() + self._believed_s(), public, known)

    def forget(self, url: Url) -> None:
        self._entries.pop(url, None)

    def _believed_s(self) -> float:
        return _BELIEVED_S if self._fresh.names() is None else float("inf")
