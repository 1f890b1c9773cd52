"""The steps of an upload in one process, without HTTP: the baseline for uploads.

Four threads; each upload: the bytes written with fsync, SHA-256, one shrink-on-load decode that refuses a truncated
image, thumbhash, one committed row (SQLite, WAL, `synchronous=FULL`).
Run as `python -m bench.upload_steps PHOTOGRAPH FOLDER SECONDS`; prints one line RESULT with JSON.
"""

import hashlib
import json
import os
import sqlite3
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pyvips

from atpix.imaging.thumbhash import thumbhash

THREADS = 4
_THUMBNAIL_PX = 100


class Steps:
    def __init__(self, photograph: bytes, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._photograph, self._folder = photograph, folder
        self._rows = sqlite3.connect(folder / "rows.db", check_same_thread=False, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute("PRAGMA synchronous=FULL")
        self._rows.execute(
            "CREATE TABLE IF NOT EXISTS images (id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, "
            "width INTEGER NOT NULL, height INTEGER NOT NULL, thumbhash TEXT NOT NULL)"
        )
        self._one_writer = threading.Lock()

    def upload(self) -> None:
        image = str(uuid4())
        path = self._folder / image
        with path.open("xb") as file:
            file.write(self._photograph)
            file.flush()
            os.fsync(file.fileno())
        digest = hashlib.sha256(self._photograph).hexdigest()
        header = pyvips.Image.new_from_file(str(path))
        small = pyvips.Image.thumbnail(str(path), _THUMBNAIL_PX, size="down", fail_on="truncated")
        rgba = bytes(small.colourspace("srgb").bandjoin(255).write_to_memory())
        row = (image, digest, len(self._photograph), header.width, header.height)
        hashed = thumbhash(small.width, small.height, rgba)
        with self._one_writer:
            self._rows.execute("INSERT INTO images VALUES (?, ?, ?, ?, ?, ?)", (*row, hashed))
        path.unlink()


def main(photograph: Path, folder: Path, seconds: float) -> dict[str, float]:
    steps = Steps(photograph.read_bytes(), folder)
    steps.upload()
    began = time.perf_counter()
    end = began + seconds

    def work(_: int) -> list[float]:
        took = []
        while (at := time.perf_counter()) < end:
            steps.upload()
            took.append(time.perf_counter() - at)
        return took

    with ThreadPoolExecutor(THREADS) as pool:
        took_s = sorted(one for some in pool.map(work, range(THREADS)) for one in some)
    return {
        "uploads": len(took_s),
        "seconds": time.perf_counter() - began,
        "p50_ms": 1e3 * took_s[len(took_s) // 2],
        "p99_ms": 1e3 * took_s[len(took_s) * 99 // 100],
    }


if __name__ == "__main__":
    print("RESULT " + json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))))
