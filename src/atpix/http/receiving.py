"""Read a multipart upload as it arrives: small fields into memory, the file into a staged file, never more.

Limits hold while reading: the first byte too many ends the request. Fields may come in any order.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from typing import ParamSpec, TypeVar

from litestar.concurrency import sync_to_thread
from litestar.exceptions import InternalServerException
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from atpix.blobs import StagedFile
from atpix.errors import AtpixError, FileTooLarge, Overloaded, RequestTimeout, ValidationFailed

P = ParamSpec("P")
T = TypeVar("T")

MAX_FIELD_BYTES = 128 * 1024
MAX_PARTS = 20
_SPOOL_BYTES = 256 * 1024
_ENVELOPE_BYTES = 2**20


class UnsupportedContentType(AtpixError):
    status, code = 415, "UNSUPPORTED_FILE_TYPE"


@dataclass(slots=True)
class Received:
    """`file` is None until its part begins. Whoever holds this discards the file in the end."""

    fields: dict[str, str] = field(default_factory=dict)
    file: StagedFile | None = None
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    fields: frozenset[str]
    max_file_bytes: int
    timeout_s: float


class Lane:
    """Uploads under way: bounded in number, stored on threads of their own, so that a slow bucket starves nobody."""

    def __init__(self, most: int, threads: int) -> None:
        self._free = most
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="atpix-upload")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Raises Overloaded."""
        if self._free <= 0:
            raise Overloaded("Many uploads are under way; try again in a moment.")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """On one of the threads, with the log's context."""
        bound = partial(copy_context().run, work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, bound)

    def close(self) -> None:
        self._threads.shutdown(wait=True)


async def receive(
    body: AsyncIterator[bytes], headers: "Headers", rules: Rules, stage: Callable[[], StagedFile]
) -> Received:
    """Raises ValidationFailed, FileTooLarge, UnsupportedContentType, RequestTimeout, and leaves nothing then."""
    parser = PushMultipartParser(
        _boundary(headers.content_type), max_segment_count=MAX_PARTS, max_header_size=8192, max_header_count=8
    )
    if headers.content_length is not None and headers.content_length > rules.max_file_bytes + _ENVELOPE_BYTES:
        raise _too_large(rules)
    reader = _Reader(rules, stage)
    try:
        async with asyncio.timeout(rules.timeout_s):
            async for chunk in body:
                reader.count(chunk)
                for event in parser.parse(chunk):
                    await reader.take(event)
            parser.close()
            await reader.spool(whole=True)
    except BaseException as error:
        if reader.received.file is not None:
            reader.received.file.discard()
        raise _translated(error) from error
    if reader.received.file is None:
        raise ValidationFailed.at("file", "is missing; send the image as a multipart field of this name.")
    return reader.received


@dataclass(frozen=True, slots=True)
class Headers:
    content_type: str
    content_length: int | None


class _Reader:
    """Takes the parser's events one by one: a part begins, a piece of it, None when it ends."""

    def __init__(self, rules: Rules, stage: Callable[[], StagedFile]) -> None:
        self.received = Received()
        self._rules = rules
        self._stage = stage
        self._name = ""
        self._field = bytearray()
        self._spool = bytearray()
        self._file_bytes = self._all_bytes = 0
        self._in_file = False

    def count(self, chunk: bytes) -> None:
        """Parts or not: what is sent between them is bounded as well. Raises FileTooLarge."""
        self._all_bytes += len(chunk)
        if self._all_bytes > self._rules.max_file_bytes + _ENVELOPE_BYTES:
            raise _too_large(self._rules)

    async def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        match event:
            case MultipartSegment():
                await self._begin(event)
            case None:
                self._end()
            case _ if self._in_file:
                self._file_bytes += len(event)
                if self._file_bytes > self._rules.max_file_bytes:
                    raise _too_large(self._rules)
                self._spool += event
                await self.spool()
            case _:
                self._field += event
                if len(self._field) > MAX_FIELD_BYTES:
                    raise ValidationFailed.at(self._name, f"is longer than {MAX_FIELD_BYTES} bytes.")

    async def spool(self, *, whole: bool = False) -> None:
        """Hand what has gathered to the disk, on a thread: a slow disk must not stop the event loop."""
        if self.received.file is not None and self._spool and (whole or len(self._spool) >= _SPOOL_BYTES):
            chunk, self._spool = bytes(self._spool), bytearray()
            await sync_to_thread(self.received.file.write, chunk)

    async def _begin(self, part: MultipartSegment) -> None:
        self._name, self._in_file = part.name or "", part.name == "file"
        if self._name not in self._rules.fields:
            raise ValidationFailed.at(self._name, f"is not a field of this request; it takes: {_names(self._rules)}.")
        if self._name in self.received.fields or (self._in_file and self.received.file is not None):
            raise ValidationFailed.at(self._name, "was sent twice.")
        if self._in_file:
            self.received.filename = part.filename
            self.received.file = await sync_to_thread(self._stage)
        self._field = bytearray()

    def _end(self) -> None:
        if not self._in_file:
            try:
                self.received.fields[self._name] = self._field.decode()
            except UnicodeDecodeError:
                raise ValidationFailed.at(self._name, "is not UTF-8.") from None


def _boundary(content_type: str) -> str:
    message = Message()
    message["Content-Type"] = content_type
    if message.get_content_type() != "multipart/form-data":
        raise UnsupportedContentType("Send the upload as multipart/form-data, the image in the field `file`.")
    boundary = message.get_boundary()
    if not boundary or not re.fullmatch(r"[\x20-\x7e]{1,200}", boundary):
        raise ValidationFailed.at("Content-Type", "names no usable multipart boundary.")
    return boundary


def _translated(error: BaseException) -> BaseException:
    match error:
        case MultipartError():
            return ValidationFailed(f"The multipart body is broken: {error}.")
        case TimeoutError():
            return RequestTimeout()
        case InternalServerException():  # Litestar's word for a client that left
            return ValidationFailed("The connection closed before the upload was complete.")
        case _:
            return error


def _too_large(rules: Rules) -> FileTooLarge:
    return FileTooLarge(f"The file is larger than {rules.max_file_bytes:,} bytes, the limit here.")


def _names(rules: Rules) -> str:
    return ", ".join(sorted(rules.fields))
