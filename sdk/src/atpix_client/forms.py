"""A multipart body (RFC 7578) that reads its file while it is sent: memory stays flat in the file's size."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from atpix_client.errors import SourceChanged

Source = Path | str | bytes | BinaryIO
"""A path, the bytes themselves, or a file opened in binary mode, sent from where it stands."""

Progress = Callable[[int, int | None], object]
"""Told the bytes moved so far and, when it is known, how many there will be. Starts again with a repetition."""

CHUNK_BYTES = 256 * 1024


class _Opened:
    """The source as a file, its name, and the range of it that is to be sent."""

    def __init__(self, source: Source) -> None:
        self.owned = not hasattr(source, "read")
        self.file: BinaryIO
        self.name = "upload"
        if isinstance(source, bytes | bytearray | memoryview):
            self.file = BytesIO(source)
        elif isinstance(source, str | os.PathLike):
            self.file = Path(source).open("rb")  # noqa: SIM115 (closed by Form)
            self.name = Path(source).name
        else:
            self.file = source
            self.name = _name_of(source)
        self.start = self.file.tell() if self.file.seekable() else None
        self.size = None if self.start is None else self.file.seek(0, os.SEEK_END) - self.start


class Form:
    """Small fields first, then the file, so that a server can judge them before the bytes arrive."""

    def __init__(
        self, fields: Mapping[str, str], source: Source, filename: str | None, progress: Progress | None
    ) -> None:
        self._opened: _Opened | None = None
        self._source = source
        self._fields = fields
        self._filename = filename
        self._progress = progress
        self._boundary = f"atpix-{uuid4().hex}"
        self._started = False
        self.content_type = f"multipart/form-data; boundary={self._boundary}"

    @property
    def replayable(self) -> bool:
        return self._opened is None or self._opened.start is not None or not self._started

    def open(self) -> int | None:
        """The whole body's length in bytes; None when the source cannot tell. Opens a path, see `close`."""
        if self._opened is None:
            self._opened = _Opened(self._source)
        size = self._opened.size
        return None if size is None else len(self._head(self._opened)) + size + len(self._tail())

    def close(self) -> None:
        """Closes what `open` opened, and leaves the caller's own file open."""
        if self._opened is not None and self._opened.owned:
            self._opened.file.close()
            self._opened = None

    def __iter__(self) -> Iterator[bytes]:
        opened = self._begin()
        yield self._head(opened)
        sent = 0
        while chunk := self._checked(opened, sent, self._read(opened, sent)):
            yield chunk
            sent += len(chunk)
            self._tell(sent, opened.size)
        yield self._tail()

    def asynchronously(self) -> "AsyncForm":
        return AsyncForm(self)

    async def _chunks(self) -> AsyncIterator[bytes]:
        opened = self._begin()
        yield self._head(opened)
        sent = 0
        while chunk := self._checked(opened, sent, await asyncio.to_thread(self._read, opened, sent)):
            yield chunk
            sent += len(chunk)
            self._tell(sent, opened.size)
        yield self._tail()

    def _begin(self) -> _Opened:
        if self._opened is None:
            raise RuntimeError("open() comes first")
        self._started = True
        if self._opened.start is not None:
            self._opened.file.seek(self._opened.start)
        return self._opened

    def _read(self, opened: _Opened, sent: int) -> bytes:
        """A file that grows meanwhile is sent as far as its announced size."""
        return opened.file.read(CHUNK_BYTES if opened.size is None else min(CHUNK_BYTES, opened.size - sent))

    def _checked(self, opened: _Opened, sent: int, chunk: bytes) -> bytes:
        if not isinstance(chunk, bytes):
            raise TypeError("The source must be opened in binary mode.")
        if not chunk and opened.size is not None and sent < opened.size:
            raise SourceChanged(f"The source ended after {sent} of {opened.size} bytes.")
        return chunk

    def _tell(self, sent: int, total: int | None) -> None:
        if self._progress is not None:
            self._progress(sent, total)

    def _head(self, opened: _Opened) -> bytes:
        parts = [f"{self._opening(name)}\r\n\r\n{value}\r\n" for name, value in self._fields.items()]
        filename = _quoted(self._filename or opened.name)
        parts.append(f'{self._opening("file")}; filename="{filename}"\r\n')
        parts.append("Content-Type: application/octet-stream\r\n\r\n")
        return "".join(parts).encode("utf-8", "replace")

    def _opening(self, name: str) -> str:
        return f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"'

    def _tail(self) -> bytes:
        return f"\r\n--{self._boundary}--\r\n".encode()


class AsyncForm:
    """The same body with an asynchronous iterator only: the HTTP library would prefer the blocking one."""

    def __init__(self, form: Form) -> None:
        self._form = form

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._form._chunks()  # noqa: SLF001 (one body, two ways to read it)


def _name_of(file: BinaryIO) -> str:
    name = getattr(file, "name", None)
    return os.path.basename(name) or "upload" if isinstance(name, str) else "upload"  # noqa: PTH119


def _quoted(name: str) -> str:
    """As browsers do it (HTML standard, multipart form data): quotes and line ends percent-encoded."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
