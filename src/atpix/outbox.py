"""What must happen after a commit, written in the same transaction and carried out by the worker until it succeeds."""

import sqlalchemy as sa

from atpix.db import Writing
from atpix.db.tables import outbox, upload_intents
from atpix.ids import BlobKey

DELETE_BLOB = "delete_blob"


def delete_blob(tx: Writing, key: BlobKey, now: int) -> None:
    """These bytes have no owner any more."""
    tx.execute(outbox.insert().values(kind=DELETE_BLOB, payload={"key": key}, created_at=now, due_at=now))


def intend(tx: Writing, key: BlobKey, now: int) -> None:
    """Bytes will be written under this key; if no row follows, they are swept."""
    tx.execute(upload_intents.insert().values(blob_key=key, created_at=now))


def fulfil(tx: Writing, key: BlobKey) -> bool:
    """The row that owns the bytes is part of this transaction. False: the sweeper was first, the bytes are going."""
    return tx.execute(upload_intents.delete().where(upload_intents.c.blob_key == key)) == 1


def abandoned(before: int) -> sa.Select[tuple[str, int]]:
    """Intents whose upload has died."""
    return sa.select(upload_intents).where(upload_intents.c.created_at < before)
