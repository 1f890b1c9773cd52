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
from atpix.errors import DatabaseBusy

if TYPE_CHECKING:
    from atpix.db.link import Link

Values = dict[str, Any]


class Plan(NamedTuple):
    """A query in a driver's own words. Converters stand for the values that its driver sends or returns otherwise;
    `order` is that of PostgreSQL's numbered parameters.
    """

    sql: str
    defaults: Values
    binders: dict[str, Callable[[Any], Any]]
    loaders: list[tuple[int, Callable[[Any], Any]]]
    row: Any
    order: tuple[str, ...]


_LINKS = 4
"""To PostgreSQL, in each process: reads share them, and more only compete for the server's cores."""

_PLANS = "-c plan_cache_mode=force_generic_plan"
"""Each of our reads goes by one index, whatever the values: planning anew costs more than executing."""

Fetch = Callable[[Plan, Values], Sequence[tuple[Any, ...]]]


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
        plan = planned(cast("sa.sql.expression.ReturnsRows", query), self._dialect)
        values = {**plan.defaults, **(parameters or {})}
        for name, bind in plan.binders.items():
            values[name] = bind(values[name])
        rows = self._fetch(plan, values)
        if plan.loaders:
            rows = [_loaded(row, plan.loaders) for row in rows]
        return [plan.row(*row) for row in rows]

    def scalar(self, query: Executable, parameters: Values | None = None) -> Any:  # noqa: ANN401  a column's value
        row = self.one_or_none(query, parameters)
        return None if row is None else row[0]


@lru_cache(maxsize=256)
def planned(query: "sa.sql.expression.ReturnsRows", dialect: Dialect) -> Plan:
    compiled = query.compile(dialect=dialect)
    binders = {bind.key: bind.type.dialect_impl(dialect).bind_processor(dialect) for bind in compiled.binds.values()}
    columns = query.exported_columns
    types = [column.type.dialect_impl(dialect) for column in columns]
    # psycopg returns what we want by itself, ids as text because `Link` says so.
    loaders = [] if dialect.name == "postgresql" else [kind.result_processor(dialect, None) for kind in types]
    return Plan(
        sql=str(compiled),
        defaults={name: value for name, value in compiled.params.items() if value is not None},
        binders={name: bind for name, bind in binders.items() if bind is not None},
        order=tuple(compiled.positiontup or ()),
        loaders=[(at, load) for at, load in enumerate(loaders) if load is not None],
        row=namedtuple("Row", [str(key) for key in columns.keys()], rename=True),  # noqa: PYI024, SIM118
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

    def _fetch(self, plan: Plan, values: Values) -> list[tuple[Any, ...]]:
        return self._connection.execute(plan.sql, values).fetchall()

    def close(self) -> None:
        self._connection.close()


class PostgresDirect:
    """Connections of the loop's own, opened when all there are have reads under way, up to `_LINKS`.

    Waits are awaited from inside a greenlet, so the calling code stays plain. No pool opens connections ahead or tries
    again behind our back: while the database is away each read hears so at once, and the first one after it is back
    finds it.
    """

    def __init__(self, conninfo: str, options: dict[str, Any], timeout_s: float, *, links: int = _LINKS) -> None:
        from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

        self._conninfo, self._timeout_s, self._most = conninfo, timeout_s, links
        self._options = {**options, "options": f"{options['options']} {_PLANS}"}
        self._links: list[Link] = []
        self._opening: asyncio.Task[Link] | None = None
        self.dialect: Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        self._reading = DirectReading(self.dialect, self.fetch)

    @contextmanager
    def read(self) -> Iterator[Reading]:
        yield self._reading

    def fetch(self, plan: Plan, values: Values) -> list[tuple[Any, ...]]:
        """From inside a greenlet."""
        return await_only(self._rows(plan, values))

    async def _rows(self, plan: Plan, values: Values) -> list[tuple[Any, ...]]:
        """One time-out for the connection and the answer. Raises Overloaded past it, psycopg.Error."""
        texts = [_as_text(values[name]) for name in plan.order]
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._answered(plan.sql, texts)
        except TimeoutError as error:
            self.close(error)  # a server that says nothing: whoever waits behind this read waits for nothing
            raise DatabaseBusy from error

    async def _answered(self, sql: str, texts: list[bytes | None]) -> list[tuple[Any, ...]]:
        """A connection that was kept may have died meanwhile: then the read is done again, once, on a new one."""
        link = await self._link()
        try:
            return await link.fetch(sql, texts)
        except TimeoutError:
            raise
        except Exception:
            if not link.closed:
                raise
            self.close()  # the others, of the same server, are hardly better
        return await (await self._link()).fetch(sql, texts)

    async def _link(self) -> "Link":
        """The one with the fewest reads under way. Raises psycopg.Error."""
        link = min(self._links, key=_reads, default=None)
        if link is not None and link.closed:
            self._links.remove(link)
            return await self._link()
        if link is not None and (not link.reads or len(self._links) == self._most):
            return link
        return await self._opened()

    async def _opened(self) -> "Link":
        """One at a time; whoever waits for it may use it. Raises psycopg.Error."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(self._let_in)
        return await asyncio.shield(self._opening)

    async def _open(self) -> "Link":
        from psycopg import AsyncConnection

        from atpix.db.link import Link

        return Link(await AsyncConnection.connect(self._conninfo, autocommit=True, **self._options))

    def _let_in(self, opening: "asyncio.Task[Link]") -> None:
        self._opening = None
        if not opening.cancelled() and opening.exception() is None:
            self._links.append(opening.result())

    def close(self, reason: Exception | None = None) -> None:
        while self._links:
            self._links.pop().close(reason)


def _reads(link: "Link") -> int:
    return link.reads


def _as_text(value: object) -> bytes | None:
    """As PostgreSQL reads it; statements name the types."""
    return None if value is None else str(value).encode()
