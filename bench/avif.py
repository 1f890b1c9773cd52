"""The row about AVIF: what a first request waits for it, and what it gets for its bytes."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bench import imaging_baselines, likeness
from bench.asking import Answer
from bench.imaging_baselines import Job
from bench.renditions import FOCUS, Sides, sides
from bench.results import Bench, Line


def avif(bench: Bench) -> Iterator[Line]:
    with sides(bench) as both:
        for size in ((800, 600), (800, 800)):
            yield _avif(bench, both, Job(*size, "avif", 60, FOCUS))


@dataclass(frozen=True)
class _Point:
    """Of a baseline at one quality."""

    quality: int
    ms: float
    size: int
    ssim: float


def _avif(bench: Bench, both: Sides, job: Job) -> Line:
    """The baseline at the quality that comes nearest to our size is the one whose time counts."""
    exact = likeness.exact(both.source, job)
    answers = [both.client.render(both.new_image(), job) for _ in range(bench.runs)]
    size, ssim = len(answers[0].body), likeness.ssim(likeness.decoded(answers[0].body), exact)
    ms = median(answer.took_ms for answer in answers)
    points = _curve(both, job, exact)
    nearest = min(points, key=lambda point: abs(point.size - size))
    again = [both.pyvips.render(both.source, _at_quality(job, nearest.quality))[0] for _ in range(bench.runs)]
    theirs_ms = median([nearest.ms, *again])
    expected = _ssim_at(points, size)
    quick = ms <= theirs_ms / 4 and ssim >= 0.98 * expected
    first_answer, later = _webp_first(both, job)
    return Line(
        f"first request, 12 megapixels to {job.width} x {job.height} avif q{job.quality} (baseline: pyvips, effort "
        f"{imaging_baselines.AVIF_EFFORT}, at the quality of the same size)",
        f"{theirs_ms:.0f} ms, {nearest.size:,} bytes at q{nearest.quality}, SSIM {nearest.ssim:.3f}",
        f"{ms:.0f} ms, {size:,} bytes, SSIM {ssim:.3f}",
        ms / theirs_ms,
        "≤ 0.25 and SSIM for its bytes at most 2 % less; or WebP in that time, AVIF after",
        quick or (bool(later) and first_answer.took_ms <= theirs_ms / 4),
        (
            f"SSIM of the baseline at our size: {expected:.3f}; of ours to it {ssim / expected:.3f}",
            f"negotiated: {first_answer.media_type} after {first_answer.took_ms:.0f} ms, "
            + (later or "never AVIF afterwards"),
        ),
    )


def _webp_first(both: Sides, job: Job) -> tuple[Answer, str]:
    """(the first negotiated answer, in words when AVIF came after it; nothing when it was not WebP first)."""
    image, query = both.new_image(), f"w={job.width}&h={job.height}"
    accept = "image/avif,image/webp,image/*,*/*;q=0.8"
    began = time.perf_counter()
    first_answer = both.client.get(image, query, accept=accept)
    assert first_answer.status == 200, first_answer.body[:300]
    if first_answer.media_type != "image/webp":
        return first_answer, ""
    while time.perf_counter() - began < 30:
        time.sleep(0.1)
        again = both.client.get(image, query, accept=accept)
        if again.media_type == "image/avif":
            assert again.headers["etag"] != first_answer.headers["etag"], "one ETag for two files"
            return first_answer, f"AVIF of {len(again.body):,} bytes after {time.perf_counter() - began:.1f} s"
    return first_answer, ""


def _at_quality(job: Job, quality: int) -> Job:
    return Job(job.width, job.height, job.format, quality, job.focus)


def _curve(both: Sides, job: Job, exact: likeness.Pixels) -> list[_Point]:
    points = []
    for quality in (30, 45, 60, 75, 88):
        ms, body = both.pyvips.render(both.source, _at_quality(job, quality))
        points.append(_Point(quality, ms, len(body), likeness.ssim(likeness.decoded(body), exact)))
    return sorted(points, key=lambda point: point.size)


def _ssim_at(points: Sequence[_Point], size: int) -> float:
    """Between two qualities, in a straight line; beyond them, that of the last."""
    for below, above in itertools.pairwise(points):
        if below.size <= size <= above.size:
            part = (size - below.size) / (above.size - below.size)
            return below.ssim + part * (above.ssim - below.ssim)
    return points[0].ssim if size < points[0].size else points[-1].ssim
