"""Flow rows, as far as images need them: here, because image, alias and flow rows must agree in one transaction."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.tables import flows
from atpix.ids import FlowId
from atpix.images.errors import FlowNotFound

_MINE = sa.select(flows.c.id).where(flows.c.id == bindparam("id"), flows.c.project_id == bindparam("project"))


def ensure(tx: Writing, who: Caller, flow: FlowId, now: int) -> None:
    """Make the flow when nobody has it. Raises FlowNotFound when another project does."""
    new = {"id": flow, "project_id": who.project, "meta": "{}", "created_at": now, "updated_at": now}
    if tx.execute(tx.upsert(flows).values(**new).on_conflict_do_nothing()) == 0 and not exists(tx, who, flow):
        raise FlowNotFound(flow)


def exists(tx: Reading, who: Caller, flow: FlowId) -> bool:
    return tx.one_or_none(_MINE, {"id": flow, "project": who.project}) is not None
