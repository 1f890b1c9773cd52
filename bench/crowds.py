"""Rows about many at once: 500 clients for one new rendition, and the API while renders wait in a queue."""

import asyncio
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from statistics import median

from bench import asking, load, machine, ours, photographs
from bench.imaging_baselines import Job
from bench.load import Run
from bench.ours import Ours
from bench.renditions import UNBOUNDED
from bench.results import Bench, Line

_RENDERS = "atpix_renders_total"
_CLIENTS = 500
_JOBS = tuple(Job(800, height, form, 80) for height in (600, 800) for form in ("jpeg", "webp"))
_FILLERS = 128
_CONNECTIONS = 16
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def one_render(bench: Bench) -> Iterator[Line]:
    source = photographs.detailed(bench.photographs.small.parent)
    data = bench.work / "crowd"
    with ExitStack() as stack:
        first, second = (stack.enter_context(ours.serving(data, settings=UNBOUNDED)) for _ in range(2))
        stack.enter_context(machine.on_core(machine.cores()[1]))
        outcomes = [_crowd(first, second, str(first.upload(source)["id"]), job) for job in _JOBS]
    counted = [renders for renders, _, _ in outcomes]
    answers = sum((some for _, some, _ in outcomes), Counter[str]())
    good = counted == [1] * len(_JOBS) and all(len(some) == 1 and "200 " in next(iter(some)) for _, some, _ in outcomes)
    yield Line(
        f"{_CLIENTS} clients ask for one new rendition at once, two server processes, {len(_JOBS)} times",
        "-",
        f"{', '.join(f'{renders:g}' for renders in counted)} renders counted; all answered after "
        f"{median(took_s for _, _, took_s in outcomes):.2f} s",
        None,
        "1 each, and the same file for all",
        good,
        tuple(f"{count} x {answer}" for answer, count in answers.most_common(6)),
    )


def _crowd(first: Ours, second: Ours, image: str, job: Job) -> tuple[float, Counter[str], float]:
    """(renders counted, answers by status and length, seconds)."""
    time.sleep(1.2)  # counts of the other process are a second old
    before = _renders(first)
    path = f"/cdn/{first.project}/img/{image}?{job.query}"
    answers, took_s = asyncio.run(_all_at_once((first.port, second.port), path))
    time.sleep(1.2)
    return _renders(first) - before, answers, took_s


def _renders(mine: Ours) -> float:
    return mine.metric(_RENDERS)


async def _all_at_once(ports: tuple[int, ...], path: str) -> tuple[Counter[str], float]:
    """All connections are open before the first request goes out."""
    opened = await asyncio.gather(
        *(asyncio.open_connection("127.0.0.1", ports[at % len(ports)]) for at in range(_CLIENTS))
    )
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode()
    began = time.perf_counter()
    for _, writer in opened:
        writer.write(request)
    answers = await asyncio.gather(*(reader.read() for reader, _ in opened), return_exceptions=True)
    took_s = time.perf_counter() - began
    for _, writer in opened:
        writer.close()
    return Counter(_outcome(answer) for answer in answers), took_s


def _outcome(answer: bytes | BaseException) -> str:
    if isinstance(answer, BaseException):
        return repr(answer)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    whole = "" if length and int(length[1]) == len(body) else " CUT OFF"
    return f"{head[9:12].decode()} {len(body):,} bytes{whole}"


def api_beside_renders(bench: Bench) -> Iterator[Line]:
    """Server, its render children and all on one core; the reads come from the other."""
    source = photographs.detailed(bench.photographs.small.parent)
    with ours.serving(bench.work / "queue", settings=UNBOUNDED) as mine, machine.on_core(machine.cores()[1]):
        file = source.read_bytes()
        images = [str(mine.upload(photographs.numbered(file, at))["id"]) for at in range(4)]
        target = mine.get(f"/api/v1/images/{images[0]}")
        load.check(target)
        quiet = Run.medians([_reads(bench, target) for _ in range(bench.runs)])
        statuses: Counter[str] = Counter()
        with _filled(mine, images, statuses):
            busy = Run.medians([_reads(bench, target) for _ in range(bench.runs)])
    was_full = statuses["503"] > 0 and statuses["200"] > 0
    ratio = busy.p99_ms / quiet.p99_ms
    yield Line(
        f"one record by id, {_CONNECTIONS} connections, p99 while the render queue is full (baseline: without renders)",
        f"{quiet.p99_ms:.1f} ms",
        f"{busy.p99_ms:.1f} ms",
        ratio,
        "≤ 3 times",
        ratio <= 3 and was_full and not busy.errors,
        (
            f"baseline {quiet}",
            f"measured {busy}",
            f"answers to {_FILLERS} clients that asked for new renditions: "
            + ", ".join(f"{count} x {status}" for status, count in statuses.most_common())
            + ("" if was_full else ": THE QUEUE WAS NOT FULL"),
        ),
    )


def _reads(bench: Bench, target: load.Target) -> Run:
    machine.touch_pages(bench.work)
    return load.drive(target, connections=_CONNECTIONS, seconds=bench.seconds, work=bench.work)


@contextmanager
def _filled(mine: Ours, images: list[str], statuses: Counter[str]) -> Iterator[None]:
    """More clients than the queue has places, each asking for one new rendition after the other.
    Whoever is refused tries again after about a second, not all of them at the same moment.
    """
    over, lock, widths, chance = threading.Event(), threading.Lock(), iter(range(100_000)), random.Random(1)

    def ask() -> None:
        with asking.client(mine) as client:
            while not over.is_set():
                with lock:
                    width = next(widths)
                query = f"w={300 + width // 4 % 900}&h={300 + width // 3600}&fit=cover&format=jpeg"
                answer = client.get(images[width % 4], query)
                with lock:
                    statuses[str(answer.status)] += 1
                if answer.status != 200:
                    over.wait(chance.uniform(0.5, 1.5))

    threads = [threading.Thread(target=ask) for _ in range(_FILLERS)]
    for thread in threads:
        thread.start()
    try:
        with suppress(TimeoutError):
            machine.wait_until(lambda: statuses["503"] > 0, timeout_s=20, what="a full queue")
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
