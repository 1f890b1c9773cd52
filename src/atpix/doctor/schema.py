"""The database itself."""

from collections.abc import Iterator

import sqlalchemy as sa

from atpix import SCHEMA
from atpix.db import migrating
from atpix.doctor.findings import Finding, Repair
from atpix.services import Services


def behind(svc: Services) -> Finding | None:
    """Nothing else can be asked of a database with another schema. Raises DatabaseFault."""
    found = migrating.revision(svc.db)
    if found == SCHEMA:
        return None
    sentence = f"The database has the schema {found or 'of an empty one'}; this program needs {SCHEMA}."
    if found is not None and found > SCHEMA:
        return Finding("schema", sentence)
    return Finding("schema", sentence, Repair("Migrate the database.", _migrated))


def _migrated(svc: Services) -> bool:
    return migrating.migrate(svc.db) == SCHEMA


def damage(svc: Services) -> Iterator[Finding]:
    """What SQLite says of its own file. PostgreSQL keeps watch itself."""
    if not svc.db.is_sqlite:
        return
    with svc.db.read() as tx:
        for row in tx.all(sa.text("PRAGMA integrity_check(100)")):
            if (found := tuple(row)) != ("ok",):
                yield Finding("damage", f"SQLite finds its file damaged: {found[0]}")
        for row in tx.all(sa.text("PRAGMA foreign_key_check")):
            table, number, other, _key = tuple(row)
            yield Finding("damage", f"Row {number} of {table} points to a row of {other} that is not there.")
