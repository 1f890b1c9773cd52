"""How many requests a project may make in a minute, counted exactly over processes and machines.

A request counts once its caller and its right are known, before its body is read: whatever comes of it, also a refusal
or a replay. Those that come while a count is under way are counted together in the next one, so many clients cost
hardly more than one; each waits until it is counted, so none passes on a guess. More: docs/decisions/request-limits.md.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from typing import Any, Literal

from litestar import Request

from atpix import windows
from atpix.caller import Caller
from atpix.db import Database, Jotting
from atpix.errors import AtpixError, Overloaded, StorageUnavailable
from atpix.http.types import Scope
from atpix.settings import Settings
from atpix.windows import Rate, Window

Kind = Literal["read", "write"]
Header = tuple[bytes, bytes]

PERIOD_MS = 60_000
_READS = frozenset({"GET", "HEAD"})
_RATE = "atpix_rate"
_REMAINING = b"x-ratelimit-remaining"
_WHAT_TO_DO = {
    "read": "Its operator may raise ATPIX_READS_PER_MINUTE.",
    "write": "Its operator may raise ATPIX_WRITES_PER_MINUTE.",
}


class TooManyRequests(AtpixError):
    status, code = 429, "RATE_LIMIT_EXCEEDED"

    def __init__(self, kind: Kind, rate: Rate, now: int) -> None:
        self.retry_after_s = rate.window.left_s(now)
        many = f"1 {kind}" if rate.limit == 1 else f"{rate.limit} {kind}s"
        super().__init__(
            f"This server takes {many} of a project in a minute; nothing was done. Try again in"
            f" {self.retry_after_s} s. {_WHAT_TO_DO[kind]}"
        )


class Limits:
    """One a process."""

    def __init__(self, db: Database, now: Callable[[], int], settings: Settings) -> None:
        self._now = now
        self._most: dict[Kind, int] = {"read": settings.reads_per_minute, "write": settings.writes_per_minute}
        self._counter = _Counter(db, now)
        self._full: dict[str, Window] = {}

    async def admit(self, request: Request[Any, Any, Any], who: Caller) -> None:
        """Once, however often it is asked for one request. The answer's headers will say what is left.

        Raises TooManyRequests; for a write also what the database says that cannot count it, as it would of the write.
        """
        kind: Kind = "read" if request.method in _READS else "write"
        most = self._most[kind]
        if most == 0 or _RATE in request.scope:
            return
        rate = request.scope[_RATE] = await self._rate(kind, most, who)  # type: ignore[literal-required]
        if rate is not None and rate.window.n > most:
            raise TooManyRequests(kind, rate, self._now())

    async def _rate(self, kind: Kind, most: int, who: Caller) -> Rate | None:
        """None: a read of a database that takes no writes now. It is worth more than its count."""
        subject = f"{kind}s:{who.project}"
        if (full := self._full_one(subject)) is not None:
            return Rate(most, full)
        with suppress(*((StorageUnavailable, Overloaded) if kind == "read" else ())):
            window = await self._counter.one_more(subject)
            if window.n >= most:
                self._full[subject] = window._replace(n=most + 1)
            return Rate(most, window)
        return None

    def _full_one(self, subject: str) -> Window | None:
        """A full window stays full until it ends: whoever is refused costs the database nothing."""
        if (full := self._full.get(subject)) is None:
            return None
        if full.ends_at - PERIOD_MS <= self._now() < full.ends_at:
            return full
        del self._full[subject]
        return None


class _Counter:
    """One statement at a time. Who comes meanwhile waits for the next, which counts them all."""

    def __init__(self, db: Database, now: Callable[[], int]) -> None:
        self._db, self._now = db, now
        self._waiting: dict[str, list[asyncio.Future[Window]]] = {}
        self._is_counting = False
        self._next: asyncio.Task[None] | None = None

    async def one_more(self, subject: str) -> Window:
        """Raises what the database raises."""
        counted: asyncio.Future[Window] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(subject, []).append(counted)
        if not self._is_counting:
            self._is_counting = True
            self._go_on()
        return await counted

    async def _count_waiting(self) -> None:
        """A task of its own: whoever goes away while it runs undoes nobody's count."""
        taken, self._waiting = self._waiting, {}
        try:
            found = await self._count({subject: len(waiting) for subject, waiting in taken.items()})
        except Exception as error:  # noqa: BLE001  each of them is told
            for counted in chain.from_iterable(taken.values()):
                if not counted.done():
                    counted.set_exception(error)
        else:
            for subject, waiting in taken.items():
                last = found[subject]
                for n, counted in enumerate(waiting, last.n - len(waiting) + 1):
                    if not counted.done():
                        counted.set_result(last._replace(n=n))
        finally:
            self._go_on()

    def _go_on(self) -> None:
        if self._waiting:
            self._next = asyncio.create_task(self._count_waiting())
        else:
            self._is_counting = False

    async def _count(self, times: dict[str, int]) -> dict[str, Window]:
        now = self._now()

        def count(tx: Jotting) -> dict[str, Window]:
            return {
                subject: windows.count(tx, subject, now, period_ms=PERIOD_MS, times=many)
                for subject, many in times.items()
            }

        return await self._db.jot(count)


def headers_with(headers: list[Header], scope: Scope) -> list[Header]:
    """An answer speaks of one limit: of a limit of the route's own, unless fewer requests than that are left."""
    rate: Rate | None = scope.get(_RATE)
    if rate is None:
        return headers
    own = next((int(value) for name, value in headers if name.lower() == _REMAINING), None)
    if own is not None and own <= rate.left:
        return headers
    ours = [(name.lower().encode(), value.encode()) for name, value in rate.headers.items()]
    names = {name for name, _ in ours}
    return [*(header for header in headers if header[0].lower() not in names), *ours]
