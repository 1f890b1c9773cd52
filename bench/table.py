"""The rows by name, in the table's order."""

from bench import avif, bounds, bursts, crowds, delivery, generations, processes, proxies, records, renditions, uploads
from bench.results import Row

ROWS: dict[str, Row] = {
    "original-100k": delivery.original_small,
    "original-alias": delivery.original_by_alias,
    "original-2m": delivery.original_middle,
    "not-modified": delivery.not_modified,
    "behind-nginx": proxies.behind_nginx,
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
    "first-rendition": renditions.first,
    "burst": bursts.burst,
    "avif": avif.avif,
    "both-cores": renditions.both_cores,
    "rendition-stored": renditions.stored,
    "one-render": crowds.one_render,
    "api-beside-renders": crowds.api_beside_renders,
    "render-memory": bounds.memory,
    "rendition-budget": bounds.budget,
    "generation-sqlite": generations.on_sqlite,
    "generation-postgresql": generations.on_postgresql,
    "live-hit": generations.live_hit,
    "generation-recovery": generations.recovery,
}
