"""All the I/O there is: sends operations and receives files, blocking and asynchronously, line by line alike."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import urlsplit

import httpx2

from atpix_client import failures
from atpix_client.answers import Answer
from atpix_client.downloads import Destination, Reception, landing
from atpix_client.errors import APIConnectionError, AtpixError
from atpix_client.following import EventReader, Follower
from atpix_client.forms import Form, Progress
from atpix_client.models import Image
from atpix_client.operations import Following, Operation
from atpix_client.retries import Attempts, Retries
from atpix_client.version import __version__

T = TypeVar("T")

_AGENT = {"User-Agent": f"atpix-client/{__version__}"}


@dataclass(frozen=True, slots=True)
class Server:
    base_url: str = field(repr=False)
    """With the name and the password that a proxy in between may want."""
    api_key: str = field(repr=False)
    timeout: httpx2.Timeout

    @property
    def address(self) -> str:
        """To be shown."""
        return str(httpx2.URL(self.base_url).copy_with(userinfo=b"")).rstrip("/")

    def url(self, operation: Operation[T]) -> str:
        return f"{self.base_url}/api/v1{operation.path}"

    def headers(self, operation: Operation[T], length: int | None) -> dict[str, str]:
        sized = {} if length is None else {"Content-Length": str(length)}
        return _AGENT | {"Accept": "application/json", "X-API-Key": self.api_key} | dict(operation.headers) | sized

    def timeout_of(self, operation: Operation[T]) -> httpx2.Timeout:
        usual = self.timeout
        read_s = None if usual.read is None else usual.read + operation.patience_s
        return httpx2.Timeout(connect=usual.connect, read=read_s, write=usual.write, pool=usual.pool)

    def events_timeout(self, silence_s: float | None) -> httpx2.Timeout:
        usual = self.timeout
        read_s = usual.read if silence_s is None else silence_s
        return httpx2.Timeout(connect=usual.connect, read=read_s, write=usual.write, pool=usual.pool)

    def events_headers(self) -> dict[str, str]:
        return _AGENT | {"Accept": "text/event-stream", "X-API-Key": self.api_key}

    def original_url(self, image: Image) -> str:
        """On the server that the key is for, whatever host the image's public address names."""
        return "/".join([self.base_url, "cdn", *urlsplit(image.storage_url).path.split("/")[-4:]])

    def download_headers(self, reception: Reception) -> dict[str, str]:
        """The key opens what a project hides. As `Authorization` it stays behind when another host is redirected to."""
        return _AGENT | {"Authorization": f"Bearer {self.api_key}"} | reception.request_headers()


@dataclass(frozen=True, slots=True)
class Runner:
    http: httpx2.Client
    server: Server
    retries: Retries
    sleep: Callable[[float], object]

    def run(self, operation: Operation[T]) -> T:
        with _opened(operation.body) as length:
            return self._persist(
                lambda: operation.decode(self._send(operation, length)),
                repeatable=operation.repeatable,
                again=operation.can_be_sent_again,
            )

    def download(self, image: Image, to: Destination, progress: Progress | None) -> bytes | Path | int:
        reception = Reception(progress)
        with landing(to, image) as target:
            self._persist(lambda: self._receive(image, reception, target.file), repeatable=True)
            return target.outcome(reception.received)

    def follow(self, following: Following[T]) -> Iterator[T]:
        """Ends with what it is in the end."""
        follower = Follower(following, self.retries)
        while True:
            failure = None
            try:
                for thing in self._events(follower, following.operation):
                    if follower.is_news(thing):
                        yield thing
                    if follower.has_ended(thing):
                        return
            except AtpixError as error:
                failure = error
            self.sleep(follower.pause_s(failure))

    def _events(self, follower: Follower[T], operation: Operation[T]) -> Iterator[T]:
        reader = EventReader()
        with (
            failures.translated(),
            self.http.stream(
                "GET",
                self.server.url(operation),
                headers=self.server.events_headers(),
                timeout=self.server.events_timeout(follower.silence_s()),
                follow_redirects=False,
            ) as response,
        ):
            if not response.is_success:
                response.read()
                _success(response)
            for chunk in response.iter_bytes():
                for name, data in reader.events(chunk):
                    yield follower.read(name, Answer(response.status_code, response.headers, data))

    def _send(self, operation: Operation[T], length: int | None) -> Answer:
        with failures.translated():
            response = self.http.request(
                operation.method,
                self.server.url(operation),
                headers=self.server.headers(operation, length),
                content=operation.body,
                timeout=self.server.timeout_of(operation),
                follow_redirects=False,
            )
        return _success(response)

    def _receive(self, image: Image, reception: Reception, file: BinaryIO) -> None:
        with (
            failures.translated(),
            self.http.stream(
                "GET",
                self.server.original_url(image),
                headers=self.server.download_headers(reception),
                timeout=self.server.timeout,
                follow_redirects=True,
            ) as response,
        ):
            if not response.is_success:
                response.read()
            _begin(reception, response)
            file.writelines(map(reception.take, response.iter_bytes()))
        _whole(reception, image)

    def _persist(self, attempt: Callable[[], T], *, repeatable: bool, again: Callable[[], bool] = lambda: True) -> T:
        attempts = Attempts(self.retries, repeatable, again)
        while True:
            try:
                return attempt()
            except AtpixError as failure:
                if (pause_s := attempts.pause_s(failure)) is None:
                    raise
            self.sleep(pause_s)


@dataclass(frozen=True, slots=True)
class AsyncRunner:
    http: httpx2.AsyncClient
    server: Server
    retries: Retries
    sleep: Callable[[float], Awaitable[object]]

    async def run(self, operation: Operation[T]) -> T:
        async def attempt() -> T:
            return operation.decode(await self._send(operation, length))

        async with _opened_on_thread(operation.body) as length:
            return await self._persist(attempt, repeatable=operation.repeatable, again=operation.can_be_sent_again)

    async def download(self, image: Image, to: Destination, progress: Progress | None) -> bytes | Path | int:
        reception = Reception(progress)
        with landing(to, image) as target:
            await self._persist(lambda: self._receive(image, reception, target.file), repeatable=True)
            return target.outcome(reception.received)

    async def follow(self, following: Following[T]) -> AsyncIterator[T]:
        """Ends with what it is in the end."""
        follower = Follower(following, self.retries)
        while True:
            failure = None
            try:
                async with aclosing(self._events(follower, following.operation)) as things:
                    async for thing in things:
                        if follower.is_news(thing):
                            yield thing
                        if follower.has_ended(thing):
                            return
            except AtpixError as error:
                failure = error
            await self.sleep(follower.pause_s(failure))

    async def _events(self, follower: Follower[T], operation: Operation[T]) -> AsyncGenerator[T]:
        reader = EventReader()
        with failures.translated():
            async with self.http.stream(
                "GET",
                self.server.url(operation),
                headers=self.server.events_headers(),
                timeout=self.server.events_timeout(follower.silence_s()),
                follow_redirects=False,
            ) as response:
                if not response.is_success:
                    await response.aread()
                    _success(response)
                async for chunk in response.aiter_bytes():
                    for name, data in reader.events(chunk):
                        yield follower.read(name, Answer(response.status_code, response.headers, data))

    async def _send(self, operation: Operation[T], length: int | None) -> Answer:
        body = operation.body.asynchronously() if isinstance(operation.body, Form) else operation.body
        with failures.translated():
            response = await self.http.request(
                operation.method,
                self.server.url(operation),
                headers=self.server.headers(operation, length),
                content=body,
                timeout=self.server.timeout_of(operation),
                follow_redirects=False,
            )
        return _success(response)

    async def _receive(self, image: Image, reception: Reception, file: BinaryIO) -> None:
        with failures.translated():
            async with self.http.stream(
                "GET",
                self.server.original_url(image),
                headers=self.server.download_headers(reception),
                timeout=self.server.timeout,
                follow_redirects=True,
            ) as response:
                if not response.is_success:
                    await response.aread()
                _begin(reception, response)
                async for chunk in response.aiter_bytes():
                    await asyncio.to_thread(file.write, reception.take(chunk))
        _whole(reception, image)

    async def _persist(
        self, attempt: Callable[[], Awaitable[T]], *, repeatable: bool, again: Callable[[], bool] = lambda: True
    ) -> T:
        attempts = Attempts(self.retries, repeatable, again)
        while True:
            try:
                return await attempt()
            except AtpixError as failure:
                if (pause_s := attempts.pause_s(failure)) is None:
                    raise
            await self.sleep(pause_s)


def _success(response: httpx2.Response) -> Answer:
    answer = Answer(response.status_code, response.headers, response.content)
    if not response.is_success:
        raise failures.of_answer(answer)
    return answer


def _whole(reception: Reception, image: Image) -> None:
    """An answer without a length ends early unnoticed; the next attempt goes on from there."""
    if reception.received < image.file_size:
        raise APIConnectionError("The connection closed before the whole file had arrived.")


def _begin(reception: Reception, response: httpx2.Response) -> None:
    if not response.is_success:
        _success(response)
    if not reception.begin(response.status_code, response.headers):
        raise AtpixError("The file was replaced while it was downloaded.")


@contextmanager
def _opened(body: bytes | Form | None) -> Iterator[int | None]:
    if not isinstance(body, Form):
        yield None
        return
    try:
        yield body.open()
    finally:
        body.close()


@asynccontextmanager
async def _opened_on_thread(body: bytes | Form | None) -> AsyncIterator[int | None]:
    if not isinstance(body, Form):
        yield None
        return
    try:
        yield await asyncio.to_thread(body.open)
    finally:
        body.close()
