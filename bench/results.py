"""What a row of the table says, and how figures are compared: baseline and ours in turn, medians, plain words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench import load, machine
from bench.load import Run, Target
from bench.photographs import Photographs


@dataclass(frozen=True)
class Line:
    """`must` says the aim in words, `met` whether it was reached (None: the row has no aim)."""

    job: str
    baseline: str
    measured: str
    ratio: float | None
    must: str
    met: bool | None
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        return {True: "met", False: "MISSED", None: "-"}[self.met]


@dataclass(frozen=True)
class Bench:
    """One call of the bench: where it works, and how long it measures."""

    work: Path
    photographs: Photographs
    runs: int
    seconds: float
    images: int


Row = Callable[[Bench], Iterator[Line]]
Measured = TypeVar("Measured")


def in_turn(
    bench: Bench, baseline: Callable[[], Measured], ours: Callable[[], Measured]
) -> tuple[list[Measured], list[Measured]]:
    """A B, B A, A B: what the machine does meanwhile meets both. Pages are touched before each counted run."""
    first: list[Measured] = []
    second: list[Measured] = []

    for at in range(bench.runs):
        for measure, kept in ((baseline, first), (ours, second))[:: 1 if at % 2 == 0 else -1]:
            machine.touch_pages(bench.work)
            kept.append(measure())
    return first, second


def rates(bench: Bench, baseline: Target, ours: Target, *, connections: int) -> tuple[Run, Run]:
    """The medians of counted runs on both, after a check of the answers and a second of warming up."""
    for target in (baseline, ours):
        load.check(target)
        load.drive(target, connections=connections, seconds=1, work=bench.work)
    first, second = in_turn(bench, _driven(bench, baseline, connections), _driven(bench, ours, connections))
    return Run.medians(first), Run.medians(second)


def _driven(bench: Bench, target: Target, connections: int) -> Callable[[], Run]:
    return lambda: load.drive(target, connections=connections, seconds=bench.seconds, work=bench.work)


def compared(
    job: str, baseline: Run, ours: Run, *, at_least: float, and_a_second: float = 0, notes: tuple[str, ...] = ()
) -> Line:
    """Requests a second against requests a second. An error in ours misses the aim."""
    ratio = ours.rate / baseline.rate
    also = f" and {and_a_second:,.0f}/s" if and_a_second else ""
    met = ratio >= at_least and ours.rate >= and_a_second and not ours.errors
    return Line(job, str(baseline), str(ours), ratio, f"≥ {at_least:g}{also}", met, notes)


def times(job: str, baseline_ms: float, ours_ms: float, *, at_most: float, notes: tuple[str, ...] = ()) -> Line:
    """Milliseconds against milliseconds."""
    ratio = ours_ms / baseline_ms
    return Line(
        job, f"{baseline_ms:.2f} ms", f"{ours_ms:.2f} ms", ratio, f"≤ {at_most:g} times", ratio <= at_most, notes
    )
