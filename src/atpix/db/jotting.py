"""Statements that each commit by themselves, at once and without waiting for the disk, while an event loop goes on.

For counts that a request waits for: a power cut may take the last ones back, a killed process loses none. They take no
second lock, so they deadlock with nobody.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy.util.concurrency import greenlet_spawn

from atpix.db.direct import DirectReading, Plan, PostgresDirect, Values
from atpix.db.writers import Writers

T = TypeVar("T")


class Jotting(DirectReading):
    """Its queries may write (`INSERT … RETURNING`). Each is a transaction of its own."""


class SqliteJotter:
    """A thread and a connection of its own, in the queue of writers. The next full commit syncs it all."""

    def __init__(self, path: str, writers: Writers) -> None:
        from sqlalchemy.dialects.sqlite import dialect

        self._writers = writers
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="atpix-jotter")
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous=NORMAL").close()
        self._jotting = Jotting(dialect(paramstyle="named"), self._fetch)

    async def run(self, write: Callable[[Jotting], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._in_turn, write)

    def _in_turn(self, write: Callable[[Jotting], T]) -> T:
        with self._writers.turn() as left_s:
            self._connection.execute(f"PRAGMA busy_timeout={int(left_s * 1000)}").close()
            return write(self._jotting)

    def _fetch(self, plan: Plan, values: Values) -> list[tuple[Any, ...]]:
        return self._connection.execute(plan.sql, values).fetchall()

    def close(self) -> None:
        self._thread.shutdown()
        self._connection.close()


class PostgresJotter:
    """A connection of the event loop's own. One whose answer was lost is run again: it may count twice, never not."""

    def __init__(self, conninfo: str, options: dict[str, Any], timeout_s: float) -> None:
        unsynced = {**options, "options": f"{options['options']} -c synchronous_commit=off"}
        self._direct = PostgresDirect(conninfo, unsynced, timeout_s, links=1)
        self._jotting = Jotting(self._direct.dialect, self._direct.fetch)

    async def run(self, write: Callable[[Jotting], T]) -> T:
        return await greenlet_spawn(write, self._jotting)

    def close(self) -> None:
        self._direct.close()
