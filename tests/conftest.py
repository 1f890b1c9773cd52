"""What every test gets: a real server on SQLite and on PostgreSQL, and a project of its own in it.

Servers start once a pytest process. Tests go in through `client` (the SDK) or `raw` (the wire); `svc` is the same
database and store in process, on a clock that a test can move.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa
from tests import atpix_server, servers
from tests.atpix_server import AtpixServer
from tests.photographs import photo

from atpix import doctor
from atpix.caller import SCOPES, Caller
from atpix.db import Database
from atpix.db.migrating import migrate
from atpix.db.tables import alias_moves, images
from atpix.ids import RENDITIONS
from atpix.projects import actions
from atpix.projects.authentication import Authenticator
from atpix.projects.rows import ProjectRow
from atpix.services import Services, now_ms
from atpix.settings import Settings
from atpix_client import Atpix, Image

DATABASES = ("sqlite", "postgresql")


class Clock:
    """The time of day, until a test moves it."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def __call__(self) -> int:
        return now_ms() + self.ahead_ms

    def advance(self, seconds: float) -> None:
        self.ahead_ms += int(seconds * 1000)


@dataclass(frozen=True)
class Access:
    """A project, and a key of it that may do everything."""

    row: ProjectRow
    key: str
    caller: Caller

    @property
    def cdn(self) -> str:
        """The path that its images' public addresses begin with."""
        return f"/cdn/{self.row.path}/img"


class Backends:
    """Databases and the servers on them, started when first asked for, stopped at the end of the session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._made: dict[str, object] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _once(self, name: str, make: Callable[[], object]) -> object:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    @property
    def postgres(self) -> servers.Postgres:
        return self._once("postgres", lambda: self._stack.enter_context(servers.postgres()))

    @property
    def s3(self) -> servers.S3Server:
        return self._once("s3", lambda: self._stack.enter_context(servers.s3()))

    def server(self, database: str) -> AtpixServer:
        """The session's own. What a test needs otherwise it starts with `serve`."""
        return self._once(f"server on {database}", lambda: self._started(database))

    def services(self, database: str) -> Services:
        return self._once(f"services on {database}", lambda: self._opened(self.server(database).settings))

    def _started(self, database: str) -> AtpixServer:
        folder = self._folder / database
        return self._stack.enter_context(atpix_server.running(folder, database_url=self.empty_database(database)))

    def _opened(self, settings: Settings) -> Services:
        svc = Services.open(settings)
        self._stack.callback(svc.close)
        return svc

    def empty_database(self, database: str) -> str:
        """The URL of a new one, with the schema of this release and nothing in it."""
        name = f"atpix_{uuid4().hex}"
        if database == "postgresql":
            return self.postgres.create_database(name, self._once("template", self._template))
        url = f"sqlite:///{self._folder / name}.db"
        _migrate(url)
        return url

    def _template(self) -> str:
        """Copied in a few hundredths of a second, instead of a migration each."""
        _migrate(self.postgres.create_database("atpix_template"))
        return "atpix_template"


def _migrate(url: str) -> None:
    db = Database.open(url)
    migrate(db)
    db.close()


@pytest.fixture(scope="session")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    with Backends(tmp_path_factory.mktemp("backends")) as started:
        yield started


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Whoever uses this, or what stands on it, runs once on each database."""
    return request.param


@pytest.fixture
def server(backends: Backends, database: str) -> AtpixServer:
    return backends.server(database)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def svc(backends: Backends, database: str, clock: Clock) -> Services:
    """The server's database and store, in this process."""
    return replace(backends.services(database), now=clock)


@pytest.fixture(autouse=True)
def invariants(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test: no row without bytes, no bytes without an owner, one holder a name, histories without gaps.

    Looked at from a time when every upload that is still under way has been given up. Only the deletion of bytes may be
    waiting still: the server's worker comes to it in its own time.
    """
    svc = request.getfixturevalue("svc") if "svc" in request.fixturenames else None
    yield
    if svc is not None:
        settled = now_ms() + int(svc.settings.intent_ttl_s * 1000) + 60_000
        found = doctor.examine(svc, now=settled).findings
        _empty(svc)
        assert [finding for finding in found if finding.kind != "stuck_work"] == []


def _empty(svc: Services) -> None:
    """What the test has left goes, so that the next look is as short as this one."""
    with svc.db.transaction(durable=False) as tx:
        tx.execute(sa.delete(alias_moves))
        tx.execute(sa.delete(images))
    for project in (svc.settings.data / "blobs").iterdir():
        if not project.name.startswith(".") and project.name != RENDITIONS:
            shutil.rmtree(project, ignore_errors=True)
    svc.renditions.purge()


@pytest.fixture
def empty_svc(backends: Backends, database: str, clock: Clock, tmp_path: Path) -> Iterator[Services]:
    """Services on a database with nothing in it and on a store of their own. No server runs on them."""
    settings = Settings(data=tmp_path / "data", database_url=backends.empty_database(database))
    svc = Services.open(settings, now=clock)
    yield svc
    svc.close()


@pytest.fixture
def serve(backends: Backends, database: str, tmp_path: Path) -> Iterator[Callable[..., AtpixServer]]:
    """Start a server on an empty database, with other settings than usual. It stops with the test."""
    numbers = count(1)
    with ExitStack() as stack:

        def start(**settings: object) -> AtpixServer:
            given = {"database_url": backends.empty_database(database), **settings}
            return stack.enter_context(atpix_server.running(tmp_path / f"server-{next(numbers)}", **given))

        yield start


@pytest.fixture
def new_project(svc: Services) -> Callable[..., Access]:
    """Make a project with a key; `into` names other services than those of this test."""

    def make(into: Services = svc, **key: object) -> Access:
        row = actions.ensure_project(into, f"org-{uuid4().hex[:12]}/shop")
        text = actions.create_key(into, row, **{"scopes": SCOPES, **key}).text
        caller = Authenticator(into.db, into.now, 0).look_up(text)
        assert isinstance(caller, Caller)
        return Access(row, text, caller)

    return make


@pytest.fixture
def project(new_project: Callable[..., Access]) -> Access:
    """One that no other test sees."""
    return new_project()


@pytest.fixture
def other_project(new_project: Callable[..., Access]) -> Access:
    return new_project()


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
def raw(wire: httpx2.Client, server: AtpixServer, project: Access) -> "Wire":
    """The wire itself, with this test's key."""
    return Wire(wire, server.url, {"X-API-Key": project.key})


@pytest.fixture
def other_raw(wire: httpx2.Client, server: AtpixServer, other_project: Access) -> "Wire":
    return Wire(wire, server.url, {"X-API-Key": other_project.key})


@pytest.fixture
def public(wire: httpx2.Client, server: AtpixServer) -> "Wire":
    """The wire without a key, as a browser has it."""
    return Wire(wire, server.url, {})


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
