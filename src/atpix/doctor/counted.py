"""Totals are kept by triggers: are they what counting would say?"""

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.db.tables import image_counts, images, projects
from atpix.doctor.findings import Finding, Repair
from atpix.ids import ProjectId
from atpix.services import Services

_project = bindparam("project", type_=images.c.project_id.type)
_trashed = images.c.deleted_at.is_not(None)
_NO_FLOW = sa.cast(sa.null(), images.c.flow_id.type)


_parts = sa.union_all(
    sa.select(_NO_FLOW.label("flow"), images.c.source, _trashed.label("trashed"), sa.literal(1).label("n")).where(
        images.c.project_id == _project
    ),
    sa.select(images.c.flow_id, images.c.source, _trashed, sa.literal(1)).where(
        images.c.project_id == _project, images.c.flow_id.is_not(None)
    ),
    sa.select(image_counts.c.flow_id, image_counts.c.source, image_counts.c.trashed, -image_counts.c.n).where(
        image_counts.c.project_id == _project
    ),
).subquery()
_scope = (_parts.c.flow, _parts.c.source, _parts.c.trashed)
_missing = sa.func.sum(_parts.c.n)
_DIFFERENCES = sa.select(*_scope, _missing.label("missing")).group_by(*_scope).having(_missing != 0)
"""One statement, hence one moment: images that are there minus images that were counted."""


def examine(svc: Services) -> Iterator[Finding]:
    with svc.db.read() as tx:
        ids = [ProjectId(row.id) for row in tx.all(sa.select(projects.c.id).order_by(projects.c.id))]
    for project in ids:
        with svc.db.read() as tx:
            wrong = tx.all(_DIFFERENCES, {"project": project})
        if wrong:
            scopes = ", ".join(f"{'flow ' + row.flow + ' ' if row.flow else ''}{row.source}" for row in wrong[:3])
            sentence = f"{len(wrong)} totals of project {project} are not what is there ({scopes})."
            yield Finding("counts", sentence, Repair("Count again.", _corrected(project)))


def _corrected(project: ProjectId) -> Callable[[Services], bool]:
    def carry_out(svc: Services) -> bool:
        """Differences are added, so that what others count meanwhile stays counted."""
        with svc.db.transaction() as tx:
            tx.one_or_none(sa.select(projects.c.id).where(projects.c.id == project).with_for_update(key_share=True))
            wrong = tx.all(_DIFFERENCES, {"project": project})
            for row in wrong:
                scope = [image_counts.c.project_id] if row.flow is None else [image_counts.c.flow_id]
                condition = (
                    image_counts.c.flow_id.is_(None) if row.flow is None else image_counts.c.flow_id.is_not(None)
                )
                insert = tx.upsert(image_counts).values(
                    project_id=project, flow_id=row.flow, source=row.source, trashed=row.trashed, slot=0, n=row.missing
                )
                tx.execute(
                    insert.on_conflict_do_update(
                        index_elements=[*scope, image_counts.c.source, image_counts.c.trashed, image_counts.c.slot],
                        index_where=condition,
                        set_={"n": image_counts.c.n + row.missing},
                    )
                )
        return bool(wrong)

    return carry_out
