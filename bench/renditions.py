"""Rows about single renditions of 12-megapixel photographs: the first of an image, both cores, and one that exists.

Every first request is for an image that nothing was asked of before.
"""

import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench import asking, imaging_baselines, likeness, machine, ours, photographs
from bench.asking import Answer, Client
from bench.imaging_baselines import Bare, Job
from bench.ours import Ours
from bench.results import Bench, Line, compared, in_turn, rates

FOCUS = (0.3, 0.4)
UNBOUNDED = {"newRenditionsPerImage": 1_000_000, "newRenditionsPerMinute": 1_000_000}
"""A project's settings: what protects a server from strangers would protect it from the bench."""
_FIRST_AT_MOST, _AND_MS = 1.10, 3.0
_ROUNDS_A_RUN = 5
_IMAGES_A_RUN = 32


@dataclass(frozen=True)
class Sides:
    """Ours with one client on the load's core; the bare libraries on the server's."""

    source: Path
    mine: Ours
    client: Client
    pyvips: Bare
    pillow: Bare
    numbers: Iterator[int]

    def new_image(self) -> str:
        """A copy that differs in some bytes, with its focal point."""
        focus = json.dumps(dict(zip("xy", FOCUS, strict=True)))
        copy = photographs.numbered(self.source.read_bytes(), next(self.numbers))
        return str(self.mine.upload(copy, focalPoint=focus)["id"])


@contextmanager
def sides(bench: Bench) -> Iterator[Sides]:
    """Everything is warm: each has rendered before."""
    source = photographs.detailed(bench.photographs.small.parent)
    with ExitStack() as stack:
        mine = stack.enter_context(ours.serving(bench.work / "renditions", settings=UNBOUNDED))
        pyvips, pillow = (stack.enter_context(imaging_baselines.running(name)) for name in imaging_baselines.LIBRARIES)
        client = stack.enter_context(asking.client(mine))
        stack.enter_context(machine.on_core(machine.cores()[1]))
        found = Sides(source, mine, client, pyvips, pillow, itertools.count())
        warm = found.new_image()
        for width in range(300, 304):
            job = Job(width, None, "webp", 80)
            client.render(warm, job)
            for library in (pyvips, pillow):
                library.render(source, job)
        yield found


def first(bench: Bench) -> Iterator[Line]:
    with sides(bench) as both:
        for size, form in itertools.product(((800, 600), (800, 800)), ("jpeg", "webp")):
            yield _first(bench, both, Job(*size, "jpeg" if form == "jpeg" else "webp", 80, FOCUS))


def _first(bench: Bench, both: Sides, job: Job) -> Line:
    taken: dict[str, list[tuple[float, bytes]]] = {"Pillow": [], "pyvips": [], "Atpix": []}
    for at in range(bench.runs * _ROUNDS_A_RUN):
        if at % _ROUNDS_A_RUN == 0:
            machine.touch_pages(bench.work)
        image = both.new_image()
        for name in [*taken][:: 1 if at % 2 == 0 else -1]:
            if name == "Atpix":
                answer = both.client.render(image, job)
                taken[name].append((answer.took_ms, answer.body))
            else:
                library = both.pillow if name == "Pillow" else both.pyvips
                taken[name].append(library.render(both.source, job))
    ms = {name: median(took for took, _ in some) for name, some in taken.items()}
    faster = min(ms["Pillow"], ms["pyvips"])
    exact = likeness.exact(both.source, job)
    looks = "; ".join(
        f"{name} {len(body):,} bytes, SSIM {likeness.ssim(likeness.decoded(body), exact):.3f}"
        for name, ((_, body), *_) in taken.items()
    )
    return Line(
        f"first request, 12 megapixels to {job.width} x {job.height} {job.format} q{job.quality}, one client "
        "(baseline: the faster library)",
        f"Pillow {ms['Pillow']:.1f} ms, pyvips {ms['pyvips']:.1f} ms",
        f"{ms['Atpix']:.1f} ms",
        ms["Atpix"] / faster,
        f"≤ {_FIRST_AT_MOST} times and {_AND_MS:g} ms more",
        ms["Atpix"] <= _FIRST_AT_MOST * faster + _AND_MS,
        (f"{looks} (against the exact one)",),
    )


def stored(bench: Bench) -> Iterator[Line]:
    """The rendition's own bytes, uploaded, are the original to compare with.

    Many short runs in turn: both sides answer from memory, and one original against another of the same bytes differs
    by as much as 10 % from second to second.
    """
    bench = replace(bench, runs=bench.runs * 4, seconds=bench.seconds / 2)
    with sides(bench) as both:
        image = both.new_image()
        for form in ("jpeg", "webp"):
            job = Job(800, 600, "jpeg" if form == "jpeg" else "webp", 80)
            body = both.client.render(image, job).body
            original = both.mine.image(both.mine.upload(body)["id"])
            rendition = both.mine.image(f"{image}?{job.query}")
            baseline, measured = rates(
                bench,
                replace(original, body_bytes=len(body)),
                replace(rendition, body_bytes=len(body)),
                connections=64,
            )
            yield compared(
                f"a rendition that exists, {job.format} of {len(body) / 1000:.0f} KB, 64 connections "
                "(baseline: an original of the same bytes by id)",
                baseline,
                measured,
                at_least=0.9,
            )
        yield _negotiated(bench, both, image)


def _negotiated(bench: Bench, both: Sides, image: str) -> Line:
    """As a browser asks: no format, WebP by `Accept`."""
    accept = "image/webp,image/*,*/*;q=0.8"
    answer = both.client.get(image, "w=800&h=600&q=80", accept=accept)
    assert answer.media_type == "image/webp", answer.headers
    headers = {"Accept": accept}
    original = both.mine.image(both.mine.upload(answer.body)["id"], headers=headers)
    rendition = both.mine.image(f"{image}?w=800&h=600&q=80", headers=headers)
    sized = [replace(target, body_bytes=len(answer.body)) for target in (original, rendition)]
    baseline, measured = rates(bench, *sized, connections=64)
    job = "the same, negotiated from Accept (baseline: an original of the same bytes by id)"
    return compared(job, baseline, measured, at_least=0.9)


def both_cores(bench: Bench) -> Iterator[Line]:
    """Four clients on no core of their own: what they use is what both sides lose of the second core."""
    source = photographs.detailed(bench.photographs.small.parent)
    one, two = (lambda: _renders_a_second(bench, source, 1)), (lambda: _renders_a_second(bench, source, 2))
    theirs, mine = in_turn(bench, one, two)
    yield Line(
        "first renditions of different images, 4 clients, the server on both cores (baseline: on one)",
        f"{median(theirs):.1f}/s",
        f"{median(mine):.1f}/s",
        median(mine) / median(theirs),
        "≥ 1.8",
        median(mine) / median(theirs) >= 1.8,
    )


def _renders_a_second(bench: Bench, source: Path, cores: int) -> float:
    with ours.serving(bench.work / f"cores-{cores}", cores=machine.cores()[:cores], settings=UNBOUNDED) as mine:
        file = source.read_bytes()
        images = [str(mine.upload(photographs.numbered(file, at))["id"]) for at in range(_IMAGES_A_RUN + 4)]

        def ask(image: str) -> Answer:
            with asking.client(mine) as client:
                return client.render(image, Job(800, 600, "jpeg", 80))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ask, images[_IMAGES_A_RUN:]))
            began = time.perf_counter()
            list(pool.map(ask, images[:_IMAGES_A_RUN]))
            return _IMAGES_A_RUN / (time.perf_counter() - began)
