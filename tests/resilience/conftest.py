"""A server, a project in it and an image that has a name, for tests that take the server's database away."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import httpx2
import pytest
from tests.atpix_server import AtpixServer
from tests.photographs import photo
from tests.wire import Wire

from atpix.caller import SCOPES
from atpix.projects import actions
from atpix.services import Services
from atpix_client import Atpix

NAME = "@hero"
BOUND_S = 15
"""No answer may take longer, however many ask: several times the server's own time-out, for a busy machine."""


@dataclass(frozen=True)
class Site:
    """`svc` is another process on the server's database."""

    svc: Services
    raw: Wire
    client: Atpix
    cdn: str

    def upload(self, alias: str | None = None) -> str:
        return self.client.images.upload(photo(), alias=alias).id

    def read(self, image: str) -> httpx2.Response:
        return self.raw.get(f"/api/v1/images/{image}")

    def list(self) -> httpx2.Response:
        return self.raw.get("/api/v1/images")

    def write(self, image: str, alias: str = "@moved") -> httpx2.Response:
        return self.raw.put(f"/api/v1/images/{image}/alias", json={"alias": alias})

    def deliver(self, ref: str) -> httpx2.Response:
        return self.raw.get(f"{self.cdn}/{ref}")


@pytest.fixture(scope="module")
def found() -> Iterator[Callable[[AtpixServer], Site]]:
    """A new project in this server."""
    with ExitStack() as stack:

        def make(server: AtpixServer) -> Site:
            svc = Services.open(server.settings)
            stack.callback(svc.close)
            row = actions.ensure_project(svc, "resilience/shop")
            key = actions.create_key(svc, row, scopes=SCOPES).text
            limits = httpx2.Limits(max_connections=128)
            connections = stack.enter_context(httpx2.Client(trust_env=False, timeout=BOUND_S, limits=limits))
            raw = Wire(connections, server.url, {"X-API-Key": key})
            client = Atpix(key, server.url, max_retries=0, http_client=connections)
            return Site(svc, raw, client, f"/cdn/{row.path}/img")

        yield make


@pytest.fixture(scope="module")
def crowd() -> Iterator[ThreadPoolExecutor]:
    """Clients that ask at the same time."""
    with ThreadPoolExecutor(48) as clients:
        yield clients


def refused(answer: httpx2.Response) -> bool:
    """As the database's absence is told: try again later."""
    return answer.status_code == 503 and answer.json()["error"]["code"] in {"STORAGE_UNAVAILABLE", "OVERLOADED"}
