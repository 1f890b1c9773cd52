"""Our own load generator, for machines without `wrk`: keep-alive GETs over bare asyncio protocols.

Run as `python -m bench.generator '<json>'`; prints one line RESULT with JSON, as `load.drive` reads it.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass
class Tally:
    took_s: list[float] = field(default_factory=list)
    errors: int = 0


class Client(asyncio.Protocol):
    """Sends the next request when the last one's answer is whole. Reads Content-Length only: our servers send it."""

    def __init__(self, requests: "cycle[bytes]", tally: Tally) -> None:
        self._requests, self._tally = requests, tally
        self._head, self._missing, self._sent_at = b"", -1, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            self._missing = self._length(self._head[:end])
            data, self._head = self._head[end + 4 :], b""
        self._missing -= len(data)
        if self._missing <= 0:
            self._tally.took_s.append(time.perf_counter() - self._sent_at)
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._tally.errors += 1

    def _length(self, head: bytes) -> int:
        status = int(head[9:12])
        self._tally.errors += status >= 400
        found = None if status == 304 else _LENGTH.search(head)
        return int(found[1]) if found else 0

    def _next(self) -> None:
        self._missing, self._sent_at = -1, time.perf_counter()
        self._transport.write(next(self._requests))


async def drive(work: dict[str, Any]) -> dict[str, float]:
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "bench", **work["headers"]}.items())
    requests = cycle([f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode() for path in work["paths"]])
    tally, loop = Tally(), asyncio.get_running_loop()
    began = time.perf_counter()
    for _ in range(work["connections"]):
        await loop.create_connection(lambda: Client(requests, tally), "127.0.0.1", work["port"])
    await asyncio.sleep(work["seconds"])
    seconds = time.perf_counter() - began
    took = sorted(tally.took_s) or [0.0]
    return {
        "requests": len(tally.took_s),
        "seconds": seconds,
        "p50_ms": 1e3 * took[len(took) // 2],
        "p99_ms": 1e3 * took[len(took) * 99 // 100],
        "errors": tally.errors,
    }


if __name__ == "__main__":
    import uvloop

    print("RESULT " + json.dumps(uvloop.run(drive(json.loads(sys.argv[1])))))
