"""Rows about images that are made here: our own time around a provider that costs nothing, live URLs, recovery."""

import http.client
import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from urllib.parse import quote

from bench import held, load, machine, ours, postgres
from bench.load import Target
from bench.ours import Ours
from bench.results import Bench, Line, in_turn, rates

_BLANK = {"provider": "offline", "model": "offline-blank", "autoEnhance": False}
_UNLIMITED = {"ATPIX_GENERATIONS_PER_MINUTE": "0", "ATPIX_GENERATIONS_AT_ONCE": "1000"}
_ONE_BY_ONE, _CLIENTS, _PENDING = 100, 8, 1000
_AT_MOST_MS, _A_SECOND, _WITHIN_S, _LIVE_TIMES = 60, 20, 5, 1.2

Step = Callable[[int], object]


def on_sqlite(bench: Bench) -> Iterator[Line]:
    yield from _overhead(bench, "SQLite", bench.work / "generations-sqlite", "")


def on_postgresql(bench: Bench) -> Iterator[Line]:
    with postgres.running(bench.work / "postgresql-generations") as (url, _):
        yield from _overhead(bench, "PostgreSQL", bench.work / "generations-postgresql", url)


def _overhead(bench: Bench, database: str, data: Path, url: str) -> Iterator[Line]:
    with ours.serving(data, database_url=url, cores=machine.cores(), env=_UNLIMITED) as mine:
        picture = _picture(mine, _generate(mine, "the picture of the baseline"))
        _generate(mine, "warming up")
        theirs, own = in_turn(
            bench,
            lambda: _median_ms(lambda _: mine.upload(picture)),
            lambda: _median_ms(lambda at: _generate(mine, at)),
        )
        yield Line(
            f"a generation that costs its provider nothing, {database}, one client (baseline: upload of its bytes)",
            f"{median(theirs):.1f} ms",
            f"{median(own):.1f} ms",
            median(own) / median(theirs),
            f"{_AT_MOST_MS} ms at most",
            median(own) <= _AT_MOST_MS,
        )
        uploads, made = in_turn(
            bench,
            lambda: _a_second(bench, lambda _: mine.upload(picture)),
            lambda: _a_second(bench, lambda at: _generate(mine, at)),
        )
        yield Line(
            f"the same with {_CLIENTS} clients, server and load on both cores (baseline: uploads)",
            f"{median(uploads):.1f}/s",
            f"{median(made):.1f}/s",
            median(made) / median(uploads),
            f"≥ {_A_SECOND}/s",
            median(made) >= _A_SECOND,
        )


def live_hit(bench: Bench) -> Iterator[Line]:
    """Many short runs in turn, as for stored renditions: the difference is a few microseconds."""
    often = Bench(bench.work, bench.photographs, bench.runs * 4, bench.seconds / 2, bench.images)
    with ours.serving(bench.work / "live", env=_UNLIMITED) as mine:
        path = _live_path(mine)
        live = Target(mine.port, (path,), mine.process)
        image = load.headers(live)["x-image-id"]
        baseline, measured = rates(often, mine.image(image), live, connections=16)
    ratio = measured.rate / baseline.rate
    yield Line(
        "a live URL whose image exists, 16 connections (baseline: the image by id)",
        str(baseline),
        str(measured),
        ratio,
        "≥ 0.83: 1.2 times the time at most",
        ratio >= 1 / _LIVE_TIMES and not measured.errors,
    )


def recovery(bench: Bench) -> Iterator[Line]:
    """A server takes 1,000 orders and is killed. Its successor has 5 s until all have reached their provider."""
    data = bench.work / "recovery"
    with held.provider() as provider:
        env = {
            **_UNLIMITED,
            "ATPIX_PROVIDER": "local",
            "ATPIX_LOCAL_BASE_URL": provider.url,
            "ATPIX_PROVIDER_LIMITS": json.dumps({"local": {"at_once": 2 * _PENDING}}),
            "ATPIX_GENERATIONS_AT_ONCE": str(2 * _PENDING),
        }
        with ours.serving(data, env={**env, "ATPIX_GENERATION_THREADS": "1"}) as mine:
            before = _under_way(mine)
            with ThreadPoolExecutor(_CLIENTS) as pool:
                list(pool.map(lambda at: _post(mine, f"{at}", wait_s=0, provider="local"), range(_PENDING)))
            assert _under_way(mine) == before + _PENDING
            for child in (*mine.process.children(recursive=True), mine.process):
                child.send_signal(signal.SIGKILL)
        provider.begin_again()
        threads = {"ATPIX_GENERATION_THREADS": str(2 * _PENDING)}
        with ours.serving(data, env={**env, **threads}, cores=machine.cores()):
            began = time.perf_counter()
            wanted = before + _PENDING
            machine.wait_until(lambda: provider.arrived >= wanted, timeout_s=60, what=f"{wanted} calls at the provider")
            took_s = time.perf_counter() - began
    yield Line(
        f"{wanted:,} generations pending at a start after a kill: the last has reached its provider",
        "-",
        f"{took_s:.2f} s after the port is open",
        None,
        f"{_WITHIN_S} s at most",
        took_s <= _WITHIN_S,
    )


def _post(mine: Ours, prompt: object, *, wait_s: int = 60, **more: object) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", mine.port, timeout=90)
    try:
        body = json.dumps({"prompt": f"a red kite, {prompt}", **more})
        headers = {"X-API-Key": mine.key, "Content-Type": "application/json", "Prefer": f"wait={wait_s}"}
        connection.request("POST", "/api/v1/generations", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status in {201, 202}, text[:500]
        return dict(json.loads(text)["data"])
    finally:
        connection.close()


def _generate(mine: Ours, prompt: object) -> dict[str, object]:
    made = _post(mine, prompt, **_BLANK)
    assert made["status"] == "success", made
    return made


def _picture(mine: Ours, made: dict[str, object]) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", mine.port, timeout=60)
    connection.request("GET", f"/cdn/{mine.project}/img/{made['outputImageId']}")
    return connection.getresponse().read()


def _median_ms(step: Step) -> float:
    took_ms = []
    for at in range(_ONE_BY_ONE):
        began = time.perf_counter()
        step(at)
        took_ms.append(1000 * (time.perf_counter() - began))
    return median(took_ms)


def _a_second(bench: Bench, step: Step) -> float:
    """Of eight clients, each with its next as soon as it has an answer."""
    began = time.perf_counter()
    end = began + 2 * bench.seconds

    def loop(client: int) -> int:
        done = 0
        while time.perf_counter() < end:
            step(client * 1_000_000 + done)
            done += 1
        return done

    with ThreadPoolExecutor(_CLIENTS) as pool:
        done = sum(pool.map(loop, range(_CLIENTS)))
    return done / (time.perf_counter() - began)


def _live_path(mine: Ours) -> str:
    """Of a scope of its own, whose image was made."""
    scope = f"bench-{time.time_ns()}"
    mine.ask("POST", "/api/v1/live/scopes", json.dumps({"slug": scope}).encode())
    path = f"/cdn/{mine.project}/live/{scope}?prompt={quote('a lighthouse in the evening')}"
    machine.wait_until(
        lambda: load.answers(Target(mine.port, (path,), mine.process)), timeout_s=30, what="the live URL's image"
    )
    return path


def _under_way(mine: Ours) -> int:
    """Pending and processing."""
    answers = (mine.ask("GET", f"/api/v1/generations?status={status}&limit=1") for status in ("pending", "processing"))
    return sum(int(answer["pagination"]["total"]) for answer in answers)
