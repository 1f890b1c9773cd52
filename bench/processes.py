"""Rows about processes: how soon one answers, and two of them moving the same names."""

import http.client
import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import ours, postgres, records
from bench.ours import Ours
from bench.results import Bench, Line, in_turn

_MOVES, _NAMES, _CLIENTS, _IMAGES = 1000, 50, 32, 100
_START_AT_MOST_S = 1.5


def start(bench: Bench) -> Iterator[Line]:
    """From the command to the first answer of /readyz, the schema being there already."""
    with records.on_sqlite(bench):
        pass
    empty, full = bench.work / "empty", bench.work / "million-sqlite"
    with ours.serving(empty):
        pass
    theirs, mine = in_turn(bench, lambda: ours.start_s(empty), lambda: ours.start_s(full))
    yield Line(
        f"start with {bench.images:,} images until the first answer (baseline: an empty start)",
        f"{median(theirs):.2f} s",
        f"{median(mine):.2f} s",
        median(mine) / median(theirs),
        f"{_START_AT_MOST_S} s at most",
        median(mine) <= _START_AT_MOST_S,
    )


def alias_moves_sqlite(bench: Bench) -> Iterator[Line]:
    yield _alias_moves(bench, "SQLite", bench.work / "moves-sqlite", "")


def alias_moves_postgresql(bench: Bench) -> Iterator[Line]:
    with postgres.running(bench.work / "postgresql-moves") as (url, _):
        yield _alias_moves(bench, "PostgreSQL", bench.work / "moves-postgresql", url)


def _alias_moves(bench: Bench, database: str, data: Path, url: str) -> Line:
    with ExitStack() as stack:
        first, second = (stack.enter_context(ours.serving(data, database_url=url)) for _ in range(2))
        images = [str(first.upload(bench.photographs.small)["id"]) for _ in range(_IMAGES)]
        chance = random.Random(1)
        moves = [(chance.choice(images), f"@name-{chance.randrange(_NAMES)}") for _ in range(_MOVES)]
        began = time.perf_counter()
        with ThreadPoolExecutor(_CLIENTS) as pool:
            size = -(-_MOVES // _CLIENTS)
            shares = [moves[at : at + size] for at in range(0, _MOVES, size)]
            results = list(pool.map(_move, (first, second) * (_CLIENTS // 2), shares))
        seconds = time.perf_counter() - began
    took_ms = sorted(ms for took, _ in results for ms in took)
    failures = [failure for _, failed in results for failure in failed]
    return Line(
        f"{_MOVES:,} alias moves over {_NAMES} names, two server processes, {_CLIENTS} clients, {database}",
        "-",
        f"{len(failures)} failures; p50 {median(took_ms):.1f} ms, p99 {took_ms[len(took_ms) * 99 // 100]:.1f} ms, "
        f"{_MOVES / seconds:,.0f}/s",
        None,
        "not one failure",
        not failures,
        tuple(sorted(set(failures)))[:3],
    )


def _move(server: Ours, moves: list[tuple[str, str]]) -> tuple[list[float], list[str]]:
    """(milliseconds of each, what failed)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"X-API-Key": server.key, "Content-Type": "application/json"}
    took_ms, failed = [], []
    for image, name in moves:
        began = time.perf_counter()
        connection.request("PUT", f"/api/v1/images/{image}/alias", json.dumps({"alias": name}), headers)
        answer = connection.getresponse()
        text = answer.read()
        took_ms.append(1e3 * (time.perf_counter() - began))
        if answer.status != 200:
            failed.append(f"{answer.status} {text[:200]!r}")
    connection.close()
    return took_ms, failed
