"""Clients that stop in the middle, and keys that stop being valid meanwhile."""

import http.client
import json
import socket
from contextlib import closing

import pytest
from tests.forms import CONTENT_TYPE, UPLOAD, file_form
from tests.photographs import encoded, photo, pixels
from tests.wire import eventually

from atpix.projects import actions

LARGE = encoded(pixels(3, (800, 800)), "PNG", compress_level=0)


def begin(server, key, body, **headers):
    """A request whose first half has been sent."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("POST", UPLOAD)
    sent = {"X-API-Key": key, "Content-Type": CONTENT_TYPE, "Content-Length": str(len(body)), **headers}
    for name, value in sent.items():
        connection.putheader(name, value)
    connection.endheaders(body[: len(body) // 2])
    return connection


def staged(svc):
    return list(svc.blobs._staging.iterdir())


def test_a_client_that_hangs_up_half_way_leaves_nothing(server, project, svc, client):
    body = file_form(LARGE, alias="@hero")

    with closing(begin(server, project.key, body)):
        eventually(lambda: staged(svc))

    eventually(lambda: not staged(svc))
    assert client.images.list().total == 0
    assert client.images.upload(photo(1)).id


def test_a_client_that_resets_the_connection_leaves_nothing(server, project, svc, client):
    connection = begin(server, project.key, file_form(LARGE))
    eventually(lambda: staged(svc))
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    connection.close()

    eventually(lambda: not staged(svc))
    assert client.images.list().total == 0


def test_a_hang_up_frees_the_idempotency_key(server, project, svc, raw):
    body = file_form(LARGE)
    with closing(begin(server, project.key, body, **{"Idempotency-Key": "again"})):
        eventually(lambda: staged(svc))
    eventually(lambda: not staged(svc))

    def try_again():
        headers = {"Content-Type": CONTENT_TYPE, "Idempotency-Key": "again"}
        return raw.post(UPLOAD, content=body, headers=headers).status_code == 201

    eventually(try_again)


def test_a_client_that_hangs_up_after_sending_all_has_its_image(server, project, client):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with closing(connection):
        headers = {"X-API-Key": project.key, "Content-Type": CONTENT_TYPE}
        connection.request("POST", UPLOAD, file_form(LARGE, alias="@hero"), headers)

    eventually(lambda: client.images.list(alias="@hero").total == 1)


def test_a_key_revoked_in_the_middle_of_an_upload(server, new_project, svc, client):
    access = new_project()
    body = file_form(LARGE, alias="@hero")

    with closing(begin(server, access.key, body)) as connection:
        eventually(lambda: staged(svc))
        actions.revoke_key(svc, access.caller.key)
        connection.send(body[len(body) // 2 :])
        answer = connection.getresponse()
        error = json.loads(answer.read())["error"]

    assert (answer.status, error["code"]) == (401, "UNAUTHORIZED")
    assert staged(svc) == []
    assert [info.key for info in svc.blobs.list() if info.key.startswith(access.row.id)] == []


def test_a_revoked_key_changes_nothing_from_that_moment_on(new_project, connect, server, svc, wire):
    access = new_project()
    images = connect(server, access).images
    image = images.upload(photo(1), alias="@hero")
    images.get(image.id)

    actions.revoke_key(svc, access.caller.key)

    headers = {"X-API-Key": access.key}
    address = f"{server.url}/api/v1/images/{image.id}"
    answers = [
        wire.put(address, json={"meta": {"a": 1}}, headers=headers),
        wire.put(f"{address}/alias", json={"alias": "@other"}, headers=headers),
        wire.delete(f"{address}/alias", headers=headers),
        wire.delete(address, headers=headers),
        wire.post(f"{address}/restore", headers=headers),
    ]
    assert {answer.status_code for answer in answers} == {401}


def exchange(server, request: bytes) -> bytes:
    """What comes back until the server closes or falls silent."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except OSError:
            return received
    return received


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /api/v1/images HTTP/1.1\r\nHost: a\r\nX-Endless: " + b"x" * 1_000_000,
        b"GET /api/v1/images HTTP/1.1\r\nHost: a\r\n" + b"X-Many: 1\r\n" * 10_000 + b"\r\n",
        b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"nonsense\r\n\r\n",
        b"POST /api/v1/images/upload HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/images/upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    ],
    ids=["an endless header", "many headers", "an endless path", "TLS", "nonsense", "length", "smuggling", "chunk"],
)
def test_what_is_hardly_http_is_refused_and_the_service_goes_on(server, client, request_bytes):
    answer = exchange(server, request_bytes)

    assert not answer or answer.split(b" ", 2)[1][:1] == b"4"
    assert client.images.list().total == 0
