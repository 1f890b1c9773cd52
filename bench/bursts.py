"""The row about bursts: a page asks for six sizes of one new 12-megapixel photograph."""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from bench import asking, likeness, machine
from bench.imaging_baselines import Job
from bench.renditions import Sides, sides
from bench.results import Bench, Line

_JOBS = tuple(Job(width, None, "jpeg", 80) for width in (320, 480, 640, 960, 1280, 1920))
_SMALL_PX = 1024
_BURSTS_A_RUN = 3
_ALL_AT_MOST, _EACH_AT_MOST, _LIKE_AT_LEAST = 0.6, 0.5, 0.98


@dataclass
class Taken:
    """Milliseconds and bodies by job. `after` is what each took when it was not the first of its image."""

    bare_ms: dict[str, dict[Job, list[float]]] = field(default_factory=lambda: {"pyvips": {}, "Pillow": {}})
    after_ms: dict[Job, list[float]] = field(default_factory=dict)
    in_turn_ms: list[float] = field(default_factory=list)
    at_once_ms: list[float] = field(default_factory=list)
    bodies: dict[Job, bytes] = field(default_factory=dict)

    def bare(self, library: str) -> float:
        return sum(median(took) for took in self.bare_ms[library].values())

    def own(self, job: Job) -> float:
        """Of the faster library."""
        return min(median(by_job[job]) for by_job in self.bare_ms.values())


def burst(bench: Bench) -> Iterator[Line]:
    with sides(bench) as both:
        taken = Taken()
        for at in range(bench.runs * _BURSTS_A_RUN):
            if at % _BURSTS_A_RUN == 0:
                machine.touch_pages(bench.work)
            _separately(both, taken)
            turned = 2 * at % len(_JOBS)
            _one_after_the_other(both, taken, _JOBS[turned:] + _JOBS[:turned])
            _at_once(both, taken)
        likeness_lines = list(_likeness(both, taken))
    yield _all(taken, "one after the other", taken.in_turn_ms)
    yield _all(taken, "at once", taken.at_once_ms)
    yield _each(taken)
    yield from likeness_lines


def _separately(both: Sides, taken: Taken) -> None:
    for name, library in (("pyvips", both.pyvips), ("Pillow", both.pillow)):
        for job in _JOBS:
            took_ms, _ = library.render(both.source, job)
            taken.bare_ms[name].setdefault(job, []).append(took_ms)


def _one_after_the_other(both: Sides, taken: Taken, jobs: tuple[Job, ...]) -> None:
    """Of a new image, beginning with another size each time."""
    image = both.new_image()
    began = time.perf_counter()
    answers = [both.client.render(image, job) for job in jobs]
    taken.in_turn_ms.append(1e3 * (time.perf_counter() - began))
    for job, answer in list(zip(jobs, answers, strict=True))[1:]:
        taken.after_ms.setdefault(job, []).append(answer.took_ms)
        taken.bodies[job] = answer.body


def _at_once(both: Sides, taken: Taken) -> None:
    """Of a new image, over six connections that are open before, as a browser holds them."""
    image, failed = both.new_image(), list[Exception]()
    with ExitStack() as stack:
        clients = [stack.enter_context(asking.client(both.mine)) for _ in _JOBS]

        def ask(client: asking.Client, job: Job) -> None:
            try:
                client.render(image, job)
            except (AssertionError, OSError) as error:
                failed.append(error)

        threads = [threading.Thread(target=ask, args=pair) for pair in zip(clients, _JOBS, strict=True)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken.at_once_ms.append(1e3 * (time.perf_counter() - began))
    assert not failed, failed


def _all(taken: Taken, how: str, ours_ms: list[float]) -> Line:
    faster = min(taken.bare("pyvips"), taken.bare("Pillow"))
    ratio = median(ours_ms) / faster
    return Line(
        f"a burst of six sizes, 320 to 1,920 wide, of a new 12-megapixel image, JPEG q80, {how} "
        "(baseline: six separate renders by the faster library)",
        f"Pillow {taken.bare('Pillow'):.0f} ms, pyvips {taken.bare('pyvips'):.0f} ms",
        f"{median(ours_ms):.0f} ms",
        ratio,
        f"≤ {_ALL_AT_MOST} times",
        ratio <= _ALL_AT_MOST,
        (f"slowest of {len(ours_ms)}: {max(ours_ms):.0f} ms",),
    )


def _each(taken: Taken) -> Line:
    ratios = {job: median(took) / taken.own(job) for job, took in sorted(taken.after_ms.items(), key=_width)}
    worst = max((job for job in ratios if job.width <= _SMALL_PX), key=lambda job: ratios[job])
    return Line(
        f"of these, each of at most {_SMALL_PX:,} after the first; the worst is {worst.width} (baseline: its own)",
        f"{taken.own(worst):.1f} ms",
        f"{median(taken.after_ms[worst]):.1f} ms",
        ratios[worst],
        f"≤ {_EACH_AT_MOST} times each",
        ratios[worst] <= _EACH_AT_MOST,
        (", ".join(f"{job.width}: {ratio:.2f}" for job, ratio in ratios.items()),),
    )


def _likeness(both: Sides, taken: Taken) -> Iterator[Line]:
    """Against the same size asked for first of an image of its own, and against what pyvips makes of the original."""
    from_original, from_pyvips = dict[int, float](), dict[int, float]()
    for job in (one for one in _JOBS if one.width <= _SMALL_PX):
        ours = likeness.decoded(taken.bodies[job])
        alone = both.client.render(both.new_image(), job).body
        from_original[job.width] = likeness.ssim(ours, likeness.decoded(alone))
        from_pyvips[job.width] = likeness.ssim(ours, likeness.decoded(both.pyvips.render(both.source, job)[1]))
    worst = min(*from_original.values(), *from_pyvips.values())
    yield Line(
        "of these, likeness to the rendition made from the original (baseline: the same file)",
        "SSIM 1",
        f"SSIM {worst:.4f}, the worst",
        None,
        f"≥ {_LIKE_AT_LEAST}",
        worst >= _LIKE_AT_LEAST,
        (
            "to what a first request of it gives: " + _words(from_original),
            "to what pyvips makes of the original: " + _words(from_pyvips),
            f"mean {statistics.mean(from_original.values()):.4f} and {statistics.mean(from_pyvips.values()):.4f}",
        ),
    )


def _words(by_width: dict[int, float]) -> str:
    return ", ".join(f"{width}: {ssim:.4f}" for width, ssim in by_width.items())


def _width(entry: tuple[Job, list[float]]) -> int:
    return entry[0].width
