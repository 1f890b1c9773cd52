"""The database: `read()` and `transaction()`, and nothing else commits."""

from atpix.db.engine import Database, DatabaseFault
from atpix.db.reading import Reading, Writing

__all__ = ["Database", "DatabaseFault", "Reading", "Writing"]
