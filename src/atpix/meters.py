"""What operators measure. One registry a process; `/metrics` adds up the processes of this machine."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Meters:
    """Children of labelled metrics are kept, because looking one up costs more than counting with it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "atpix_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._latency = Histogram(
            "atpix_request_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._bytes = Counter("atpix_sent_bytes", "Bytes of bodies sent.", ("route",), registry=self.registry)
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram, Counter]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float, sent_bytes: int) -> None:
        key = (method, route, status)
        children = self._children.get(key)
        if children is None:
            counted = self._requests.labels(method, route, str(status))
            children = self._children[key] = (counted, self._latency.labels(route), self._bytes.labels(route))
        requests, latency, sent = children
        requests.inc()
        latency.observe(seconds)
        sent.inc(sent_bytes)
