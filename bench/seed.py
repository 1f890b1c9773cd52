"""A project with 1,000,000 images, as rows only, in our schema: SQLite in one transaction, PostgreSQL through COPY.

Indexes and the triggers that keep the counts are set aside, and made again after the rows; the counts come
from the rows.
"""

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql

from atpix.db import Database, migrating

_FIRST_MS = 1_735_689_600_000  # 2025-01-01
_STEP_MS = 20_000
FLOWS = 1000
ORGANIZATION, PROJECT = "bench", "million"

_COLUMNS = (
    "id", "project_id", "flow_id", "source", "media_type", "file_size", "width", "height", "sha256", "focal_x",
    "focal_y", "meta", "filename", "thumbhash", "dominant_color", "has_alpha", "created_at", "updated_at", "deleted_at",
)  # fmt: skip

_COUNT = """
    INSERT INTO image_counts (project_id, flow_id, source, trashed, slot, n)
    SELECT project_id, {flow}, source, deleted_at IS NOT NULL, 0, count(*) FROM images {where}
    GROUP BY project_id, {group} source, deleted_at IS NOT NULL
"""
_COUNTS = (
    _COUNT.format(flow="NULL", where="", group=""),
    _COUNT.format(flow="flow_id", where="WHERE flow_id IS NOT NULL", group="flow_id,"),
)


@dataclass(frozen=True)
class Seeded:
    project: str
    images: int
    some: tuple[str, ...]
    """Ids of live images, spread over all of them."""
    flow: str
    """One with a tenth of all images; 999 others share another tenth."""


def seed(url: str, images: int) -> Seeded:
    """`url` is of an empty database. The same call gives the same rows."""
    db = Database.open(url)
    try:
        migrating.migrate(db)
        sqlite_path = Path(db.sqlite_path) if db.is_sqlite else None
    finally:
        db.close()
    plan = _Plan(images)
    if sqlite_path:
        _into_sqlite(sqlite_path, plan)
    else:
        _into_postgresql(url.replace("+psycopg", ""), plan)
    return plan.seeded()


class _Plan:
    """What will be in the tables."""

    def __init__(self, images: int) -> None:
        self.images = images
        self._random = random.Random(1)
        self.organization, self.project = self._uuid7(_FIRST_MS), self._uuid7(_FIRST_MS)
        self.flows = [self._uuid7(_FIRST_MS) for _ in range(FLOWS)]
        self._some: list[str] = []

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """A tenth in the large flow, a tenth in the small ones; 1 in 7 generated, 1 in 97 trashed, everywhere."""
        every = max(1, self.images // 5000)  # more than any cache of routes or pages holds by chance
        for at in range(self.images):
            ms = _FIRST_MS + at * _STEP_MS
            image, noise = self._uuid7(ms), self._random.getrandbits(256)
            trashed = at % 97 == 50
            if at % every == 0 and not trashed:
                self._some.append(image)
            yield (
                image, self.project, self._flow(at), "generated" if at % 7 == 3 else "uploaded", "image/jpeg",
                100_000 + noise % 1_000_000, 1200, 800, f"{noise:064x}", None, None, '{"title":"a photograph"}',
                f"photograph-{at}.jpg", "1QcSHQRnh493V4dIh4eXh1h4kJUI", "#7a6a5b", False, ms, ms,
                ms if trashed else None,
            )  # fmt: skip

    def seeded(self) -> Seeded:
        return Seeded(self.project, self.images, tuple(self._some), self.flows[0])

    def _flow(self, at: int) -> str | None:
        match at % 10:
            case 0:
                return self.flows[0]
            case 1:
                return self.flows[1 + at // 10 % (FLOWS - 1)]
            case _:
                return None

    def _uuid7(self, ms: int) -> str:
        """Time, version, noise (RFC 9562, section 5.7), so that `created_at` and id agree."""
        tail = self._random.getrandbits(74)
        noise = f"{0x7000 | tail >> 62:04x}{0x8000000000000000 | tail & (2**62 - 1):016x}"
        text = f"{ms:012x}{noise}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _owners(plan: _Plan) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """(INSERT with `?`, rows) for what images refer to."""
    yield (
        "INSERT INTO organizations (id, slug, name, created_at) VALUES (?, ?, ?, ?)",
        [(plan.organization, ORGANIZATION, ORGANIZATION, _FIRST_MS)],
    )
    columns = "id, organization_id, slug, name, settings, created_at, updated_at"
    yield (
        f"INSERT INTO projects ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(plan.project, plan.organization, PROJECT, PROJECT, "{}", _FIRST_MS, _FIRST_MS)],
    )
    yield (
        "INSERT INTO flows (id, project_id, meta, created_at, updated_at) VALUES (?, ?, '{}', ?, ?)",
        [(flow, plan.project, _FIRST_MS, _FIRST_MS) for flow in plan.flows],
    )


def _into_sqlite(path: Path, plan: _Plan) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-1000000")
        aside = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = 'images' AND type IN ('index', 'trigger') "
            "AND sql IS NOT NULL"
        ).fetchall()
        connection.execute("BEGIN IMMEDIATE")
        for kind, name, _ in aside:
            connection.execute(f"DROP {kind} {name}")
        for statement, rows in _owners(plan):
            connection.executemany(statement, rows)
        marks = ", ".join("?" for _ in _COLUMNS)
        connection.executemany(f"INSERT INTO images ({', '.join(_COLUMNS)}) VALUES ({marks})", plan.rows())
        for _, _, definition in aside:
            connection.execute(definition)
        for statement in _COUNTS:
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _into_postgresql(url: str, plan: _Plan) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
            aside = connection.execute(
                "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = current_schema() "
                "AND i.tablename = 'images' AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)"
            ).fetchall()
            connection.execute("ALTER TABLE images DISABLE TRIGGER USER")
            for name, _ in aside:
                connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
            for statement, rows in _owners(plan):
                connection.cursor().executemany(cast("Any", statement.replace("?", "%s")), rows)
            copy = sql.SQL("COPY images ({}) FROM STDIN").format(sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)))
            with connection.cursor() as cursor, cursor.copy(copy) as sink:
                for row in plan.rows():
                    sink.write_row(row)
            for _, definition in aside:
                connection.execute(cast("Any", definition))
            for statement in _COUNTS:
                connection.execute(cast("Any", statement))
            connection.execute("ALTER TABLE images ENABLE TRIGGER USER")
        connection.execute("VACUUM ANALYZE")
