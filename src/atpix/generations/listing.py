"""Generations, newest first."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.caller import Caller
from atpix.db import Reading
from atpix.db.generation_tables import generations
from atpix.generations import rows
from atpix.generations.rows import Shown, Status
from atpix.http.pages import Page, Window
from atpix.ids import FlowId


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Both at once."""

    flow: FlowId | None = None
    status: Status | None = None


def page(tx: Reading, who: Caller, wanted: Filter, window: Window) -> Page[Shown]:
    """The total is counted in an index: 100,000 in a few milliseconds, so not on the event loop."""
    conditions = [generations.c.project_id == who.project]
    if wanted.flow is not None:
        conditions.append(generations.c.flow_id == wanted.flow)
    if wanted.status is not None:
        conditions.append(generations.c.status == wanted.status)
    total = tx.scalar(sa.select(sa.func.count()).select_from(generations).where(*conditions))
    if window.after is not None:
        conditions.append(generations.c.id < window.after)
    ids = sa.select(generations.c.id).where(*conditions).order_by(generations.c.id.desc())
    ids = ids.limit(sa.literal_column(str(window.limit + 1))).offset(bindparam("offset", type_=sa.BigInteger))
    chosen = ids.subquery()
    query = rows.SELECT.join(chosen, chosen.c.id == generations.c.id).order_by(generations.c.id.desc())
    found = [rows.of_row(row) for row in tx.all(query, {"offset": window.offset})]
    return Page(rows.all_shown(tx, found[: window.limit]), int(total), len(found) > window.limit)
