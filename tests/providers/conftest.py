"""A provider on this machine: it gives the answers that a test wrote down, and keeps what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr
from tests.providers.recipes import recipe

from atpix.providers.http import Http, Key
from atpix.providers.values import Provider, ProviderFailed
from atpix.settings import Settings

SECRET = "sk-very-secret-0123456789"
MAX_FILE_BYTES = 300_000

Stream = Callable[[BaseHTTPRequestHandler], None]
"""Writes whatever it likes to `handler.wfile`, from the status line on."""


class Asked(NamedTuple):
    """One line of the transcript."""

    method: str
    path: str
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Answer(NamedTuple):
    """`body`: bytes and text go out as they are, anything else as JSON."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012  never written to

    def payload(self) -> bytes:
        match self.body:
            case bytes():
                return self.body
            case str():
                return self.body.encode()
            case _:
                return json.dumps(self.body).encode()


class StandIn:
    """`answers` are given in order, whoever asks; `routes` first, by path without the query. Without either: 404.

    An answer may be an `Answer`, a `Stream`, or a function of what was `Asked` that gives an `Answer`.
    """

    def __init__(self) -> None:
        self.transcript: list[Asked] = []
        self.answers: list[Any] = []
        self.routes: dict[str, Any] = {}
        self.finished = threading.Event()  # for streams that wait until the test is over
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def handle_any(self) -> None:
                with suppress(ConnectionError):
                    stand_in.answer(self)
                self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        asked = Asked(handler.command, handler.path, handler.headers, body)
        self.transcript.append(asked)
        path = handler.path.partition("?")[0]
        scripted = self.routes.get(path) or (self.answers.pop(0) if self.answers else Answer({}, 404))
        if not isinstance(scripted, Answer):
            scripted = scripted(handler if getattr(scripted, "is_stream", False) else asked)
        if isinstance(scripted, Answer):
            _send(handler, scripted)

    def close(self) -> None:
        self.finished.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    payload = answer.payload()
    handler.send_response(answer.status)
    for name, value in {"Content-Type": "application/json", **answer.headers}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(payload)))
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(payload)


def streamed(stream: Stream) -> Stream:
    """Marks a function of the handler, which writes its answer by itself."""
    stream.is_stream = True  # type: ignore[attr-defined]
    return stream


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    server = StandIn()
    yield server
    server.close()


@pytest.fixture
def http(stand_in: StandIn) -> Callable[..., Http]:
    def made(*, timeout_s: float = 20, base_url: str = "", **world) -> Http:
        settings = Settings(provider_timeout_s=timeout_s, max_file_bytes=MAX_FILE_BYTES)
        where = base_url or f"{stand_in.url}/v1"
        return Http(settings, provider="Acme", base_url=where, key=Key(SecretStr(SECRET)), **world)

    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "picture"


def failure(call: Callable[[], object]) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as caught:
        call()
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__dict__)
    return caught.value


def refused(provider: Provider, target: Path, **more: object) -> ProviderFailed:
    """What is said instead of a picture of the harbour."""
    return failure(lambda: provider.generate(recipe(**more), target))


def trickling(head: bytes, piece: bytes, stand_in: StandIn):
    """`piece` again and again, every tenth of a second, until the test is over or nobody listens."""

    def write(handler) -> None:
        handler.wfile.write(head)
        while not stand_in.finished.wait(0.1):
            handler.wfile.write(piece)

    return streamed(write)
