"""Bodies that would hold the server up: refused before they are read, or bounded while they are."""

import socket
from urllib.parse import urlsplit

from atpix.services import Services

PARTS = "multipart/form-data; boundary=b"


def answer_to(server, head: str, body: bytes = b"") -> bytes:
    """The first bytes of the answer to a request that is never finished."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=15) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + body)
        return connection.recv(64)


def test_without_a_key_no_body_is_waited_for(server):
    head = "PUT /api/v1/images/@hero/alias HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: 1000\n\n"

    assert answer_to(server, head, b"{").startswith(b"HTTP/1.1 401")


def test_a_json_body_of_megabytes_is_refused(raw, upload):
    image = upload()

    refused = raw.put(f"/api/v1/images/{image.id}", content=b'{"meta": {"a": "' + b"x" * 2**21 + b'"}}')

    assert refused.status_code == 413


def test_what_is_sent_outside_of_the_parts_counts_too(serve, new_project, wire):

    server = serve(max_file_bytes=1000)
    svc = Services.open(server.settings)
    try:
        key = new_project(svc).key
    finally:
        svc.close()

    def endless():
        for _ in range(64):
            yield b"x" * 2**16

    headers = {"X-API-Key": key, "Content-Type": PARTS}
    refused = wire.post(f"{server.url}/api/v1/images/upload", content=endless(), headers=headers)

    assert refused.status_code == 413
