"""Servers that misbehave: one that never answers, one that never ends, one between us and S3 that cuts answers off."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

HANG_S = 60  # nothing here takes as long, unless it hangs


def _endpoint(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def silent() -> Iterator[str]:
    """The system accepts connections for us; nobody ever reads them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield _endpoint(listener)


class Endless:
    """Answers every request with the beginning of a gigabyte, until the client hangs up."""

    def __init__(self, listener: socket.socket) -> None:
        self.endpoint = _endpoint(listener)
        self.client_left = threading.Event()
        self._listener = listener

    def serve(self) -> None:
        connection, _ = self._listener.accept()
        headers = (
            "HTTP/1.1 200 OK",
            f"Content-Length: {2**30}",
            'ETag: "e"',
            "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
            "",
            "",
        )
        with connection:
            connection.settimeout(HANG_S)
            connection.recv(65536)
            try:
                connection.sendall("\r\n".join(headers).encode())
                while True:
                    connection.sendall(bytes(65536))
            except (ConnectionResetError, BrokenPipeError):
                self.client_left.set()


@contextmanager
def endless() -> Iterator[Endless]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Endless(listener)
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield server
        thread.join(HANG_S)


class Cutting:
    """Passes everything on, but lets no answer through to a request whose first line begins like `cut`."""

    def __init__(self, listener: socket.socket, upstream: str, cut: bytes) -> None:
        self.endpoint = _endpoint(listener)
        self.cuts = 0
        self._listener = listener
        self._upstream = urlsplit(upstream)
        self._cut = re.compile(cut)

    def serve(self) -> None:
        with suppress(OSError):  # the listener is closed at the end of the test
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        assert self._upstream.hostname
        server = socket.create_connection((self._upstream.hostname, self._upstream.port or 80))
        doomed = threading.Event()
        with client, server:
            back = threading.Thread(target=self._pass_back, args=(server, client, doomed), daemon=True)
            back.start()
            with suppress(OSError):
                while data := client.recv(65536):
                    if self._cut.match(data):
                        doomed.set()
                    server.sendall(data)
            with suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            back.join()

    def _pass_back(self, server: socket.socket, client: socket.socket, doomed: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if doomed.is_set() and not data.startswith(b"HTTP/1.1 100"):
                    self.cuts += 1
                    break
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting(upstream: str, cut: bytes) -> Iterator[Cutting]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Cutting(listener, upstream, cut)
        thread = threading.Thread(target=proxy.serve)
        thread.start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(HANG_S)
