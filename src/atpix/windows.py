"""How often something happened in the present window of time: limits that are exact over processes and machines.

A window begins with the first event after the last one ended. The row is locked by the counting itself, so that of two
that come together one sees the other; a transaction that is undone has counted nothing.
"""

from typing import NamedTuple

import sqlalchemy as sa

from atpix.db import Reading, Writing
from atpix.db.generation_tables import counted_windows as windows


class Window(NamedTuple):
    """`n` counts the event itself. `ends_at` is Unix milliseconds."""

    n: int
    ends_at: int


def count(tx: Writing, subject: str, now: int, *, period_ms: int) -> Window:
    """One more. Whoever finds it to be one too many raises, and so undoes it."""
    old = windows.c.began_at <= now - period_ms
    insert = tx.upsert(windows).values(subject=subject, began_at=now, n=1)
    tx.execute(
        insert.on_conflict_do_update(
            index_elements=[windows.c.subject],
            set_={
                "n": sa.case((old, 1), else_=windows.c.n + 1),
                "began_at": sa.case((old, now), else_=windows.c.began_at),
            },
        )
    )
    return seen(tx, subject, now, period_ms=period_ms)


def seen(tx: Reading, subject: str, now: int, *, period_ms: int) -> Window:
    """Without counting."""
    row = tx.one_or_none(sa.select(windows.c.n, windows.c.began_at).where(windows.c.subject == subject))
    if row is None or row.began_at <= now - period_ms:
        return Window(0, now + period_ms)
    return Window(row.n, row.began_at + period_ms)


def any_old(tx: Reading, before: int) -> bool:
    return tx.one_or_none(sa.select(windows.c.subject).where(windows.c.began_at < before).limit(1)) is not None


def forget_old(tx: Writing, before: int) -> int:
    """Returns how many."""
    return tx.execute(windows.delete().where(windows.c.began_at < before))
