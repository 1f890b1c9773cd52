"""Bring a database to this program's schema. One process does it, the others wait for it."""

from importlib.resources import files

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection

from atpix import SCHEMA
from atpix.db.engine import Database, DatabaseFault

_LOCK = 0x61747069  # "atpi": the advisory lock under which PostgreSQL replicas take turns


def revision(db: Database) -> str | None:
    """The schema's revision, or None for an empty database. Raises DatabaseFault when it cannot be reached."""
    try:
        with db.administration() as connection:
            return _revision(connection)
    except exc.DBAPIError as error:
        raise DatabaseFault(_reason(db, error)) from error


def migrate(db: Database) -> str:
    """Upgrade to SCHEMA; does nothing when it is there. Raises DatabaseFault."""
    if (found := revision(db)) == SCHEMA:
        return SCHEMA
    if found is not None and found > SCHEMA:
        raise DatabaseFault(
            f"The database is of a newer Atpix (schema {found}, this one knows {SCHEMA}); upgrade this program."
        )
    try:
        with db.administration() as connection:
            if not db.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            _upgrade(connection)
    except exc.DBAPIError as error:
        raise DatabaseFault(_reason(db, error)) from error
    return SCHEMA


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(files("atpix.db") / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise DatabaseFault(f"The database has a schema that this program does not know: {error}.") from error


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _reason(db: Database, error: exc.DBAPIError) -> str:
    where = f"the file {db.sqlite_path}" if db.is_sqlite else f"PostgreSQL at {db.url.host}:{db.url.port or 5432}"
    return f"The database cannot be used ({where}): {str(error.orig).strip().splitlines()[0]}"
