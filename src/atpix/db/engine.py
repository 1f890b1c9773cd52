"""Connections and transactions, for SQLite and PostgreSQL alike.

SQLite: WAL, `synchronous=FULL`, one writer at a time (`BEGIN IMMEDIATE`; a lock keeps our own threads from polling for
it). PostgreSQL: read committed. Faults of the driver leave here as AtpixErrors; their texts go no further.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import Connection, Engine, Row
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.sql import Executable
from sqlalchemy.util.concurrency import greenlet_spawn, in_greenlet

from atpix.errors import Overloaded, StorageFull, StorageUnavailable

P = ParamSpec("P")
T = TypeVar("T")

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


class Reading:
    """A consistent view of the database while the block runs. (On PostgreSQL: of each statement.)"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> str:
        return self._connection.dialect.name

    def one_or_none(self, query: Executable, parameters: dict[str, Any] | None = None) -> Row[Any] | None:
        return self._connection.execute(query, parameters).first()

    def all(self, query: Executable, parameters: dict[str, Any] | None = None) -> Sequence[Row[Any]]:
        return self._connection.execute(query, parameters).all()

    def scalar(self, query: Executable, parameters: dict[str, Any] | None = None) -> Any:  # noqa: ANN401  a column's value
        return self._connection.execute(query, parameters).scalar()

    def stream(self, query: Executable, *, batch: int = 1000) -> Iterator[Row[Any]]:
        """Rows in bounded memory, for sweeps over everything."""
        with self._connection.execution_options(yield_per=batch).execute(query) as result:
            yield from result


class Writing(Reading):
    """One transaction. It commits when the block ends well and leaves no trace when it does not."""

    def execute(self, statement: Executable, parameters: dict[str, Any] | list[dict[str, Any]] | None = None) -> int:
        """The number of rows changed."""
        kept = {"preserve_rowcount": True}  # PostgreSQL would otherwise say -1 for an INSERT
        return self._connection.execute(statement, parameters, execution_options=kept).rowcount

    def upsert(self, table: sa.Table) -> Any:  # noqa: ANN401  two dialects' Insert, with one shape and no common type
        """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
        if self.dialect == "postgresql":
            from sqlalchemy.dialects.postgresql import insert as pg_insert

            return pg_insert(table)
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert(table)


class Database:
    """The process's connections. Open one with `Database.open(url)`, close it at the end."""

    def __init__(self, url: sa.URL, reader: Engine, writer: Engine, on_loop: AsyncEngine | None = None) -> None:
        self.url = url
        self._reader = reader
        self._writer = writer
        self._on_loop = on_loop
        self._one_writer = threading.Lock()

    @classmethod
    def open(cls, url: str, *, threads: int = 16, timeout_s: float = 10) -> Self:
        """Raises DatabaseFault when the URL is of no database that we know."""
        try:
            parsed = sa.make_url(url)
        except exc.ArgumentError:
            raise DatabaseFault("ATPIX_DATABASE_URL is not a database URL, like postgresql://user@host/name.") from None
        match parsed.get_backend_name():
            case "sqlite":
                return cls(
                    parsed,
                    _sqlite(parsed, threads, timeout_s, writer=False),
                    _sqlite(parsed, 1, timeout_s, writer=True),
                )
            case "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
                return cls(parsed, *_postgresql(parsed, threads, timeout_s))
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
        with _faults_translated(), self._reading_engine().connect() as connection:
            yield Reading(connection)

    async def on_loop(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that reads a few rows, without a thread: docs/decisions/reads-on-the-loop.md.

        SQLite answers in microseconds, right here. PostgreSQL is waited for as coroutines are, in a greenlet.
        """
        if self._on_loop is None:
            return read(*args, **kwargs)
        return await greenlet_spawn(partial(read, *args, **kwargs))

    def _reading_engine(self) -> Engine:
        return self._on_loop.sync_engine if self._on_loop is not None and in_greenlet() else self._reader

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Writing]:
        """`durable=False` may lose this commit, never another, in a power cut; a killed process loses nothing."""
        with _faults_translated(), self._turn(), self._writer.connect() as connection:
            if durable:
                with connection.begin():
                    yield Writing(connection)
            elif self.is_sqlite:
                with _unsynced(connection), connection.begin():
                    yield Writing(connection)
            else:
                with connection.begin():
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                    yield Writing(connection)

    @contextmanager
    def administration(self) -> Iterator[Connection]:
        """A bare connection in a transaction, for migrations only."""
        with self._turn(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()
        if self._on_loop is not None:  # its connections belong to a loop that has ended
            self._on_loop.sync_engine.dispose(close=False)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        with self._one_writer:
            yield


@contextmanager
def _unsynced(connection: Connection) -> Iterator[None]:
    """SQLite in WAL mode without a sync at this commit; the next full one carries it to the disk."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        raw.execute("PRAGMA synchronous=FULL")


@contextmanager
def _faults_translated() -> Iterator[None]:
    try:
        yield
    except exc.IntegrityError:
        raise
    except (exc.DBAPIError, exc.TimeoutError) as error:
        text = str(error).lower()
        if any(word in text for word in _FULL):
            raise StorageFull from error
        if isinstance(error, exc.TimeoutError) or any(word in text for word in _BUSY):
            raise Overloaded("The database is busy; try again in a moment.") from error
        if isinstance(error, exc.OperationalError | exc.InterfaceError):
            raise StorageUnavailable("The database cannot be reached; try again in a moment.") from error
        raise


def _sqlite(url: sa.URL, size: int, timeout_s: float, *, writer: bool) -> Engine:
    engine = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=timeout_s,
        connect_args={"check_same_thread": False, "timeout": max(timeout_s, 30)},
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


def _postgresql(url: sa.URL, threads: int, timeout_s: float) -> tuple[Engine, Engine, AsyncEngine]:
    """Every wait has an end: for a connection, a lock, a statement, and for a peer that went silent (TCP)."""
    limit_ms = int(timeout_s * 1000)
    bounds = {
        "statement_timeout": limit_ms,
        "lock_timeout": limit_ms,
        "idle_in_transaction_session_timeout": 6 * limit_ms,
    }
    options: dict[str, Any] = {
        "max_overflow": 4,
        "pool_timeout": timeout_s,
        "connect_args": {
            "connect_timeout": max(2, int(timeout_s)),
            "options": " ".join(f"-c {name}={value}" for name, value in bounds.items()),
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": limit_ms,
            "prepare_threshold": 2,
        },
    }
    engine = sa.create_engine(url, pool_size=threads, **options)
    on_loop = create_async_engine(url, pool_size=threads, **options, **_AUTOCOMMIT)
    return engine.execution_options(isolation_level="AUTOCOMMIT"), engine, on_loop
