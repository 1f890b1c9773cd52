"""One client that asks for renditions over a kept connection, and says how long each took."""

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bench.imaging_baselines import Job
from bench.ours import Ours


@dataclass(frozen=True)
class Answer:
    took_ms: float
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "")


_KEPT_S = 5
"""Servers close connections that were idle for longer."""


class Client:
    def __init__(self, mine: Ours) -> None:
        self._mine = mine
        self._connection = http.client.HTTPConnection("127.0.0.1", mine.port, timeout=120)
        self._connection.connect()
        self._used = time.monotonic()

    def get(self, image: str, query: str, *, accept: str = "*/*") -> Answer:
        """Whatever the answer is."""
        if time.monotonic() - self._used > _KEPT_S:
            self._connection.close()
            self._connection.connect()
        path = f"/cdn/{self._mine.project}/img/{image}?{query}"
        began = time.perf_counter()
        self._connection.request("GET", path, headers={"Accept": accept})
        answer = self._connection.getresponse()
        body = answer.read()
        took_ms = 1e3 * (time.perf_counter() - began)
        self._used = time.monotonic()
        return Answer(took_ms, answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)

    def render(self, image: str, job: Job) -> Answer:
        """Raises AssertionError when it is not what was asked for."""
        answer = self.get(image, job.query)
        assert answer.status == 200, f"{job.query}: {answer.status} {answer.body[:300]!r}"
        assert answer.media_type == f"image/{job.format}", f"{job.query}: {answer.media_type}"
        return answer

    def close(self) -> None:
        self._connection.close()


@contextmanager
def client(mine: Ours) -> Iterator[Client]:
    one = Client(mine)
    try:
        yield one
    finally:
        one.close()
