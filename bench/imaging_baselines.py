"""Renditions by a bare library, in a process of its own on the server's core: what ours are compared with.

Each does it in the way its documentation advises: pyvips with shrink-on-load, Pillow in draft mode, both with the
encoders' settings of `atpix.imaging.encoding`.
Run as `python -m bench.imaging_baselines pyvips|pillow`: jobs are lines of JSON on stdin, answers lines on stdout.
"""

import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec

from bench import machine, servers

Format = Literal["jpeg", "webp", "avif"]
Library = Literal["pyvips", "pillow"]
LIBRARIES: tuple[Library, Library] = ("pyvips", "pillow")
WEBP_EFFORT, AVIF_EFFORT = 4, 4


class Job(msgspec.Struct, frozen=True):
    """`height` None: as high as the width makes it. Otherwise cropped around `focus`."""

    width: int
    height: int | None
    format: Format
    quality: int
    focus: tuple[float, float] = (0.5, 0.5)

    @property
    def query(self) -> str:
        """As Atpix is asked for it. Its focal point is stored."""
        height = "" if self.height is None else f"&h={self.height}"
        return f"w={self.width}{height}&format={self.format}&q={self.quality}"


class Bare:
    """A library that waits for jobs in its process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def render(self, source: Path, job: Job) -> tuple[float, bytes]:
        """(milliseconds from the file's name to the encoded bytes, those bytes)."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(msgspec.json.encode((str(source), job)) + b"\n")
        self._process.stdin.flush()
        took_ms, size = msgspec.json.decode(self._process.stdout.readline(), type=tuple[float, int])
        return took_ms, self._process.stdout.read(size)


@contextmanager
def running(library: Library) -> Iterator[Bare]:
    command = machine.pinned([sys.executable, "-m", "bench.imaging_baselines", library], machine.cores()[0])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=servers.inherited()) as process:
        yield Bare(process)
        process.communicate()


def with_pyvips(source: str, job: Job) -> bytes:
    import pyvips

    header = pyvips.Image.new_from_file(source)
    (wide, high), (left, top), (width, height) = framed((header.width, header.height), job)
    picture = pyvips.Image.thumbnail(source, wide, height=high, size="force").crop(left, top, width, height)
    match job.format:
        case "jpeg":
            return bytes(picture.jpegsave_buffer(Q=job.quality, optimize_coding=True, keep="none"))
        case "webp":
            return bytes(picture.webpsave_buffer(Q=job.quality, effort=WEBP_EFFORT, keep="none"))
        case "avif":
            options: dict[str, Any] = {"compression": "av1", "effort": AVIF_EFFORT, "bitdepth": 8}
            return bytes(picture.heifsave_buffer(Q=job.quality, keep="none", **options))


def with_pillow(source: str, job: Job) -> bytes:
    from PIL import Image

    with Image.open(source) as image:
        (wide, high), (left, top), (width, height) = framed(image.size, job)
        image.draft("RGB", (wide, high))
        x, y = image.width / wide, image.height / high
        box = (left * x, top * y, (left + width) * x, (top + height) * y)
        picture = image.resize((width, height), Image.Resampling.LANCZOS, box=box)
    buffer = io.BytesIO()
    match job.format:
        case "jpeg":
            picture.save(buffer, "JPEG", quality=job.quality, optimize=True)
        case "webp":
            picture.save(buffer, "WEBP", quality=job.quality, method=WEBP_EFFORT)
        case "avif":
            picture.save(buffer, "AVIF", quality=job.quality)
    return buffer.getvalue()


Size = tuple[int, int]


def framed(source: Size, job: Job) -> tuple[Size, Size, Size]:
    """(scaled to, the crop's corner, the crop's size)."""
    if job.height is None:
        whole = job.width, round(source[1] * job.width / source[0])
        return whole, (0, 0), whole
    factor = max(job.width / source[0], job.height / source[1])
    scaled = max(job.width, round(source[0] * factor)), max(job.height, round(source[1] * factor))
    left, top = (
        round(min(max(focus * long - frame / 2, 0), long - frame))
        for focus, long, frame in zip(job.focus, scaled, (job.width, job.height), strict=True)
    )
    return scaled, (left, top), (job.width, job.height)


def main(library: Library) -> None:
    render: Callable[[str, Job], bytes] = {"pyvips": with_pyvips, "pillow": with_pillow}[library]
    for line in sys.stdin.buffer:
        source, job = msgspec.json.decode(line, type=tuple[str, Job])
        began = time.perf_counter()
        body = render(source, job)
        took_ms = 1e3 * (time.perf_counter() - began)
        sys.stdout.buffer.write(msgspec.json.encode((took_ms, len(body))) + b"\n" + body)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main("pyvips" if sys.argv[1] == "pyvips" else "pillow")
