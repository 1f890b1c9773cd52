"""Prometheus' text format, out of what the processes of this machine have counted and what the database holds."""

from collections.abc import Iterator
from itertools import accumulate

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from atpix import meters
from atpix.db.tables import outbox, upload_intents
from atpix.errors import AtpixError
from atpix.health import processes
from atpix.meters import Answered, Counts, Meters
from atpix.services import Services

_OUTBOX = sa.select(sa.func.count().label("depth"), sa.func.min(outbox.c.created_at).label("oldest")).select_from(
    outbox
)
_INTENTS = sa.select(sa.func.count()).select_from(upload_intents)

_GAUGES = {
    "decoders_busy": "Images that are being decoded.",
    "decoders_waiting": "Images that wait for a decoder.",
    "renderers_busy": "Renditions that are being made.",
    "renderers_waiting": "Renditions that wait for a child process.",
}
_TOTALS = {"renders": "Renditions made."}


def render(svc: Services, counted: Meters) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Now(svc, counted))
    return generate_latest(registry)


class _Now(Collector):
    def __init__(self, svc: Services, counted: Meters) -> None:
        self._svc = svc
        self._counts = counted.of_this_machine()

    def collect(self) -> Iterator[Metric]:
        yield from _requests(self._counts)
        yield from _totals(self._counts)
        alive = [counts for counts in self._counts if meters.is_alive(counts.pid)]
        yield from _gauges(alive)
        yield from _processes(alive)
        yield from _work(self._svc)


def _requests(counts: list[Counts]) -> Iterator[Metric]:
    requests = CounterMetricFamily("atpix_requests", "Requests answered.", labels=("method", "route", "status"))
    latency = HistogramMetricFamily("atpix_request_seconds", "Time to answer.", labels=("method", "route"))
    sent = CounterMetricFamily("atpix_sent_bytes", "Bytes of bodies sent.", labels=("method", "route"))
    by_route: dict[tuple[str, str], list[Answered]] = {}
    by_status: dict[tuple[str, str, str], int] = {}
    for one in (row for process in counts for row in process.answered):
        by_route.setdefault((one.method, one.route), []).append(one)
        key = (one.method, one.route, str(one.status))
        by_status[key] = by_status.get(key, 0) + one.count
    for labels, count in sorted(by_status.items()):
        requests.add_metric(labels, count)
    for route, rows in sorted(by_route.items()):
        sent.add_metric(route, sum(row.sent_bytes for row in rows))
        latency.add_metric(route, _buckets(rows), sum(row.seconds for row in rows))
    yield from (requests, latency, sent)


def _buckets(rows: list[Answered]) -> list[tuple[str, float]]:
    """Cumulative, as the format wants them."""
    each = [sum(column) for column in zip(*(row.buckets for row in rows), strict=True)]
    bounds = [*(str(float(bound)) for bound in meters.SECONDS), "+Inf"]
    return list(zip(bounds, map(float, accumulate(each)), strict=True))


def _totals(counts: list[Counts]) -> Iterator[Metric]:
    for name, about in _TOTALS.items():
        yield CounterMetricFamily(f"atpix_{name}", about, value=sum(one.totals.get(name, 0) for one in counts))


def _gauges(alive: list[Counts]) -> Iterator[Metric]:
    for name, about in _GAUGES.items():
        yield GaugeMetricFamily(f"atpix_{name}", about, value=sum(counts.gauges.get(name, 0) for counts in alive))


def _processes(alive: list[Counts]) -> Iterator[Metric]:
    memory = GaugeMetricFamily("atpix_process_resident_bytes", "Memory in use.", labels=("pid",))
    cpu = CounterMetricFamily("atpix_process_cpu_seconds", "Processor time used.", labels=("pid",))
    files = GaugeMetricFamily("atpix_process_open_files", "Files and sockets open.", labels=("pid",))
    for pid in sorted({counts.pid for counts in alive}):
        if (used := processes.usage(pid)) is not None:
            memory.add_metric((str(pid),), used.resident_bytes)
            cpu.add_metric((str(pid),), used.cpu_seconds)
            files.add_metric((str(pid),), used.open_files)
    yield from (memory, cpu, files)


def _work(svc: Services) -> Iterator[Metric]:
    """What waits in the database. Left out, and said to be, when it cannot be asked."""
    try:
        with svc.db.read() as tx:
            waiting = tx.all(_OUTBOX)[0]
            intents = tx.scalar(_INTENTS)
    except AtpixError:
        yield GaugeMetricFamily("atpix_database_up", "1 while the database answers.", value=0)
        return
    age_s = 0.0 if waiting.oldest is None else max(0.0, (svc.now() - waiting.oldest) / 1000)
    yield GaugeMetricFamily("atpix_database_up", "1 while the database answers.", value=1)
    yield GaugeMetricFamily("atpix_outbox_depth", "Things to do after a commit, not done yet.", value=waiting.depth)
    yield GaugeMetricFamily("atpix_outbox_age_seconds", "Age of the oldest of them.", value=age_s)
    yield GaugeMetricFamily("atpix_upload_intents", "Uploads under way, and those that died.", value=intents)
