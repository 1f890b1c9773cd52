"""Flows in SQL, with what belongs to them counted and named."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.generation_tables import generations
from atpix.db.tables import aliases, flows, image_counts, images
from atpix.generations import rows as generation_rows
from atpix.generations.rows import Generation
from atpix.http.pages import Page, Window
from atpix.ids import FlowId, GenerationId, ImageId, ProjectId
from atpix.images.errors import FlowNotFound


class Flow(NamedTuple):
    """`aliases` by name, sorted. Times are Unix milliseconds; `image_count` leaves out the trash."""

    id: FlowId
    project_id: ProjectId
    meta: str
    created_at: int
    updated_at: int
    aliases: dict[str, ImageId]
    generation_count: int
    image_count: int


_COLUMNS = (flows.c.id, flows.c.project_id, flows.c.meta, flows.c.created_at, flows.c.updated_at)
_MINE = sa.select(*_COLUMNS).where(flows.c.project_id == bindparam("project"))
_ONE = _MINE.where(flows.c.id == bindparam("id"))
_LOCK = sa.select(flows.c.id).where(flows.c.id == bindparam("id"), flows.c.project_id == bindparam("project"))
_PAGE = _MINE.order_by(flows.c.id.desc()).limit(bindparam("limit"))
_TOTAL = sa.select(sa.func.count()).select_from(flows).where(flows.c.project_id == bindparam("project"))
_these: sa.BindParameter[Any] = bindparam("flows", expanding=True)
_NAMES = sa.select(aliases.c.flow_id, aliases.c.name, aliases.c.image_id).where(aliases.c.flow_id.in_(_these))
_IMAGES = (
    sa.select(image_counts.c.flow_id, sa.func.sum(image_counts.c.n).label("n"))
    .where(image_counts.c.flow_id.in_(_these), image_counts.c.trashed.is_(False))
    .group_by(image_counts.c.flow_id)
)
_GENERATIONS = (
    sa.select(generations.c.flow_id, sa.func.count().label("n"))
    .where(generations.c.flow_id.in_(_these))
    .group_by(generations.c.flow_id)
)
_IMAGES_OF = sa.select(images.c.id).where(images.c.flow_id == bindparam("flow"))


def get(tx: Reading, who: Caller, flow: FlowId) -> Flow:
    """Raises FlowNotFound."""
    row = tx.one_or_none(_ONE, {"id": flow, "project": who.project})
    if row is None:
        raise FlowNotFound(flow)
    return _whole(tx, [row])[0]


def page(tx: Reading, who: Caller, window: Window) -> Page[Flow]:
    query = _PAGE if window.after is None else _PAGE.where(flows.c.id < bindparam("after"))
    values: dict[str, Any] = {"project": who.project, "limit": window.limit + 1}
    if window.after is not None:
        values["after"] = window.after
    if window.offset:
        query, values = query.offset(bindparam("offset", type_=sa.BigInteger)), values | {"offset": window.offset}
    rows = tx.all(query, values)
    found = _whole(tx, rows[: window.limit])
    return Page(found, int(tx.scalar(_TOTAL, {"project": who.project})), len(rows) > window.limit)


def lock(tx: Writing, who: Caller, flow: FlowId, *, to_delete: bool = False) -> None:
    """Whoever moves its names waits; with `to_delete` also whoever puts an image into it. Raises FlowNotFound."""
    query = _LOCK.with_for_update(key_share=not to_delete)
    if tx.one_or_none(query, {"id": flow, "project": who.project}) is None:
        raise FlowNotFound(flow)


def insert(tx: Writing, who: Caller, flow: FlowId, meta: str, now: int) -> None:
    new = {"id": flow, "project_id": who.project, "meta": meta, "created_at": now, "updated_at": now}
    tx.execute(flows.insert().values(**new))


def update(tx: Writing, flow: FlowId, **columns: object) -> None:
    tx.execute(flows.update().where(flows.c.id == flow).values(**columns))


def delete(tx: Writing, flow: FlowId) -> None:
    """Its generations go with it."""
    tx.execute(flows.delete().where(flows.c.id == flow))


def images_kept(tx: Reading, flow: FlowId) -> list[ImageId]:
    """Those that the project has a name for."""
    named = aliases.c.image_id == images.c.id, aliases.c.flow_id.is_(None)
    return [ImageId(row.id) for row in tx.all(_IMAGES_OF.where(sa.exists().where(*named)), {"flow": flow})]


def images_of(tx: Reading, flow: FlowId) -> list[ImageId]:
    """Newest first, trashed ones too."""
    return [ImageId(row.id) for row in tx.all(_IMAGES_OF.order_by(images.c.id.desc()), {"flow": flow})]


def generations_of(tx: Reading, flow: FlowId) -> list[GenerationId]:
    """Newest first."""
    query = sa.select(generations.c.id).where(generations.c.flow_id == flow).order_by(generations.c.id.desc())
    return [GenerationId(row.id) for row in tx.all(query)]


def under_way(tx: Writing, flow: FlowId) -> list[Generation]:
    """Nobody else ends them while this transaction lasts."""
    mine = generations.c.flow_id == flow, generations.c.status.in_(("pending", "processing"))
    query = generation_rows.SELECT.where(*mine).order_by(generations.c.id).with_for_update(key_share=True)
    return [generation_rows.of_row(row) for row in tx.all(query)]


def _whole(tx: Reading, rows: Sequence[Any]) -> list[Flow]:
    """A page costs three more queries, however many flows are in it."""
    if not rows:
        return []
    values = {"flows": [row.id for row in rows]}
    names: dict[str, dict[str, ImageId]] = defaultdict(dict)
    for flow, name, image in sorted(tuple(row) for row in tx.all(_NAMES, values)):
        names[flow][name] = ImageId(image)
    counted, made = ({row.flow_id: int(row.n) for row in tx.all(query, values)} for query in (_IMAGES, _GENERATIONS))
    return [Flow(*tuple(row), names[row.id], made.get(row.id, 0), counted.get(row.id, 0)) for row in rows]  # type: ignore[call-arg]
