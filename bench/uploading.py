"""Uploads over several kept connections, until the time is over.

Run as `python -m bench.uploading '<json>'`; prints one line RESULT with JSON.
"""

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.ours import FORM, form


def drive(work: dict[str, Any]) -> dict[str, float]:
    body = form(Path(work["photograph"]).read_bytes())
    headers = {"X-API-Key": work["key"], "Content-Type": FORM}
    began = time.perf_counter()
    end = began + work["seconds"]

    def client(_: int) -> tuple[list[float], int]:
        took, errors = [], 0
        connection = http.client.HTTPConnection("127.0.0.1", work["port"], timeout=60)
        while (at := time.perf_counter()) < end:
            connection.request("POST", "/api/v1/images/upload", body, headers)
            answer = connection.getresponse()
            answer.read()
            took.append(time.perf_counter() - at)
            errors += answer.status != 201
        connection.close()
        return took, errors

    with ThreadPoolExecutor(work["connections"]) as pool:
        results = list(pool.map(client, range(work["connections"])))
    took_s = sorted(one for took, _ in results for one in took)
    return {
        "uploads": len(took_s),
        "seconds": time.perf_counter() - began,
        "p50_ms": 1e3 * took_s[len(took_s) // 2],
        "p99_ms": 1e3 * took_s[len(took_s) * 99 // 100],
        "errors": sum(errors for _, errors in results),
    }


if __name__ == "__main__":
    print("RESULT " + json.dumps(drive(json.loads(sys.argv[1]))))
