"""Names: one holder each, which is there; and a history that ends with the present."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.db import Writing
from atpix.db.tables import alias_moves, aliases, flows, images, projects
from atpix.doctor.findings import Finding, Repair
from atpix.ids import FlowId, ProjectId
from atpix.services import Services

NOTE = "recorded by atpix doctor"
_MOST = 1001


class Name(NamedTuple):
    project: ProjectId
    flow: FlowId | None
    alias: str

    def __str__(self) -> str:
        return f"{self.alias} of {'flow ' + self.flow if self.flow else 'project ' + self.project}"


_TWO_HOLDERS = (
    sa.select(aliases.c.project_id, aliases.c.flow_id, aliases.c.name)
    .group_by(aliases.c.project_id, aliases.c.flow_id, aliases.c.name)
    .having(sa.func.count() > 1)
    .limit(_MOST)
)
_TWO_NAMES = (
    sa.select(aliases.c.image_id)
    .where(aliases.c.flow_id.is_(None))
    .group_by(aliases.c.image_id)
    .having(sa.func.count() > 1)
    .limit(_MOST)
)
_DANGLING = (
    sa.select(aliases.c.project_id, aliases.c.flow_id, aliases.c.name, aliases.c.image_id)
    .outerjoin(images, sa.and_(images.c.project_id == aliases.c.project_id, images.c.id == aliases.c.image_id))
    .outerjoin(flows, flows.c.id == aliases.c.flow_id)
    .where(
        sa.or_(
            images.c.id.is_(None),
            images.c.deleted_at.is_not(None),
            sa.and_(aliases.c.flow_id.is_not(None), flows.c.project_id.is_distinct_from(aliases.c.project_id)),
        )
    )
    .limit(_MOST)
)
_scope = (alias_moves.c.flow_id, alias_moves.c.name)
_GAPS = (
    sa.select(*_scope)
    .where(alias_moves.c.project_id == bindparam("project"))
    .group_by(*_scope)
    .having(sa.func.max(alias_moves.c.revision) != sa.func.count())
    .limit(_MOST)
)
_ranked = (
    sa.select(
        *_scope,
        alias_moves.c.image_id,
        sa.func.row_number().over(partition_by=_scope, order_by=alias_moves.c.revision.desc()).label("age"),
    )
    .where(alias_moves.c.project_id == bindparam("project"))
    .subquery()
)
# A flow that is gone took its names along; its history stays.
_alive = sa.or_(_ranked.c.flow_id.is_(None), sa.exists().where(flows.c.id == _ranked.c.flow_id))
_said = sa.select(_ranked.c.flow_id, _ranked.c.name, _ranked.c.image_id).where(
    _ranked.c.age == 1, _ranked.c.image_id.is_not(None), _alive
)
_held = sa.select(aliases.c.flow_id, aliases.c.name, aliases.c.image_id).where(
    aliases.c.project_id == bindparam("project")
)
_more = sa.except_(_said, _held).subquery()
_less = sa.except_(_held, _said).subquery()
_UNSAID = sa.union(sa.select(_more.c.flow_id, _more.c.name), sa.select(_less.c.flow_id, _less.c.name)).limit(_MOST)
"""Names whose last record is not their holder, both ways round. One statement, hence one moment."""


def examine(svc: Services) -> Iterator[Finding]:
    with svc.db.read() as tx:
        for row in tx.all(_TWO_HOLDERS):
            yield Finding("two_holders", f"{Name(row.project_id, row.flow_id, row.name)} is held by two images.")
        for row in tx.all(_TWO_NAMES):
            yield Finding("two_holders", f"Image {row.image_id} has two project aliases.")
        dangling = tx.all(_DANGLING)
        ids = [ProjectId(row.id) for row in tx.all(sa.select(projects.c.id).order_by(projects.c.id))]
    for row in dangling:
        name = Name(row.project_id, row.flow_id, row.name)
        sentence = f"{name} points to image {row.image_id}, which is not there for it."
        yield Finding("dangling_name", sentence, Repair("Release the name.", _released(name)))
    for project in ids:
        yield from _histories(svc, project)


def _histories(svc: Services, project: ProjectId) -> Iterator[Finding]:
    with svc.db.read() as tx:
        gaps = [Name(project, row.flow_id, row.name) for row in tx.all(_GAPS, {"project": project})]
        unsaid = [Name(project, row.flow_id, row.name) for row in tx.all(_UNSAID, {"project": project})]
    for name in gaps:
        repair = Repair("Fill the gap with what the records beside it say.", _filled(name))
        yield Finding("history", f"The history of {name} has a gap.", repair)
    for name in unsaid:
        sentence = f"The history of {name} does not end with its holder."
        yield Finding("history", sentence, Repair("Record the present holder.", _recorded(name)))


def _released(name: Name) -> Callable[[Services], bool]:
    def carry_out(svc: Services) -> bool:
        with svc.db.transaction() as tx:
            _lock(tx, name)
            if tx.one_or_none(_DANGLING.where(*_is(aliases, name))) is None:
                return False
            tx.execute(aliases.delete().where(*_is(aliases, name)))
            _append(tx, name, svc.now())
        return True

    return carry_out


def _recorded(name: Name) -> Callable[[Services], bool]:
    def carry_out(svc: Services) -> bool:
        with svc.db.transaction() as tx:
            _lock(tx, name)
            return _append(tx, name, svc.now())

    return carry_out


def _append(tx: Writing, name: Name, now: int) -> bool:
    """Let the history end with the present. False when it does already."""
    holder = tx.scalar(sa.select(aliases.c.image_id).where(*_is(aliases, name)))
    last = tx.one_or_none(_records(name).order_by(alias_moves.c.revision.desc()).limit(1))
    said = last.image_id if last else None
    if said == holder:
        return False
    _record(tx, name, last.revision + 1 if last else 1, holder, said, now)
    return True


def _filled(name: Name) -> Callable[[Services], bool]:
    def carry_out(svc: Services) -> bool:
        """The record after a gap says what was before it; further back nothing is known, so nothing is made up."""
        with svc.db.transaction() as tx:
            _lock(tx, name)
            revision, said = 0, None
            filled = False
            for row in tx.all(_records(name).order_by(alias_moves.c.revision)):
                for lost in range(revision + 1, row.revision):
                    now_holds = row.previous_image_id if lost == row.revision - 1 else None
                    _record(tx, name, lost, now_holds, said, row.at)
                    said, filled = now_holds, True
                revision, said = row.revision, row.image_id
        return filled

    return carry_out


def _record(tx: Writing, name: Name, revision: int, image: str | None, previous: str | None, at: int) -> None:
    scope = {"project_id": name.project, "flow_id": name.flow, "name": name.alias}
    row = {"revision": revision, "image_id": image, "previous_image_id": previous, "at": at, "note": NOTE}
    tx.execute(alias_moves.insert().values(**scope, **row))


def _records(name: Name) -> sa.Select[Any]:
    return sa.select(alias_moves).where(*_is(alias_moves, name))


def _is(table: sa.Table, name: Name) -> tuple[sa.ColumnElement[bool], ...]:
    flow = table.c.flow_id.is_(None) if name.flow is None else table.c.flow_id == name.flow
    return table.c.project_id == name.project, table.c.name == name.alias, flow


def _lock(tx: Writing, name: Name) -> None:
    """As every move of a name does: the project's scope, then the flow's."""
    tx.one_or_none(sa.select(projects.c.id).where(projects.c.id == name.project).with_for_update(key_share=True))
    if name.flow is not None:
        tx.one_or_none(sa.select(flows.c.id).where(flows.c.id == name.flow).with_for_update(key_share=True))
