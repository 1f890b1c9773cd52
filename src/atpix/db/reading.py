"""What code may do inside `db.read()` and `db.transaction()`: two types, so that no reader writes."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql import Executable


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
        with self._connection.execute(query, execution_options={"yield_per": batch}) as result:
            yield from result


class Writing(Reading):
    """One transaction. It commits when the block ends well and leaves no trace when it does not."""

    def execute(self, statement: Executable, parameters: dict[str, Any] | list[dict[str, Any]] | None = None) -> int:
        """The number of rows changed."""
        kept = {"preserve_rowcount": True}  # PostgreSQL would otherwise say -1 for an INSERT
        return self._connection.execute(statement, parameters, execution_options=kept).rowcount

    def upsert(self, table: sa.Table) -> Any:  # noqa: ANN401  as below
        return upsert(table, self.dialect)


def upsert(table: sa.Table, dialect: str) -> Any:  # noqa: ANN401  two dialects' Insert, with one shape and no common type
    """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as pg_insert

        return pg_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)
