"""Receiving a file, which may take several answers: what a broken connection cut off is asked for again from there.
That is safe because bytes under an id never change; `If-Range` guards the case of an alias or a careless cache.
"""

import mimetypes
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from atpix_client.errors import APIAnswerError
from atpix_client.forms import Progress
from atpix_client.models import Image

_ID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

Destination = Path | str | BinaryIO | None


class Reception:
    def __init__(self, progress: Progress | None) -> None:
        self.received = 0
        self._skip = 0
        self._total: int | None = None
        self._etag: str | None = None
        self._progress = progress

    def request_headers(self) -> dict[str, str]:
        plain = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if self.received and self._etag:
            return plain | {"Range": f"bytes={self.received}-", "If-Range": self._etag}
        return plain

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Reads an answer's head. False when it is another file than the one that was begun."""
        etag = headers.get("etag")
        if self.received and etag != self._etag:
            return False
        partial = status == 206
        self._etag = etag
        self._skip = 0 if partial else self.received
        length = headers.get("content-length", "")
        self._total = int(length) + (self.received if partial else 0) if length.isdigit() else None
        return True

    def take(self, chunk: bytes) -> bytes:
        """What of the chunk is new."""
        fresh = chunk[self._skip :]
        self._skip -= len(chunk) - len(fresh)
        self.received += len(fresh)
        if fresh and self._progress is not None:
            self._progress(self.received, self._total)
        return fresh


class Landing:
    """Where the bytes go, and what the caller gets for them."""

    def __init__(self, file: BinaryIO, outcome: Path | None, *, in_memory: bool = False) -> None:
        self.file = file
        self._path = outcome
        self._in_memory = in_memory

    def outcome(self, received: int) -> bytes | Path | int:
        if self._path is not None:
            return self._path
        return self.file.getvalue() if isinstance(self.file, BytesIO) and self._in_memory else received


@contextmanager
def landing(to: Destination, image: Image) -> Iterator[Landing]:
    """A path appears whole or not at all: written under a temporary name beside it, then renamed."""
    if to is None:
        yield Landing(BytesIO(), None, in_memory=True)
    elif isinstance(to, str | os.PathLike):
        path = _within(Path(to), image)
        part = path.with_name(f".{path.name[:100]}.{uuid4().hex}.part")
        try:
            with part.open("xb") as file:
                yield Landing(file, path)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    else:
        yield Landing(to, None)


def _within(path: Path, image: Image) -> Path:
    """In a folder the file is named by the image's id: the name it was uploaded under is somebody else's word.
    An id is the server's, and leads nowhere else. Raises APIAnswerError.
    """
    if not path.is_dir():
        return path
    if not _ID.fullmatch(image.id):
        raise APIAnswerError(f"{image.id!r} is no id of an image, so that no file can be named by it.")
    return path / (image.id + (mimetypes.guess_extension(image.mime_type) or ""))
