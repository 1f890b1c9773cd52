"""A look at a data folder without SQLAlchemy, whose import takes longer than the rest of a start of `atpix serve`."""

import sqlite3
from contextlib import closing
from pathlib import Path

from atpix import SCHEMA
from atpix.settings import Settings

_SQLITE = "sqlite:///"


def is_as_we_left_it(settings: Settings) -> bool:
    """An SQLite database of this program's schema. False for all else, which wants a closer look."""
    file = Path(settings.database.removeprefix(_SQLITE))
    if not settings.database.startswith(_SQLITE) or not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(file, timeout=settings.database_timeout_s, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE").close()  # it can be written to
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return False
    return found is not None and str(found[0]) == SCHEMA
