"""Connections and transactions, for SQLite and PostgreSQL alike.

SQLite: WAL, `synchronous=FULL`, one writer at a time (`BEGIN IMMEDIATE`; they queue up, see `writers.py`). PostgreSQL:
read committed. Faults of the driver leave here as AtpixErrors; their texts go no further.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, partial
from typing import Any, ParamSpec, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.util.concurrency import greenlet_spawn

from atpix.db.direct import PostgresDirect, SqliteDirect
from atpix.db.jotting import Jotting, PostgresJotter, SqliteJotter, unsynced
from atpix.db.reading import Reading, Writing
from atpix.db.writers import Writers
from atpix.errors import DatabaseBusy, Overloaded, StorageFull, StorageUnavailable

P = ParamSpec("P")
T = TypeVar("T")
_MIGRATION_S = 60.0
_ON_LOOP: ContextVar[bool] = ContextVar("on_loop", default=False)

_FULL = ("database or disk is full", "disk i/o error", "no space left on device", "could not extend file")
_BUSY = (
    "database is locked",
    "canceling statement due to",
    "deadlock detected",
    "remaining connection slots",
    "queuepool",
)


class DatabaseFault(Exception):
    """The database cannot be used at all: a sentence for the operator."""


class Database:
    """The process's connections. Open one with `Database.open(url)`, close it at the end."""

    def __init__(self, url: sa.URL, reader: Engine, writer: Engine, *, threads: int, timeout_s: float) -> None:
        self.url = url
        self._reader = reader
        self._writer = writer
        self._threads = threads
        self._timeout_s = timeout_s
        self._writers = Writers(self.sqlite_path, timeout_s) if self.is_sqlite else None
        self._withdrawing = threading.Lock()
        self.withdrawals = 0

    @classmethod
    def open(cls, url: str, *, threads: int = 16, timeout_s: float = 10) -> Self:
        """Raises DatabaseFault when the URL is of no database that we know."""
        try:
            parsed = sa.make_url(url)
        except exc.ArgumentError:
            raise DatabaseFault("ATPIX_DATABASE_URL is not a database URL, like postgresql://user@host/name.") from None
        limits: dict[str, Any] = {"threads": threads, "timeout_s": timeout_s}
        match parsed.get_backend_name():
            case "sqlite":
                reader = _sqlite(parsed, threads, timeout_s, writer=False)
                return cls(parsed, reader, _sqlite(parsed, 1, timeout_s, writer=True), **limits)
            case "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
                engine = _postgresql(parsed, threads, timeout_s)
                return cls(parsed, engine.execution_options(isolation_level="AUTOCOMMIT"), engine, **limits)
            case other:
                raise DatabaseFault(f"ATPIX_DATABASE_URL: {other} is not supported; use sqlite or postgresql.")

    @property
    def is_sqlite(self) -> bool:
        return self._reader.dialect.name == "sqlite"

    @property
    def sqlite_path(self) -> str:
        return str(self.url.database)

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """No transaction: each statement sees what was committed before it."""
        with _faults_translated():
            if _ON_LOOP.get():
                with self._direct.read() as tx:
                    yield tx
            else:
                with self._reader.connect() as connection:
                    yield Reading(connection)

    async def on_loop(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that reads a few rows, without a thread: docs/decisions/reads-on-the-loop.md.

        SQLite answers in microseconds, right here. PostgreSQL is waited for as coroutines are, in a greenlet.
        """
        if self.is_sqlite:
            return self._directly(read, *args, **kwargs)
        return await greenlet_spawn(partial(self._directly, read, *args, **kwargs))

    def _directly(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`read()` within this call, and only in it, is served by the loop's own connections."""
        token = _ON_LOOP.set(True)
        try:
            return read(*args, **kwargs)
        finally:
            _ON_LOOP.reset(token)

    @cached_property
    def _direct(self) -> SqliteDirect | PostgresDirect:
        return SqliteDirect(self.sqlite_path) if self.is_sqlite else PostgresDirect(*self._postgres)

    async def jot(self, write: Callable[[Jotting], T]) -> T:
        """Run a function whose few statements commit apart from all else, without a sync: see `jotting.py`."""
        with _faults_translated():
            return await self._jotter.run(write)

    @cached_property
    def _jotter(self) -> SqliteJotter | PostgresJotter:
        if self._writers is not None:
            return SqliteJotter(self._writer, self._writers)
        return PostgresJotter(*self._postgres)

    @property
    def _postgres(self) -> tuple[str, dict[str, Any], float]:
        plain = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return plain, connect_arguments(self._timeout_s), self._timeout_s

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Writing]:
        """`durable=False` may lose this commit, never another, in a power cut; a killed process loses nothing."""
        with self._turn() as left_s, _faults_translated(), self._writer.connect() as connection:
            _wait_at_most(connection, left_s)
            if durable:
                with connection.begin():
                    yield Writing(connection)
            elif self.is_sqlite:
                with unsynced(_raw(connection)), connection.begin():
                    yield Writing(connection)
            else:
                with connection.begin():
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                    yield Writing(connection)

    def withdrew(self) -> None:
        """A commit took something from the public: what this process remembers of it ends now, `withdrawals` counts."""
        with self._withdrawing:
            self.withdrawals += 1

    @contextmanager
    def administration(self) -> Iterator[Connection]:
        """A bare connection in a transaction, for migrations only. Raises DatabaseFault."""
        try:
            with self._turn(_MIGRATION_S) as left_s, self._writer.connect() as connection:
                _wait_at_most(connection, left_s)
                with connection.begin():
                    yield connection
        except Overloaded as error:
            raise DatabaseFault("Another process keeps the database to itself; see which one, and end it.") from error

    def close(self) -> None:
        if "_jotter" in self.__dict__:
            self._jotter.close()
        self._reader.dispose()
        self._writer.dispose()
        if self._writers is not None:
            self._writers.close()
        if "_direct" in self.__dict__:
            self._direct.close()

    @contextmanager
    def _turn(self, timeout_s: float | None = None) -> Iterator[float | None]:
        """Gives how long SQLite may wait now, in seconds; PostgreSQL knows by itself. Raises Overloaded."""
        if self._writers is None:
            yield None
        else:
            with self._writers.turn(timeout_s) as left_s:
                yield left_s


def _wait_at_most(connection: Connection, seconds: float | None) -> None:
    """For SQLite's lock, which those hold who did not queue up: a shell, a backup."""
    if seconds is not None:
        _raw(connection).execute(f"PRAGMA busy_timeout={int(seconds * 1000)}").close()


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


@contextmanager
def _faults_translated() -> Iterator[None]:
    try:
        yield
    except exc.IntegrityError:
        raise
    except Exception as error:
        if not isinstance(error, exc.DBAPIError | exc.TimeoutError | sqlite3.Error) and not _is_psycopg(error):
            raise
        text = str(error).lower()
        if any(word in text for word in _FULL):
            raise StorageFull from error
        if isinstance(error, exc.TimeoutError) or any(word in text for word in _BUSY):
            raise DatabaseBusy from error
        if _is_of(error, {"ReadOnlySqlTransaction"}):
            raise StorageUnavailable("The database takes no writes right now; try again in a moment.") from error
        if _is_of(error, {"OperationalError", "InterfaceError"}):
            raise StorageUnavailable("The database cannot be reached; try again in a moment.") from error
        raise


def _is_psycopg(error: Exception) -> bool:
    """Without importing it: SQLite's processes do without."""
    return any(kind.__module__.startswith("psycopg") for kind in type(error).__mro__)


def _is_of(error: Exception, names: set[str]) -> bool:
    """Itself, or what SQLAlchemy wrapped."""
    kinds = (*type(error).__mro__, *type(getattr(error, "orig", None)).__mro__)
    return any(kind.__name__ in names for kind in kinds)


def _sqlite(url: sa.URL, size: int, timeout_s: float, *, writer: bool) -> Engine:
    engine = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        hide_parameters=True,
        pool_size=size,
        max_overflow=0,
        pool_timeout=timeout_s,
        connect_args={"check_same_thread": False, "timeout": timeout_s},
        **({} if writer else _AUTOCOMMIT),
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None  # BEGIN is ours to say, below
        for pragma in _PRAGMAS if writer else (*_PRAGMAS, "query_only=ON"):
            raw.execute(f"PRAGMA {pragma}").close()

    if writer:

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-4000")
_AUTOCOMMIT: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None}


def _postgresql(url: sa.URL, threads: int, timeout_s: float) -> Engine:
    return sa.create_engine(
        url,
        hide_parameters=True,
        pool_size=threads,
        max_overflow=4,
        pool_timeout=timeout_s,
        connect_args={**connect_arguments(timeout_s), "prepare_threshold": 2},
    )


def connect_arguments(timeout_s: float) -> dict[str, Any]:
    """PostgreSQL: every wait has an end, for a connection, a lock, a statement, and for a peer that went silent."""
    limit_ms = int(timeout_s * 1000)
    bounds = {
        "statement_timeout": limit_ms,
        "lock_timeout": limit_ms,
        "idle_in_transaction_session_timeout": 6 * limit_ms,
        "jit": "off",  # our statements take less time than their compilation, whatever the planner expects of them
    }
    return {
        "connect_timeout": max(2, int(timeout_s)),
        "options": " ".join(f"-c {name}={value}" for name, value in bounds.items()),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": limit_ms,
    }
