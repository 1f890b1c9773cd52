"""Counts of times that are over are forgotten."""

import sqlalchemy as sa

from atpix import windows
from atpix.db.generation_tables import counted_windows
from atpix.worker import run_once

DAY_S = 24 * 3600


def test_a_window_is_forgotten_a_day_after_it_began(empty_svc, clock):
    for subject in ("old", "young"):
        with empty_svc.db.transaction() as tx:
            windows.count(tx, subject, clock(), period_ms=60_000)
        clock.advance(DAY_S * 0.6)

    assert run_once(empty_svc).forgotten_windows == 1

    with empty_svc.db.read() as tx:
        assert [row.subject for row in tx.all(sa.select(counted_windows.c.subject))] == ["young"]
    assert run_once(empty_svc).forgotten_windows == 0
