"""Answers that no documentation shows: too slow, cut off, endless, or not what was asked for."""

from http.server import BaseHTTPRequestHandler

from tests.providers.conftest import Answer, StandIn, Stream, streamed

WEB_PAGE = Answer("<!doctype html><title>502 Bad Gateway</title>", 200, {"Content-Type": "text/html"})
NOTHING = Answer(b"")
CUT_JSON = Answer('{"data": [{"b64_json": "iVBORw0K')
TWO_GIB = 2**31
_MIB = 2**20


class Flood:
    """2 GiB, in one body whose end is the connection's. `sent_bytes`: how much of it went out."""

    def __init__(self) -> None:
        self.sent_bytes = 0

    def stream(self) -> Stream:
        @streamed
        def pour(handler: BaseHTTPRequestHandler) -> None:
            _begin(handler)
            while self.sent_bytes < TWO_GIB:
                handler.wfile.write(b"A" * _MIB)
                self.sent_bytes += _MIB

        return pour


@streamed
def announced_2_gib(handler: BaseHTTPRequestHandler) -> None:
    _begin(handler, {"Content-Length": str(TWO_GIB)})
    handler.wfile.write(b"{")


@streamed
def broken_off(handler: BaseHTTPRequestHandler) -> None:
    _begin(handler, {"Content-Length": "1000"})
    handler.wfile.write(b'{"data": [')


def silent(stand_in: StandIn) -> Stream:
    """Says nothing until the test is over."""

    @streamed
    def wait(handler: BaseHTTPRequestHandler) -> None:
        stand_in.finished.wait()

    return wait


def _begin(handler: BaseHTTPRequestHandler, headers: dict[str, str] | None = None) -> None:
    handler.send_response(200)
    for name, value in {"Content-Type": "application/json", "Connection": "close", **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
