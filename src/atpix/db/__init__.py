"""The database: `read()`, `transaction()` and `jot()`, and nothing else commits."""

from atpix.db.engine import Database, DatabaseFault
from atpix.db.jotting import Jotting
from atpix.db.reading import Reading, Writing, upsert

__all__ = ["Database", "DatabaseFault", "Jotting", "Reading", "Writing", "upsert"]
