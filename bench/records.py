"""Rows about JSON: one image's record, lists, pages, in a project of 1,000,000 images, on both databases."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench import bare, load, machine, ours, postgres, seed, servers
from bench.load import Target
from bench.ours import Ours
from bench.results import Bench, Line, compared, in_turn, rates, times
from bench.seed import Seeded

_CONNECTIONS = 16
_PAGE_QUERY = (
    "SELECT id FROM images WHERE project_id = {mark} AND deleted_at IS NULL ORDER BY id DESC LIMIT 20 OFFSET {mark}"
)
_QUERIES_A_RUN = 20


@dataclass(frozen=True)
class Million:
    """Both sides of a database with a million images: ours serving it, the bare handler, a bare query."""

    database: str
    seeded: Seeded
    mine: Ours
    record: Target
    bare_page: Callable[[int], object]


def record_sqlite(bench: Bench) -> Iterator[Line]:
    with on_sqlite(bench) as million:
        yield _record(bench, million, at_least=0.25, and_a_second=4000)


def record_postgresql(bench: Bench) -> Iterator[Line]:
    with on_postgresql(bench) as million:
        yield _record(bench, million, at_least=0.5)


def lists_sqlite(bench: Bench) -> Iterator[Line]:
    with on_sqlite(bench) as million:
        yield from _lists(bench, million)


def pages_sqlite(bench: Bench) -> Iterator[Line]:
    with on_sqlite(bench) as million:
        yield from _pages(bench, million)


def lists_postgresql(bench: Bench) -> Iterator[Line]:
    with on_postgresql(bench) as million:
        yield from _lists(bench, million)


def pages_postgresql(bench: Bench) -> Iterator[Line]:
    with on_postgresql(bench) as million:
        yield from _pages(bench, million)


@contextmanager
def on_sqlite(bench: Bench) -> Iterator[Million]:
    data = bench.work / "million-sqlite"
    path, seeded = data / "atpix.db", _seeded(bench, data, f"sqlite:///{data / 'atpix.db'}")
    log = bench.work / "bare.log"
    with (
        ours.serving(data, project=_project()) as mine,
        servers.bare("record_sqlite", log, {bare.DATABASE: str(path)}) as theirs,
    ):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            query = _PAGE_QUERY.format(mark="?")
            yield Million(
                "SQLite",
                seeded,
                mine,
                _records(theirs, seeded),
                lambda offset: connection.execute(query, (seeded.project, offset)).fetchall(),
            )
        finally:
            connection.close()


@contextmanager
def on_postgresql(bench: Bench) -> Iterator[Million]:
    data = bench.work / "million-postgresql"
    data.mkdir(exist_ok=True)
    with postgres.running(bench.work / "postgresql") as (url, _):
        seeded = _seeded(bench, data, url)
        log = bench.work / "bare.log"
        with (
            ours.serving(data, database_url=url, project=_project()) as mine,
            servers.bare("record_postgresql", log, {bare.POSTGRESQL: url}) as theirs,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            query: Any = _PAGE_QUERY.format(mark="%s")
            yield Million(
                "PostgreSQL",
                seeded,
                mine,
                _records(theirs, seeded),
                lambda offset: connection.execute(query, (seeded.project, offset), prepare=True).fetchall(),
            )


def _record(bench: Bench, million: Million, *, at_least: float, and_a_second: float = 0) -> Line:
    baseline, measured = rates(bench, million.record, _our_records(million), connections=_CONNECTIONS)
    return compared(
        f"one record by id, {million.database}, {bench.images:,} rows, 16 connections (baseline: SELECT and msgspec)",
        baseline,
        measured,
        at_least=at_least,
        and_a_second=and_a_second,
    )


def _lists(bench: Bench, million: Million) -> Iterator[Line]:
    mine, seeded = million.mine, million.seeded
    mine.ask("PUT", f"/api/v1/images/{seeded.some[0]}/alias", b'{"alias": "@bench"}')
    filters = {
        "no filter": "",
        "flowId": f"&flowId={seeded.flow}",
        "source": "&source=generated",
        "alias": "&alias=%40bench",
        "includeDeleted": "&includeDeleted=true",
        "flowId and source": f"&flowId={seeded.flow}&source=uploaded",
    }
    for name, query in filters.items():
        page = mine.get(f"/api/v1/images?limit=20{query}")
        yield _slower(
            bench, f"list of 20, {million.database}, {name} (baseline: one record)", _our_records(million), page, 4
        )


def _pages(bench: Bench, million: Million) -> Iterator[Line]:
    mine = million.mine
    first = mine.get("/api/v1/images?limit=20")
    last = mine.get(f"/api/v1/images?limit=20&cursor={_last_cursor(mine)}")
    yield _slower(bench, f"last page by cursor, {million.database} (baseline: first page)", first, last, 1.3)
    yield _offset(bench, million)


def _slower(bench: Bench, job: str, baseline: Target, ours: Target, at_most: float) -> Line:
    """Time a request while the server's core is full: the inverse of the rate."""
    theirs, measured = rates(bench, baseline, ours, connections=_CONNECTIONS)
    notes = (f"baseline {theirs}", f"measured {measured}")
    return times(job, 1e3 / theirs.rate, 1e3 / measured.rate, at_most=at_most, notes=notes)


def _offset(bench: Bench, million: Million) -> Line:
    offset = bench.images * 9 // 10
    page = million.mine.get(f"/api/v1/images?limit=20&offset={offset}")
    load.check(page)

    def query_ms() -> float:
        took = []
        with machine.on_core(machine.cores()[0]):
            for _ in range(_QUERIES_A_RUN):
                began = time.perf_counter()
                million.bare_page(offset)
                took.append(1e3 * (time.perf_counter() - began))
        return median(took)

    def page_ms() -> float:
        return load.drive(page, connections=1, seconds=bench.seconds, work=bench.work).p50_ms

    theirs, measured = in_turn(bench, query_ms, page_ms)
    return times(
        f"page at offset={offset:,}, {million.database}, one client (baseline: the bare covering-index query)",
        median(theirs),
        median(measured),
        at_most=1.5,
    )


def _last_cursor(mine: Ours) -> str:
    """Of the page before the last, which an offset reaches at once."""
    total = mine.ask("GET", "/api/v1/images?limit=1")["pagination"]["total"]
    page = mine.ask("GET", f"/api/v1/images?limit=20&offset={total - 40}")
    return str(page["nextCursor"])


def _our_records(million: Million) -> Target:
    return million.mine.get(*(f"/api/v1/images/{image}" for image in million.seeded.some))


def _records(server: servers.Server, seeded: Seeded) -> Target:
    return Target(server.port, tuple(f"/{image}" for image in seeded.some), server.process)


def _project() -> str:
    return f"{seed.ORGANIZATION}/{seed.PROJECT}"


def _seeded(bench: Bench, data: Path, url: str) -> Seeded:
    """Once in a work folder: what was seeded is noted beside the data."""
    data.mkdir(exist_ok=True)
    note = data / f"seeded-{bench.images}.json"
    if not note.exists():
        print(f"  seeding {bench.images:,} images …")
        note.write_text(json.dumps(seed.seed(url, bench.images).__dict__))
    found = json.loads(note.read_text())
    return Seeded(found["project"], found["images"], tuple(found["some"]), found["flow"])
