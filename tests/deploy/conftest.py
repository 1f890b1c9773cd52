"""The real proxies in front of a real Atpix. On SQLite alone: what stands in front does not see the database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx2
import pytest
from tests import atpix_server
from tests.access import Access
from tests.atpix_server import AtpixServer
from tests.backends import Backends
from tests.deploy import proxies
from tests.deploy.proxies import Proxy
from tests.photographs import photo
from tests.wire import Wire

from atpix.services import Services
from atpix_client import Atpix, Image

OWN = {"age", "cache-status", "connection", "date", "keep-alive", "server", "server-timing", "via", "x-varnish"}
"""Headers that a proxy may add or write anew; Server-Timing differs from request to request."""


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    return request.param


def proxied(name: str, folder: Path, server: AtpixServer) -> AbstractContextManager[Proxy]:
    folder.mkdir()
    match name:
        case "nginx":
            return proxies.nginx(folder, server.port)
        case "nginx with files":
            return proxies.nginx(folder, server.port, files=server.settings.data / "blobs")
        case _:
            return proxies.varnish(folder, server.port)


@pytest.fixture(scope="session")
def started(backends: Backends, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Proxy]]:
    """Each proxy once a pytest process, in front of the session's server, when first asked for."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("proxies")

        @cache
        def start(name: str) -> Proxy:
            return stack.enter_context(proxied(name, folder / name, backends.server("sqlite")))

        yield start


@pytest.fixture(params=["nginx", "varnish"])
def through(request: pytest.FixtureRequest, started: Callable[[str], Proxy], wire: httpx2.Client) -> Wire:
    """As a browser has it, through one proxy and then through the other."""
    return Wire(wire, started(request.param).url, {})


@pytest.fixture
def through_nginx(started: Callable[[str], Proxy], wire: httpx2.Client) -> Wire:
    return Wire(wire, started("nginx").url, {})


@pytest.fixture
def through_varnish(started: Callable[[str], Proxy], wire: httpx2.Client) -> Wire:
    return Wire(wire, started("varnish").url, {})


def is_hit(answer: httpx2.Response) -> bool:
    return answer.headers["cache-status"].endswith("; hit")


def told(answer: httpx2.Response, *less: str) -> dict[str, str]:
    """Its headers, without those that are a proxy's own business."""
    return {name: value for name, value in answer.headers.items() if name not in OWN and name not in less}


@dataclass(frozen=True)
class Accelerated:
    """Atpix that leaves the sending of files to nginx, and the ways to both."""

    server: AtpixServer
    direct: Wire
    public: Wire
    client: Atpix
    access: Access

    def upload(self, number: int = 0, **options: object) -> tuple[Image, bytes]:
        content = photo(number, "PNG", (640, 480))
        return self.client.images.upload(content, **options), content


@pytest.fixture(scope="session")
def accelerating(
    backends: Backends, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[AtpixServer, Services, Proxy]]:
    folder, url = tmp_path_factory.mktemp("accelerated"), backends.empty_database("sqlite")
    with ExitStack() as stack:
        settings = {"database_url": url, "accel_redirect": "/atpix-files/"}
        server = stack.enter_context(atpix_server.running(folder / "data", **settings))
        proxy = stack.enter_context(proxied("nginx with files", folder / "nginx", server))
        svc = Services.open(server.settings)
        stack.callback(svc.close)
        yield server, svc, proxy


@pytest.fixture
def accelerated(accelerating, new_project, connect, wire) -> Accelerated:
    server, svc, proxy = accelerating
    access = new_project(svc)
    ways = Wire(wire, server.url, {}), Wire(wire, proxy.url, {})
    return Accelerated(server, *ways, connect(server, access), access)


@dataclass(frozen=True)
class Mortal:
    """A server of one test's own, which it may kill, and the ways through both proxies to it."""

    server: AtpixServer
    access: Access
    client: Atpix
    through: tuple[Wire, ...]


@pytest.fixture
def mortal(serve, new_project, connect, wire, tmp_path) -> Iterator[Mortal]:
    server = serve()
    svc = Services.open(server.settings)
    access = new_project(svc)
    svc.close()
    with ExitStack() as stack:
        started = [stack.enter_context(proxied(name, tmp_path / name, server)) for name in ("nginx", "varnish")]
        yield Mortal(server, access, connect(server, access), tuple(Wire(wire, proxy.url, {}) for proxy in started))
