"""Ways in: the SDK, and requests as they are written."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import httpx2
import pytest
from tests.access import Access
from tests.atpix_server import AtpixServer
from tests.photographs import photo

from atpix_client import Atpix, Image


@dataclass(frozen=True)
class Wire:
    """Requests as they are written, below one base URL (or at a whole one), with standing headers."""

    connections: httpx2.Client
    base: str
    headers: dict[str, str]

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, **options) -> httpx2.Response:
        url = path if path.startswith("http") else self.base + path
        return self.connections.request(method, url, headers=self.headers | (headers or {}), **options)

    def get(self, path: str, **options) -> httpx2.Response:
        return self.request("GET", path, **options)

    def head(self, path: str, **options) -> httpx2.Response:
        return self.request("HEAD", path, **options)

    def options(self, path: str, **options) -> httpx2.Response:
        return self.request("OPTIONS", path, **options)

    def post(self, path: str, **options) -> httpx2.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options) -> httpx2.Response:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options) -> httpx2.Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options) -> httpx2.Response:
        return self.request("DELETE", path, **options)


@pytest.fixture(scope="session")
def wire() -> Iterator[httpx2.Client]:
    """Connections for all tests. Loopback only: no proxy of the environment gets in between."""
    with httpx2.Client(trust_env=False, timeout=60, limits=httpx2.Limits(max_connections=64)) as connections:
        yield connections


@pytest.fixture
def connect(wire: httpx2.Client) -> Callable[[AtpixServer, Access], Atpix]:
    """An SDK client that hands over every answer instead of trying again."""

    def make(server: AtpixServer, access: Access) -> Atpix:
        return Atpix(access.key, server.url, max_retries=0, http_client=wire)

    return make


@pytest.fixture
def client(connect: Callable[[AtpixServer, Access], Atpix], server: AtpixServer, project: Access) -> Atpix:
    return connect(server, project)


@pytest.fixture
def other_client(connect: Callable[[AtpixServer, Access], Atpix], server: AtpixServer, other_project: Access) -> Atpix:
    """With the key of another project."""
    return connect(server, other_project)


@pytest.fixture
def raw(wire: httpx2.Client, server: AtpixServer, project: Access) -> Wire:
    """The wire itself, with this test's key."""
    return Wire(wire, server.url, {"X-API-Key": project.key})


@pytest.fixture
def other_raw(wire: httpx2.Client, server: AtpixServer, other_project: Access) -> Wire:
    return Wire(wire, server.url, {"X-API-Key": other_project.key})


@pytest.fixture
def public(wire: httpx2.Client, server: AtpixServer) -> Wire:
    """The wire without a key, as a browser has it."""
    return Wire(wire, server.url, {})


@pytest.fixture
def upload(client: Atpix) -> Callable[..., Image]:
    """Upload a photograph, another one each time, or the bytes given."""
    numbers = count()

    def uploaded(content: bytes | None = None, **options) -> Image:
        return client.images.upload(photo(next(numbers)) if content is None else content, **options)

    return uploaded


def eventually(holds: Callable[[], object], within_s: float = 20) -> None:
    """For what another process does in its own time."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
