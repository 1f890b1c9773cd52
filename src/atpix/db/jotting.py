"""Statements that commit apart from everything else, without waiting for the disk, while an event loop goes on.

For counts that a request waits for: a power cut may take the last ones back, a killed process loses none. They take no
second lock, so they deadlock with nobody.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy.engine import Engine
from sqlalchemy.util.concurrency import greenlet_spawn

from atpix.db.direct import DirectReading, PostgresDirect
from atpix.db.writers import Writers
from atpix.errors import DatabaseBusy

T = TypeVar("T")
_PRIMARY = 0xFF
"""What is above it in an error's code is detail."""
_CHECKPOINT_PAGES = 1000
"""SQLite's own default."""
_RUNS_A_CHECKPOINT = 500
"""Each so manieth goes by the thread, which may checkpoint: else counts alone would make the WAL grow for ever."""


class Jotting(DirectReading):
    """Its queries may write (`INSERT … RETURNING`). PostgreSQL commits each, SQLite all of a call together."""


class SqliteJotter:
    """In the queue of writers, by their one connection: another one's writes would empty its cache.

    Right on the event loop when nobody else writes, else in a thread. The next full commit syncs it all.
    """

    def __init__(self, writer: Engine, writers: Writers) -> None:
        from sqlalchemy.dialects.sqlite import dialect

        self._writer, self._writers = writer, writers
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="atpix-jotter")
        self._dialect = dialect(paramstyle="named")
        self._runs = 0

    async def run(self, write: Callable[[Jotting], T]) -> T:
        self._runs += 1
        if self._runs % _RUNS_A_CHECKPOINT:
            with self._writers.turn_if_free() as ours, suppress(DatabaseBusy):
                if ours:
                    return self._written(write, wait_s=0, checkpoint_pages=0)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._in_turn, write)

    def _in_turn(self, write: Callable[[Jotting], T]) -> T:
        with self._writers.turn() as left_s:
            return self._written(write, wait_s=left_s, checkpoint_pages=_CHECKPOINT_PAGES)

    def _written(self, write: Callable[[Jotting], T], *, wait_s: float, checkpoint_pages: int) -> T:
        with closing(self._writer.raw_connection()) as pooled:
            raw = pooled.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.execute(f"PRAGMA busy_timeout={int(wait_s * 1000)}").close()
            with unsynced(raw, checkpoint_pages), _transaction(raw):
                return write(Jotting(self._dialect, lambda plan, values: raw.execute(plan.sql, values).fetchall()))

    def close(self) -> None:
        self._thread.shutdown()


@contextmanager
def _transaction(raw: sqlite3.Connection) -> Iterator[None]:
    """Raises DatabaseBusy when somebody who did not queue up has the lock. Nothing was done; the queue takes note."""
    try:
        raw.execute("BEGIN IMMEDIATE").close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY:
            raise DatabaseBusy from error
        raise
    with raw:  # commits, or rolls back
        yield


@contextmanager
def unsynced(raw: sqlite3.Connection, checkpoint_pages: int = _CHECKPOINT_PAGES) -> Iterator[None]:
    """SQLite in WAL mode without a sync at this commit; the next full one carries it to the disk.

    A checkpoint does wait for the disk. It comes when the WAL has so many pages; 0: not now.
    """
    raw.execute("PRAGMA synchronous=NORMAL").close()
    if checkpoint_pages != _CHECKPOINT_PAGES:
        raw.execute(f"PRAGMA wal_autocheckpoint={checkpoint_pages}").close()
    try:
        yield
    finally:
        raw.execute("PRAGMA synchronous=FULL").close()
        if checkpoint_pages != _CHECKPOINT_PAGES:
            raw.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}").close()


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
