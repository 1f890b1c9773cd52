"""What must happen after a commit, written in the same transaction and carried out by the worker until it succeeds.

A row is claimed by pushing its `due_at` a lease ahead, worked on outside of any transaction, and then removed. When its
worker is killed the lease runs out and another takes it, so that whatever a row asks for must be safe to repeat.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.db import Reading, Writing
from atpix.db.tables import images, outbox, upload_intents
from atpix.ids import BlobKey, ImageId, ProjectId, image_of, rendition_folder

DELETE_BLOB = "delete_blob"
DROP_RENDITIONS = "drop_renditions"
LEASE_MS = 120_000
_LONGEST_ERROR = 200

_DUE = sa.select(outbox.c.id).where(outbox.c.due_at <= bindparam("now", type_=sa.BigInteger)).limit(1)
_NEXT = (
    sa.select(outbox)
    .where(outbox.c.due_at <= bindparam("now", type_=sa.BigInteger))
    .order_by(outbox.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_EXPIRED = (
    sa.select(upload_intents.c.blob_key)
    .where(upload_intents.c.created_at < bindparam("before", type_=sa.BigInteger))
    .order_by(upload_intents.c.created_at)
    .limit(bindparam("most"))
)


class Job(NamedTuple):
    """A claimed row. `attempts` are those that failed, `due_at` is from before the claim.

    `key` is a blob's, or the folder that renditions lie in.
    """

    id: int
    kind: str
    key: BlobKey
    attempts: int
    due_at: int


def delete_blob(tx: Writing, key: BlobKey, now: int) -> None:
    """These bytes have no owner any more; neither have renditions of an image whose bytes they are."""
    _add(tx, DELETE_BLOB, key, now)


def delete_blobs(tx: Writing, keys: Collection[BlobKey], now: int) -> None:
    """Of many at once."""
    row = {"kind": DELETE_BLOB, "created_at": now, "due_at": now}
    if keys:
        tx.execute(outbox.insert(), [{**row, "payload": {"key": key}} for key in keys])


def drop_renditions(tx: Writing, project: ProjectId, image: ImageId, now: int, *, focal_only: bool = False) -> None:
    """Nobody is to see them any more: the image is out of sight, or its focal point has moved."""
    _add(tx, DROP_RENDITIONS, rendition_folder(project, image, focal_only=focal_only), now)


def _add(tx: Writing, kind: str, key: BlobKey, now: int) -> None:
    tx.execute(outbox.insert().values(kind=kind, payload={"key": key}, created_at=now, due_at=now))


def intend(tx: Writing, key: BlobKey, now: int) -> None:
    """Bytes will be written under this key; if no row follows, they are swept."""
    tx.execute(upload_intents.insert().values(blob_key=key, created_at=now))


def intend_all(tx: Writing, keys: Collection[BlobKey], now: int) -> None:
    """Many at once; where an intent stands already it begins anew."""
    if keys:
        insert = tx.upsert(upload_intents)
        anew = insert.on_conflict_do_update(
            index_elements=["blob_key"], set_={"created_at": insert.excluded.created_at}
        )
        tx.execute(anew, [{"blob_key": key, "created_at": now} for key in keys])


def renew_intents(tx: Writing, keys: Collection[BlobKey], now: int) -> None:
    """Their bytes are still to come. Intents that the sweeper has in its hands are left to it."""
    mine = sa.select(upload_intents.c.blob_key).where(upload_intents.c.blob_key.in_(keys))
    found = tx.all(mine.order_by(upload_intents.c.blob_key).with_for_update(skip_locked=True))
    standing = upload_intents.c.blob_key.in_([row.blob_key for row in found])
    if found:
        tx.execute(upload_intents.update().where(standing).values(created_at=now))


def standing(tx: Reading, keys: Collection[BlobKey]) -> set[BlobKey]:
    """Those of the keys whose intent was neither fulfilled nor swept."""
    rows = tx.all(sa.select(upload_intents.c.blob_key).where(upload_intents.c.blob_key.in_(keys))) if keys else ()
    return {BlobKey(row.blob_key) for row in rows}


def fulfil(tx: Writing, key: BlobKey) -> bool:
    """The row that owns the bytes is part of this transaction. False: the sweeper was first, the bytes are going."""
    return tx.execute(upload_intents.delete().where(upload_intents.c.blob_key == key)) == 1


def any_abandoned(tx: Reading, before: int) -> bool:
    return tx.one_or_none(_EXPIRED, {"before": before, "most": 1}) is not None


def sweep_abandoned(tx: Writing, before: int, now: int, *, most: int) -> int:
    """End intents whose upload has died; what they may have stored is deleted by rows of this transaction.

    The order matters: while an intent stands its bytes stay, and an upload that comes back late finds none and fails.
    """
    expired = tx.all(_EXPIRED.with_for_update(skip_locked=True), {"before": before, "most": most})
    keys = [BlobKey(row.blob_key) for row in expired]
    if keys:
        tx.execute(upload_intents.delete().where(upload_intents.c.blob_key.in_(keys)))
    for key in sorted(set(keys) - owned(tx, keys)):
        delete_blob(tx, key, now)
    return len(keys)


def owned(tx: Reading, keys: Collection[BlobKey]) -> set[BlobKey]:
    """Those of the keys whose bytes an image has."""
    named = {key: names for key in keys if (names := image_of(key))}
    wanted = {image for _, image in named.values()}
    rows = tx.all(sa.select(images.c.project_id, images.c.id).where(images.c.id.in_(wanted))) if wanted else ()
    there = {(row.project_id, row.id) for row in rows}
    return {key for key, names in named.items() if names in there}


def any_due(tx: Reading, now: int) -> bool:
    return tx.one_or_none(_DUE, {"now": now}) is not None


def claim(tx: Writing, now: int, *, most: int) -> list[Job]:
    """The longest due rows that nobody else is working on."""
    rows = tx.all(_NEXT, {"now": now, "most": most})
    if rows:
        mine = outbox.c.id.in_([row.id for row in rows])
        tx.execute(outbox.update().where(mine).values(due_at=now + LEASE_MS))
    return [Job(row.id, row.kind, BlobKey(row.payload["key"]), row.attempts, row.due_at) for row in rows]


def done(tx: Writing, jobs: Sequence[Job]) -> None:
    tx.execute(outbox.delete().where(outbox.c.id.in_([job.id for job in jobs])))


def hand_back(tx: Writing, jobs: Sequence[Job]) -> None:
    """Untried: whoever comes next may take them, before those that failed."""
    again = outbox.update().where(outbox.c.id == bindparam("job")).values(due_at=bindparam("due"))
    tx.execute(again, [{"job": job.id, "due": job.due_at} for job in jobs])


def postpone(tx: Writing, job: Job, due_at: int, reason: str) -> None:
    """It failed, and is tried again for as long as it takes."""
    later = {"due_at": due_at, "attempts": outbox.c.attempts + 1, "last_error": reason[:_LONGEST_ERROR]}
    tx.execute(outbox.update().where(outbox.c.id == job.id).values(**later))


def depth(tx: Reading) -> int:
    """How much is still to be done: for metrics."""
    return int(tx.scalar(sa.select(sa.func.count()).select_from(outbox)))
