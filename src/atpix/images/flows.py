"""Flow rows, as far as images need them: here, because image, alias and flow rows must agree in one transaction."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.tables import flows
from atpix.ids import FlowId
from atpix.images.errors import FlowNotFound

_MINE = sa.select(flows.c.id).where(flows.c.id == bindparam("id"), flows.c.project_id == bindparam("project"))
_KEPT = _MINE.with_for_update(read=True, key_share=True)
_ATTEMPTS = 3


def ensure(tx: Writing, who: Caller, flow: FlowId, now: int) -> None:
    """Make the flow when nobody has it, and keep it from being deleted while this transaction lasts.

    One that is deleted between the two is made anew. Raises FlowNotFound when another project has it.
    """
    new = {"id": flow, "project_id": who.project, "meta": "{}", "created_at": now, "updated_at": now}
    for _ in range(_ATTEMPTS):
        if tx.execute(tx.upsert(flows).values(**new).on_conflict_do_nothing()) == 1:
            return
        if tx.one_or_none(_KEPT, {"id": flow, "project": who.project}) is not None:
            return
    raise FlowNotFound(flow)


def touch(tx: Writing, which: sa.ColumnElement[bool], now: int) -> None:
    """Something about the flows that `which` speaks of has changed."""
    later = sa.case((flows.c.updated_at < now, now), else_=flows.c.updated_at + 1)
    tx.execute(flows.update().where(which).values(updated_at=later))


def exists(tx: Reading, who: Caller, flow: FlowId) -> bool:
    return tx.one_or_none(_MINE, {"id": flow, "project": who.project}) is not None
