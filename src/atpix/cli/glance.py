"""A look at a database without SQLAlchemy, whose import takes longer than the rest of a start of `atpix serve`."""

import sqlite3
from contextlib import closing
from pathlib import Path

from atpix import SCHEMA
from atpix.settings import Settings

_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql://", "postgresql+psycopg://")
_PATIENCE_S = 2
"""With PostgreSQL: whatever takes longer wants a closer look."""
_REVISION = "SELECT version_num FROM alembic_version"


def is_as_we_left_it(settings: Settings) -> bool:
    """A database of this program's schema. False for all else, which wants a closer look and better words."""
    if settings.database.startswith(_SQLITE):
        return _sqlite(Path(settings.database.removeprefix(_SQLITE)), settings.database_timeout_s)
    for scheme in _POSTGRESQL:
        if settings.database.startswith(scheme):
            return _postgresql(settings.database.replace(scheme, "postgresql://", 1))
    return False


def _sqlite(file: Path, timeout_s: float) -> bool:
    if not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(file, timeout=timeout_s, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE").close()  # it can be written to
            found = connection.execute(_REVISION).fetchone()
    except sqlite3.Error:
        return False
    return found is not None and str(found[0]) == SCHEMA


def _postgresql(url: str) -> bool:
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=_PATIENCE_S) as connection:
            connection.execute(f"SET statement_timeout = {_PATIENCE_S * 1000}".encode())
            found = connection.execute(_REVISION).fetchone()
    except psycopg.Error:
        return False
    return found is not None and str(found[0]) == SCHEMA
