"""One connection to PostgreSQL on the event loop, by libpq's own asynchronous calls, in its pipeline mode.

psycopg opens it, sends and reads by its binding of libpq, and turns rows into Python. Left out is its AsyncConnection:
its locks, generators and waits cost more than the rest of a point read. In pipeline mode many reads are under way at
once, and the server answers them in order without being woken for each.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.types.string import TextLoader

Result = pq.abc.PGresult

_FINE = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})


class Link:
    """Any number of reads at once, from one event loop. `reads` are those under way."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        connection.adapters.register_loader("uuid", TextLoader)
        self.reads = 0
        self._connection = connection  # held, or it complains that it goes while open
        self._pgconn = connection.pgconn
        self._pgconn.enter_pipeline_mode()
        self._socket = self._pgconn.socket
        self._rows = Transformer(connection)
        self._prepared: dict[str, bytes] = {}
        self._names = itertools.count()
        self._asked: deque[asyncio.Future[Result]] = deque()
        self._latest: Result | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._readable)

    @property
    def closed(self) -> bool:
        return self._pgconn.status != pq.ConnStatus.OK

    async def fetch(self, sql: str, values: Sequence[bytes | None]) -> list[tuple[Any, ...]]:
        """`values` in the server's text format. Raises psycopg.Error."""
        self.reads += 1
        try:
            name = self._prepared.get(sql) or await self._prepare(sql)
            result = await self._ask(self._pgconn.send_query_prepared, name, values)
        finally:
            self.reads -= 1
        self._rows.set_pgresult(result)
        return self._rows.load_rows(0, result.ntuples, tuple)

    def close(self, reason: Exception | None = None) -> None:
        """What is under way fails with `reason`, or psycopg.OperationalError."""
        if not (self.closed or self._loop.is_closed()):
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._pgconn.finish()
        while self._asked:
            _fail(self._asked.popleft(), reason or psycopg.OperationalError("The connection was closed."))

    async def _prepare(self, sql: str) -> bytes:
        """Known at once: whoever asks the same meanwhile stands behind it in the pipeline."""
        name = self._prepared[sql] = b"s%d" % next(self._names)
        try:
            await self._ask(self._pgconn.send_prepare, name, sql.encode())
        except BaseException:
            self._prepared.pop(sql, None)
            raise
        return name

    async def _ask(self, send: Callable[..., None], *arguments: object) -> Result:
        """Each statement ends with a sync of its own: one that fails takes no other with it."""
        send(*arguments)
        self._pgconn.pipeline_sync()
        self._flush()
        answer: asyncio.Future[Result] = self._loop.create_future()
        self._asked.append(answer)
        return await answer

    def _flush(self) -> None:
        if self._pgconn.flush():
            self._loop.add_writer(self._socket, self._flush_rest)

    def _flush_rest(self) -> None:
        try:
            if not self._pgconn.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.Error:
            self.close()

    def _readable(self) -> None:
        """The server has said something: answers, a part of one, or good-bye, also while nobody asked."""
        try:
            self._pgconn.consume_input()
            while self._asked and not self._pgconn.is_busy():
                self._take(self._pgconn.get_result())
        except psycopg.Error:
            self.close()

    def _take(self, result: Result | None) -> None:
        if result is None:  # between a statement's result and its sync
            return
        if result.status != pq.ExecStatus.PIPELINE_SYNC:
            self._latest = result
            return
        answer, latest, self._latest = self._asked.popleft(), self._latest, None
        assert latest is not None
        if latest.status not in _FINE:
            _fail(answer, error_from_result(latest))
        elif not answer.done():
            answer.set_result(latest)


def _fail(answer: "asyncio.Future[Result]", error: Exception) -> None:
    """Nobody may wait for it any more: a time-out, a client that has gone."""
    if not answer.done():
        answer.set_exception(error)
