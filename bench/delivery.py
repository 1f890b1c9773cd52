"""Rows about delivery: originals by id and by alias, and what was not modified."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bench import bare, load, machine, ours, servers
from bench.load import Run, Target
from bench.ours import Ours
from bench.results import Bench, Line, compared, rates

_BARE = "granian path-send"


def original_small(bench: Bench) -> Iterator[Line]:
    """100 KB by id."""
    photograph = bench.photographs.small
    with _both(bench) as (theirs, mine):
        target = _sized(mine.image(mine.upload(photograph)["id"]), photograph)
        for connections in (16, 64):
            baseline, measured = rates(bench, _file(theirs, photograph), target, connections=connections)
            yield compared(
                f"original of 100 KB by id, {connections} connections (baseline: {_BARE})",
                baseline,
                measured,
                at_least=0.7,
                and_a_second=10_000,
                notes=_nginx(bench, photograph, connections),
            )


def original_by_alias(bench: Bench) -> Iterator[Line]:
    photograph = bench.photographs.small
    with ours.serving(bench.work / "delivery") as mine:
        image = mine.upload(photograph, alias="@bench")
        by_id, by_alias = (_sized(mine.image(ref), photograph) for ref in (image["id"], "@bench"))
        baseline, measured = rates(bench, by_id, by_alias, connections=16)
        yield compared("the same by alias, SQLite (baseline: by id)", baseline, measured, at_least=0.9)


def original_middle(bench: Bench) -> Iterator[Line]:
    photograph = bench.photographs.middle
    with _both(bench) as (theirs, mine):
        target = _sized(mine.image(mine.upload(photograph)["id"]), photograph)
        baseline, measured = rates(bench, _file(theirs, photograph), target, connections=16)
        yield compared(
            f"original of 2 MB by id (baseline: {_BARE})",
            baseline,
            measured,
            at_least=0.9,
            notes=_nginx(bench, photograph, 16),
        )


def not_modified(bench: Bench) -> Iterator[Line]:
    photograph = bench.photographs.small
    with ours.serving(bench.work / "delivery") as mine:
        mine.upload(photograph, alias="@bench")
        whole = _sized(mine.image("@bench"), photograph)
        again = mine.image("@bench", headers={"If-None-Match": _etag(whole)}, status=304)
        baseline, measured = rates(bench, whole, again, connections=16)
        yield compared("304 by alias (baseline: 100 KB by alias)", baseline, measured, at_least=1.2)


@contextmanager
def _both(bench: Bench) -> Iterator[tuple[servers.Server, Ours]]:
    with ExitStack() as stack:
        folder = {bare.FOLDER: str(bench.photographs.small.parent)}
        theirs = stack.enter_context(servers.bare("files", bench.work / "bare.log", folder))
        yield theirs, stack.enter_context(ours.serving(bench.work / "delivery"))


def _file(server: servers.Server, photograph: Path) -> Target:
    return _sized(Target(server.port, (f"/{photograph.name}",), server.process), photograph)


def _sized(target: Target, photograph: Path) -> Target:
    return replace(target, body_bytes=photograph.stat().st_size)


def _nginx(bench: Bench, photograph: Path, connections: int) -> tuple[str, ...]:
    """One run of nginx on the same file, for comparison; it has no aim."""
    if not (program := servers.nginx()):
        return ("nginx is not installed",)
    folder = bench.work / "nginx"
    folder.mkdir(exist_ok=True)
    with servers.static(program, photograph.parent, folder) as server:
        target = _file(server, photograph)
        load.check(target)
        machine.touch_pages(bench.work)
        run: Run = load.drive(target, connections=connections, seconds=bench.seconds, work=bench.work)
    return (f"nginx: {run}",)


def _etag(target: Target) -> str:
    return load.headers(target)["etag"]
