"""The end of the trash: what a project kept there for its `trashRetentionDays` is deleted for ever."""

from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix import outbox
from atpix.caller import ProjectSettings
from atpix.db import Reading, Writing
from atpix.db.tables import aliases, images, projects
from atpix.ids import ImageId, ProjectId, blob_key

_DAY_MS = 86_400_000

_days = sa.cast(
    sa.func.coalesce(projects.c.settings["trashRetentionDays"].as_integer(), ProjectSettings().trash_retention_days),
    sa.BigInteger,  # as milliseconds they are more than PostgreSQL's integer holds
)
_now = bindparam("now", type_=sa.BigInteger)
_shortest = sa.select(sa.func.min(_days)).scalar_subquery()
# A name on a trashed image is a fault; deleting the image would hide it from the doctor and from the name's history.
_nameless = ~sa.exists().where(aliases.c.image_id == images.c.id)

_EXPIRED = (
    sa.select(images.c.project_id, images.c.id)
    .join(projects, projects.c.id == images.c.project_id)
    .where(
        images.c.deleted_at <= _now - _shortest * _DAY_MS,  # the index's part of the work
        images.c.deleted_at <= _now - _days * _DAY_MS,
        _nameless,
    )
    .order_by(images.c.deleted_at)
    .limit(bindparam("most"))
)
_LOCK_PROJECT = sa.select(projects.c.id).where(projects.c.id == bindparam("id")).with_for_update(key_share=True)


def expired(tx: Reading, now: int, *, most: int) -> dict[ProjectId, list[ImageId]]:
    """The longest trashed whose time is over, by project."""
    found: dict[ProjectId, list[ImageId]] = defaultdict(list)
    for row in tx.all(_EXPIRED, {"now": now, "most": most}):
        found[ProjectId(row.project_id)].append(ImageId(row.id))
    return found


def purge(tx: Writing, project: ProjectId, candidates: list[ImageId], now: int) -> int:
    """Delete those that are still trashed and overdue: one may have been restored a moment ago. Returns how many.

    The project comes first, as in every action: the triggers that keep counts would otherwise lock in another order.
    """
    tx.one_or_none(_LOCK_PROJECT, {"id": project})
    mine = _EXPIRED.where(images.c.project_id == project, images.c.id.in_(candidates))
    rows = tx.all(mine.with_for_update(of=images), {"now": now, "most": len(candidates)})
    ids = [ImageId(row.id) for row in rows]
    if ids:
        tx.execute(images.delete().where(images.c.id.in_(ids)))
    for image in ids:
        outbox.delete_blob(tx, blob_key(project, image), now)
    return len(ids)
