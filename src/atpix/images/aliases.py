"""Names that move from image to image, and the history of every move.

A move locks its scope first (the project's row, or the flow's), so that moves over crossing names queue up instead of
deadlocking, and revisions count without gaps. Readers see the old holder or the new one: never two, never none.
Whatever changes the names of a flow changes its `updated_at`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from msgspec import UNSET, UnsetType
from sqlalchemy import bindparam

from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.tables import alias_moves, aliases, flows, projects
from atpix.ids import Alias, FlowId, ImageId
from atpix.images import flows as flow_rows
from atpix.images.errors import AliasConflict, HolderChanged

_HOLDER = sa.select(aliases.c.image_id).where(
    aliases.c.project_id == bindparam("project"), aliases.c.name == bindparam("name")
)
_NAMES_OF = sa.select(aliases.c.name, aliases.c.flow_id).where(aliases.c.image_id == bindparam("image"))
_REVISION = sa.select(sa.func.max(alias_moves.c.revision)).where(
    alias_moves.c.project_id == bindparam("project"), alias_moves.c.name == bindparam("name")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What is asked of a name. `expect` is the holder the caller believes in, None for "free"."""

    alias: Alias
    to: ImageId
    flow: FlowId | None = None
    expect: ImageId | UnsetType | None = UNSET
    on_conflict: Literal["replace", "fail"] = "replace"
    note: str | None = None


def lock_scope(tx: Writing, who: Caller, flow: FlowId | None = None) -> None:
    """The first statement of every transaction that moves names."""
    table, row = (projects, who.project) if flow is None else (flows, flow)
    tx.one_or_none(sa.select(table.c.id).where(table.c.id == row).with_for_update(key_share=True))


def move(tx: Writing, who: Caller, asked: Move, *, at: int) -> ImageId | None:
    """Make the name mean `asked.to`; returns the image that lost it. Assigning what is so changes nothing.

    In a project's scope an image has one name at most: its old one is freed. The caller has locked the scope.
    Raises HolderChanged, AliasConflict.
    """
    found = holder(tx, who, asked.alias, asked.flow)
    if asked.expect is not UNSET and asked.expect != found:
        raise HolderChanged(asked.alias, found)
    if found == asked.to:
        return None
    if found is not None and asked.on_conflict == "fail":
        raise AliasConflict(asked.alias, found)
    if asked.flow is None:
        _free(tx, who, asked.to, None, at=at, note=asked.note)
    _put(tx, who, asked, found, at)
    _record(tx, who, asked.alias, asked.flow, asked.to, found, at=at, note=asked.note)
    return found


def remove(tx: Writing, who: Caller, image: ImageId, *, at: int, note: str | None = None) -> None:
    """Take the project alias from an image, if it has one. The caller has locked the scope."""
    _free(tx, who, image, None, at=at, note=note)


def release_all(tx: Writing, who: Caller, image: ImageId, *, at: int) -> None:
    """Take every name from an image that goes. The caller has locked the project's scope."""
    for scope in sorted({row.flow_id for row in tx.all(_NAMES_OF, {"image": image}) if row.flow_id is not None}):
        lock_scope(tx, who, FlowId(scope))
        _free(tx, who, image, FlowId(scope), at=at)
    _free(tx, who, image, None, at=at)


def release(tx: Writing, who: Caller, which: sa.ColumnElement[bool], *, at: int) -> int:
    """Take all names away that `which`, a condition on `aliases`, speaks of; returns how many.

    The caller has locked their scopes.
    """
    mine = sa.and_(aliases.c.project_id == who.project, which)
    earlier = (
        sa.select(sa.func.max(alias_moves.c.revision))
        .where(
            alias_moves.c.project_id == aliases.c.project_id,
            alias_moves.c.flow_id.is_not_distinct_from(aliases.c.flow_id),
            alias_moves.c.name == aliases.c.name,
        )
        .scalar_subquery()
    )
    moved = {
        "project_id": aliases.c.project_id,
        "flow_id": aliases.c.flow_id,
        "name": aliases.c.name,
        "revision": sa.func.coalesce(earlier, 0) + 1,
        "previous_image_id": aliases.c.image_id,
        "at": sa.literal(at, sa.BigInteger),
        "key_id": sa.literal(who.key, alias_moves.c.key_id.type),
    }
    tx.execute(alias_moves.insert().from_select(list(moved), sa.select(*moved.values()).where(mine)))
    flow_rows.touch(tx, flows.c.id.in_(sa.select(aliases.c.flow_id).where(mine)), at)
    return tx.execute(aliases.delete().where(mine))


def release_in_flows(tx: Writing, who: Caller, gone: Sequence[ImageId], *, at: int) -> None:
    """Take the names that flows have for these images away. The caller has locked the project's scope."""
    theirs = sa.and_(aliases.c.image_id.in_(gone), aliases.c.flow_id.is_not(None))
    scopes = sa.select(aliases.c.flow_id).where(theirs)
    if tx.all(sa.select(flows.c.id).where(flows.c.id.in_(scopes)).order_by(flows.c.id).with_for_update(key_share=True)):
        release(tx, who, theirs, at=at)


def holder(tx: Reading, who: Caller, alias: Alias, flow: FlowId | None = None) -> ImageId | None:
    found = tx.scalar(_HOLDER.where(_in(flow)), {"project": who.project, "name": str(alias)})
    return None if found is None else ImageId(found)


def _put(tx: Writing, who: Caller, asked: Move, found: ImageId | None, at: int) -> None:
    if found is None:
        row = {"project_id": who.project, "flow_id": asked.flow, "name": str(asked.alias)}
        tx.execute(aliases.insert().values(**row, image_id=asked.to, assigned_at=at))
        return
    mine = (aliases.c.project_id == who.project, aliases.c.name == str(asked.alias), _in(asked.flow))
    tx.execute(aliases.update().where(*mine).values(image_id=asked.to, assigned_at=at))


def _free(tx: Writing, who: Caller, image: ImageId, flow: FlowId | None, *, at: int, note: str | None = None) -> None:
    names = [Alias(row.name) for row in tx.all(_NAMES_OF, {"image": image}) if row.flow_id == flow]
    for name in names:
        tx.execute(aliases.delete().where(aliases.c.image_id == image, aliases.c.name == str(name), _in(flow)))
        _record(tx, who, name, flow, None, image, at=at, note=note)


def _record(
    tx: Writing,
    who: Caller,
    alias: Alias,
    flow: FlowId | None,
    now: ImageId | None,
    before: ImageId | None,
    *,
    at: int,
    note: str | None,
) -> None:
    scope = alias_moves.c.flow_id.is_(None) if flow is None else alias_moves.c.flow_id == flow
    last = tx.scalar(_REVISION.where(scope), {"project": who.project, "name": str(alias)})
    tx.execute(
        alias_moves.insert().values(
            project_id=who.project,
            flow_id=flow,
            name=str(alias),
            revision=(last or 0) + 1,
            image_id=now,
            previous_image_id=before,
            at=at,
            key_id=who.key,
            note=note,
        )
    )
    if flow is not None:
        flow_rows.touch(tx, flows.c.id == flow, at)


def _in(flow: FlowId | None) -> sa.ColumnElement[bool]:
    return aliases.c.flow_id.is_(None) if flow is None else aliases.c.flow_id == flow
