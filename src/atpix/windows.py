"""How often something happened in the present window of time: limits that are exact over processes and machines.

A window begins with the first event after the last one ended. The row is locked by the counting itself, so that of two
that come together one sees the other; a transaction that is undone has counted nothing. A window that lies ahead by
more than its length was begun by a clock that was wrong: it is over, too.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import BigInteger, bindparam
from sqlalchemy.sql import Executable

from atpix.db import Jotting, Reading, Writing, upsert
from atpix.db.generation_tables import counted_windows as windows


class Window(NamedTuple):
    """`n` counts the event itself. `ends_at` is Unix milliseconds."""

    n: int
    ends_at: int

    def left_s(self, now: int) -> int:
        """Until it ends, at least 1: for `Retry-After`."""
        return max(1, -(-(self.ends_at - now) // 1000))


class Rate(NamedTuple):
    """Where a window stands against its limit."""

    limit: int
    window: Window

    @property
    def left(self) -> int:
        return max(0, self.limit - self.window.n)

    @property
    def headers(self) -> Mapping[str, str]:
        """`Reset` is Unix seconds."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.left),
            "X-RateLimit-Reset": str(-(-self.window.ends_at // 1000)),
        }


def count(tx: Writing | Jotting, subject: str, now: int, *, period_ms: int, times: int = 1) -> Window:
    """So many more. Whoever finds it to be too many raises, and so undoes it, where there is a transaction to undo."""
    values = {"counted": subject, "now": now, "over": now - period_ms, "ahead": now + period_ms, "times": times}
    row = tx.one_or_none(_more(tx.dialect), values)
    assert row is not None
    return Window(row.n, row.began_at + period_ms)


@lru_cache(maxsize=2)
def _more(dialect: str) -> Executable:
    now, over, ahead, times = (bindparam(name, type_=BigInteger) for name in ("now", "over", "ahead", "times"))
    old = sa.or_(windows.c.began_at <= over, windows.c.began_at > ahead)
    insert = upsert(windows, dialect).values(subject=bindparam("counted"), began_at=now, n=times)
    changed = {
        "n": sa.case((old, times), else_=windows.c.n + times),
        "began_at": sa.case((old, now), else_=windows.c.began_at),
    }
    counted: Executable = insert.on_conflict_do_update(index_elements=[windows.c.subject], set_=changed).returning(
        windows.c.n, windows.c.began_at
    )
    return counted


def seen(tx: Reading, subject: str, now: int, *, period_ms: int) -> Window:
    """Without counting."""
    row = tx.one_or_none(sa.select(windows.c.n, windows.c.began_at).where(windows.c.subject == subject))
    if row is None or not now - period_ms < row.began_at <= now + period_ms:
        return Window(0, now + period_ms)
    return Window(row.n, row.began_at + period_ms)


def any_old(tx: Reading, before: int) -> bool:
    return tx.one_or_none(sa.select(windows.c.subject).where(windows.c.began_at < before).limit(1)) is not None


def forget_old(tx: Writing, before: int) -> int:
    """Returns how many."""
    return tx.execute(windows.delete().where(windows.c.began_at < before))
