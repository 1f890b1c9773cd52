"""A stand-in for a provider that takes every job and answers none: it counts who has arrived."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

_MOST_WAITING = 4096


class Held(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = _MOST_WAITING

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.over = threading.Event()
        self._lock, self._arrived = threading.Lock(), 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @property
    def arrived(self) -> int:
        return self._arrived

    def count(self) -> None:
        with self._lock:
            self._arrived += 1

    def begin_again(self) -> None:
        with self._lock:
            self._arrived = 0


class _Taking(BaseHTTPRequestHandler):
    server: Held

    def do_POST(self) -> None:  # the base class's name for it
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.count()
        self.server.over.wait()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name for it
        """Nothing: a thousand lines would cost what is measured."""


@contextmanager
def provider() -> Iterator[Held]:
    with Held() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            with suppress(OSError):
                server.shutdown()
            thread.join(10)
