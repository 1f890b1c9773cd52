"""The rows by name, in the table's order."""

from bench import delivery, processes, records, uploads
from bench.results import Row

ROWS: dict[str, Row] = {
    "original-100k": delivery.original_small,
    "original-alias": delivery.original_by_alias,
    "original-2m": delivery.original_middle,
    "not-modified": delivery.not_modified,
    "record-sqlite": records.record_sqlite,
    "record-postgresql": records.record_postgresql,
    "list-sqlite": records.lists_sqlite,
    "list-postgresql": records.lists_postgresql,
    "pages-sqlite": records.pages_sqlite,
    "pages-postgresql": records.pages_postgresql,
    "upload-100k": uploads.upload_small,
    "upload-5m": uploads.upload_large,
    "memory": uploads.memory,
    "start": processes.start,
    "alias-moves-sqlite": processes.alias_moves_sqlite,
    "alias-moves-postgresql": processes.alias_moves_postgresql,
}
