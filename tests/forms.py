"""Multipart bodies written by hand, for what no well-behaved client sends."""

import http.client
from collections.abc import Iterator

from tests.atpix_server import AtpixServer

BOUNDARY = "boundary-of-a-test"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
UPLOAD = "/api/v1/images/upload"


def part(name: str, value: bytes | str, filename: bytes | str | None = None) -> bytes:
    """`filename` as it is to stand between the quotes."""
    named = b"" if filename is None else b'; filename="' + _bytes(filename) + b'"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
    return head + named + b"\r\n\r\n" + _bytes(value) + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def file_form(content: bytes, filename: bytes | str = "a.jpg", **fields: str) -> bytes:
    """Fields first, then the file, as the SDK and curl's examples have it."""
    return form(*(part(name, value) for name, value in fields.items()), part("file", content, filename))


def send(
    server: AtpixServer,
    key: str,
    body: bytes,
    *,
    chunked: bool = False,
    content_type: str = CONTENT_TYPE,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    """As a client that sends everything before it reads. Raises OSError when it could not."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        sent = {"X-API-Key": key, "Content-Type": content_type, **(headers or {})}
        content = _pieces(body) if chunked else body
        connection.request("POST", UPLOAD, content, sent, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
