"""Databases and the servers on them: started once a pytest process, when first asked for."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Self
from uuid import uuid4

import pytest
from tests import atpix_server, servers
from tests.atpix_server import AtpixServer

from atpix.db import Database
from atpix.db.migrating import migrate
from atpix.imaging.children import Examiners
from atpix.services import Services, now_ms
from atpix.settings import Settings

DATABASES = ("sqlite", "postgresql")


class Clock:
    """The time of day, until a test moves it."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def __call__(self) -> int:
        return now_ms() + self.ahead_ms

    def advance(self, seconds: float) -> None:
        self.ahead_ms += int(seconds * 1000)


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

    @property
    def examiners(self) -> Examiners:
        """For services that look at images: a child is not started anew with every test."""
        return self._once("examiners", self._examiners)

    def _examiners(self) -> Examiners:
        examiners = Examiners(1, timeout_s=60, max_memory_bytes=1 << 30)
        self._stack.callback(examiners.close)
        return examiners

    def server(self, database: str) -> AtpixServer:
        """The session's own. What a test needs otherwise it starts with `serve`."""
        return self._once(f"server on {database}", lambda: self._started(database, database))

    def shared(self, database: str, **settings: object) -> AtpixServer:
        """One for all tests that want these settings and leave it as it was."""
        name = f"server on {database} with {settings}"
        return self._once(name, lambda: self._started(f"{database}-{len(self._made)}", database, **settings))

    def services(self, database: str) -> Services:
        return self._once(f"services on {database}", lambda: self._opened(self.server(database).settings))

    def _started(self, folder: str, database: str, **settings: object) -> AtpixServer:
        given = {"database_url": self.empty_database(database), **settings}
        return self._stack.enter_context(atpix_server.running(self._folder / folder, **given))

    def _opened(self, settings: Settings) -> Services:
        svc = Services.open(settings)
        self._stack.callback(svc.close)
        return svc

    def empty_database(self, database: str) -> str:
        """The URL of a new one, with the schema of this release and nothing in it.

        A copy, made in a few hundredths of a second, instead of a migration each.
        """
        name = f"atpix_{uuid4().hex}"
        template = self._once(f"template on {database}", lambda: self._migrated(database))
        if database == "postgresql":
            return self.postgres.create_database(name, template)
        shutil.copyfile(self._folder / f"{template}.db", self._folder / f"{name}.db")
        return f"sqlite:///{self._folder / name}.db"

    def _migrated(self, database: str) -> str:
        name = "atpix_template"
        postgres = database == "postgresql"
        db = Database.open(self.postgres.create_database(name) if postgres else f"sqlite:///{self._folder / name}.db")
        migrate(db)
        db.close()
        return name


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


@pytest.fixture
def empty_svc(backends: Backends, database: str, clock: Clock, tmp_path: Path) -> Iterator[Services]:
    """Services on a database with nothing in it and on a store of their own. No server runs on them."""
    settings = Settings(data=tmp_path / "data", database_url=backends.empty_database(database))
    svc = Services.open(settings, now=clock)
    yield replace(svc, examiners=backends.examiners)
    svc.close()


@pytest.fixture
def shared(backends: Backends, database: str) -> Callable[..., AtpixServer]:
    """As `serve`, with a server that stays for the next test that wants the same settings."""
    return partial(backends.shared, database)


@pytest.fixture
def serve(backends: Backends, database: str, tmp_path: Path) -> Iterator[Callable[..., AtpixServer]]:
    """Start a server on an empty database, with other settings than usual. It stops with the test.

    One child of each kind looks at images: what several do at once is for the servers that start once.
    """
    numbers = count(1)
    with ExitStack() as stack:

        def start(**settings: object) -> AtpixServer:
            few = {"decoders": 1, "renderers": 1}
            given = {"database_url": backends.empty_database(database), **few, **settings}
            return stack.enter_context(atpix_server.running(tmp_path / f"server-{next(numbers)}", **given))

        yield start
