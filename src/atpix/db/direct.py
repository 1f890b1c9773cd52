"""Point reads on the event loop, without a thread and without SQLAlchemy's execution: only its compiled SQL is used.

Queries are built once (module constants, cached functions), so each is compiled once. What it saves, measured:
docs/decisions/reads-on-the-loop.md.
"""

import asyncio
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import Executable
from sqlalchemy.util.concurrency import await_only

from atpix.db.reading import Reading
from atpix.errors import Overloaded

if TYPE_CHECKING:
    from psycopg import AsyncCursor

Values = dict[str, Any]
Fetch = Callable[[str, Values], Sequence[tuple[Any, ...]]]

_AT_REST = 0  # pq.TransactionStatus.IDLE, without importing psycopg
_HANG_UP_S = 0.25


class Plan(NamedTuple):
    """A query in a driver's own words. Converters stand for the values that its driver sends or returns otherwise."""

    sql: str
    defaults: Values
    binders: dict[str, Callable[[Any], Any]]
    loaders: list[tuple[int, Callable[[Any], Any]]]
    row: Any


class DirectReading(Reading):
    """What a Reading offers for single queries, over a bare driver."""

    def __init__(self, dialect: Dialect, fetch: Fetch) -> None:
        self._dialect = dialect
        self._fetch = fetch

    @property
    def dialect(self) -> str:
        return self._dialect.name

    def one_or_none(self, query: Executable, parameters: Values | None = None) -> Any:  # noqa: ANN401  a named tuple
        rows = self.all(query, parameters)
        return rows[0] if rows else None

    def all(self, query: Executable, parameters: Values | None = None) -> Sequence[Any]:
        plan = planned(cast("sa.Select[Any]", query), self._dialect)
        values = {**plan.defaults, **(parameters or {})}
        for name, bind in plan.binders.items():
            values[name] = bind(values[name])
        rows = self._fetch(plan.sql, values)
        if plan.loaders:
            rows = [_loaded(row, plan.loaders) for row in rows]
        return [plan.row(*row) for row in rows]

    def scalar(self, query: Executable, parameters: Values | None = None) -> Any:  # noqa: ANN401  a column's value
        row = self.one_or_none(query, parameters)
        return None if row is None else row[0]


@lru_cache(maxsize=256)
def planned(query: "sa.Select[Any]", dialect: Dialect) -> Plan:
    compiled = query.compile(dialect=dialect)
    binders = {bind.key: bind.type.dialect_impl(dialect).bind_processor(dialect) for bind in compiled.binds.values()}
    types = [column.type.dialect_impl(dialect) for column in query.selected_columns]
    # psycopg returns what we want by itself, ids as text because `_opened` says so.
    loaders = [] if dialect.name == "postgresql" else [kind.result_processor(dialect, None) for kind in types]
    return Plan(
        sql=str(compiled),
        defaults={name: value for name, value in compiled.params.items() if value is not None},
        binders={name: bind for name, bind in binders.items() if bind is not None},
        loaders=[(at, load) for at, load in enumerate(loaders) if load is not None],
        row=namedtuple("Row", [str(key) for key in query.selected_columns.keys()], rename=True),  # noqa: PYI024, SIM118
    )


def _loaded(row: tuple[Any, ...], loaders: list[tuple[int, Callable[[Any], Any]]]) -> tuple[Any, ...]:
    values = list(row)
    for at, load in loaders:
        values[at] = load(values[at])
    return tuple(values)


class SqliteDirect:
    """One connection, for one thread: the event loop's. WAL readers wait for nobody."""

    def __init__(self, path: str) -> None:
        from sqlalchemy.dialects.sqlite import dialect

        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        for pragma in ("query_only=ON", "cache_size=-4000"):
            self._connection.execute(f"PRAGMA {pragma}").close()
        self._reading = DirectReading(dialect(paramstyle="named"), self._fetch)

    @contextmanager
    def read(self) -> Iterator[Reading]:
        yield self._reading

    def _fetch(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def close(self) -> None:
        self._connection.close()


class PostgresDirect:
    """Connections of the loop's own. Waits are awaited from inside a greenlet, so the calling code stays plain.

    Connections are kept with their cursors, which saves a third of a query's cost. No pool opens them ahead or tries
    again behind our back: while the database is away each read hears so at once, and the first one after it is back
    finds it.
    """

    def __init__(self, conninfo: str, options: dict[str, Any], dialect: Dialect, size: int, timeout_s: float) -> None:
        self._conninfo, self._options, self._timeout_s = conninfo, options, timeout_s
        self._turns = asyncio.Semaphore(size)
        self._idle: list[AsyncCursor[Any]] = []
        self._reading = DirectReading(dialect, lambda sql, values: await_only(self._rows(sql, values)))

    @contextmanager
    def read(self) -> Iterator[Reading]:
        yield self._reading

    async def _rows(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        """One time-out for the turn, the connection and the answer. Raises Overloaded past it, psycopg.Error.

        The outer one is for psycopg, which asks a silent server up to 10 s to cancel; interrupted again, it hangs up.
        """
        try:
            async with asyncio.timeout(self._timeout_s + _HANG_UP_S), asyncio.timeout(self._timeout_s), self._turns:
                return await self._answered(sql, values)
        except TimeoutError as error:
            raise Overloaded("The database is busy; try again in a moment.") from error

    async def _answered(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        """A connection that was kept may have died meanwhile: then the read is done again, once, on a new one."""
        if self._idle:
            cursor = self._idle.pop()
            try:
                return await self._executed(cursor, sql, values)
            except Exception:
                if not cursor.connection.closed:
                    raise
                self._forget()  # the others, of the same server, are hardly better
        return await self._executed(await self._opened(), sql, values)

    async def _executed(self, cursor: "AsyncCursor[Any]", sql: str, values: Values) -> list[tuple[Any, ...]]:
        try:
            await cursor.execute(sql, values, prepare=True)
            return await cursor.fetchall()
        finally:  # also when the client has hung up
            if cursor.connection.pgconn.transaction_status == _AT_REST:
                self._idle.append(cursor)
            else:
                cursor.connection.pgconn.finish()

    async def _opened(self) -> "AsyncCursor[Any]":
        """Raises psycopg.Error."""
        from psycopg import AsyncConnection
        from psycopg.types.string import TextLoader

        connection = await AsyncConnection.connect(self._conninfo, autocommit=True, **self._options)
        connection.adapters.register_loader("uuid", TextLoader)
        return connection.cursor()

    def _forget(self) -> None:
        while self._idle:
            connection = self._idle.pop().connection  # held, or it complains that it goes while open
            connection.pgconn.finish()

    close = _forget
