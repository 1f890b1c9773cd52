"""A disk that takes no more: a clear answer, nothing left behind, and the service goes on."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from tests import in_process
from tests.access import Access
from tests.atpix_server import AtpixServer
from tests.crash.conftest import open_services, settled
from tests.photographs import photo
from tests.wire import Wire

KIB = 1024


@contextmanager
def full_beyond(server: AtpixServer, max_bytes: int) -> Iterator[None]:
    """No file of the server's grows beyond this: the kernel's own stand-in for a full disk."""
    processes = [
        server.process.pid,
        *(child.pid for child in psutil.Process(server.process.pid).children(recursive=True)),
    ]
    before = [(pid, resource.prlimit(pid, resource.RLIMIT_FSIZE)) for pid in processes]
    for pid, (_, hard) in before:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (max_bytes, hard))
    try:
        yield
    finally:
        for pid, limits in before:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def server(serve) -> AtpixServer:
    return serve()


@pytest.fixture
def access(server: AtpixServer, new_access) -> Iterator[Access]:
    svc = open_services(server)
    yield new_access(svc)
    assert settled(svc, deep=True)
    svc.close()


@pytest.fixture
def raw(wire, server: AtpixServer, access: Access) -> Wire:
    return Wire(wire, server.url, {"X-API-Key": access.key})


def upload(raw: Wire, content: bytes):
    return raw.post("/api/v1/images/upload", data={"alias": "@hero"}, files={"file": content})


def staged(server: AtpixServer) -> list[Path]:
    return list((server.settings.data / "blobs" / ".staging").iterdir())


def test_a_file_that_does_not_fit_is_refused_and_leaves_nothing(server: AtpixServer, access: Access, raw: Wire):
    first = upload(raw, photo(1)).json()["data"]["id"]

    with full_beyond(server, 1024 * KIB):
        refused = upload(raw, photo(2) + bytes(2048 * KIB))
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "STORAGE_UNAVAILABLE")
        assert int(refused.headers["Retry-After"]) > 0
        assert raw.get("/api/v1/images/@hero").json()["data"]["id"] == first
        assert raw.get(f"{access.cdn}/@hero").content == photo(1)

    assert staged(server) == []
    assert upload(raw, photo(2)).status_code == 201


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_database_that_cannot_grow_refuses_and_leaves_nothing(server: AtpixServer, access: Access, raw: Wire):
    first = [upload(raw, photo(number)) for number in range(3)][-1].json()["data"]["id"]

    with full_beyond(server, 16 * KIB):
        refused = upload(raw, photo(4))
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "STORAGE_UNAVAILABLE")
        assert raw.delete("/api/v1/images/@hero").status_code == 503
        assert raw.get("/api/v1/images/@hero").json()["data"]["id"] == first
        assert raw.get(f"{access.cdn}/{first}").status_code == 200

    assert staged(server) == []
    assert upload(raw, photo(4)).status_code == 201
    assert raw.get("/api/v1/images").json()["pagination"]["total"] == 4
    svc = open_services(server)
    assert len(in_process.keys_of(svc.blobs)) == 4
    svc.close()
