"""A real server that dies at a named place, once, and is started again."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa
from tests import atpix_server, in_process
from tests.access import Access
from tests.atpix_server import AtpixServer
from tests.backends import DATABASES, Backends
from tests.wire import Wire

from atpix import doctor
from atpix.caller import SCOPES, Caller
from atpix.db.tables import idempotency_keys, images
from atpix.projects import actions
from atpix.projects.authentication import Authenticator
from atpix.services import Services
from atpix.worker import run_once

TWO_HOURS_MS = 2 * 3600 * 1000


def open_services(server: AtpixServer) -> Services:
    """Of the server's database and store; only the server is to die at its failpoint."""
    return Services.open(server.settings.model_copy(update={"failpoint": ""}))


class OneByOne:
    """A connection a request, to whichever server runs now: those of before a crash are of no use after it."""

    def __init__(self, mortal: "Mortal") -> None:
        self._mortal = mortal

    def request(self, method: str, path: str, **options) -> httpx2.Response:
        with httpx2.Client(trust_env=False, timeout=30, verify=False) as connection:  # certificates are slow to load
            return connection.request(method, f"http://127.0.0.1:{self._mortal.server.port}{path}", **options)


def settled(svc: Services, *, deep: bool = False) -> bool:
    """After one sweep at a time when nothing is young any more, nothing is wrong and nothing is left over."""
    later = replace(svc, now=lambda: svc.now() + TWO_HOURS_MS)
    report = run_once(later)
    assert report.failed == ()
    diagnosis = doctor.examine(later, deep=deep)
    assert [finding.sentence for finding in diagnosis.findings] == []
    with svc.db.read() as tx:
        rows = tx.scalar(sa.select(sa.func.count()).select_from(images))
    return len(in_process.keys_of(svc.blobs)) == rows


def let_claims_run_out(svc: Services) -> None:
    """As a minute would: whoever was answering when it died answers no more."""
    with svc.db.transaction() as tx:
        tx.execute(idempotency_keys.update().values(held_until=0))


class Mortal:
    """A server on one data folder, as often as it takes. Only one at a time."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self._armed = folder / "armed"
        self._data = folder / "data"
        # Each server has a port of its own, and answers are to be compared.
        named = {"public_url": "http://images.test", "failpoint": f"@{self._armed}"}
        self._settings = {"decoders": 1, "renderers": 1, **named, **settings}
        self._running = ExitStack()
        self.start()
        self.svc = open_services(self.server)

    def start(self) -> None:
        self.server = self._running.enter_context(atpix_server.running(self._data, **self._settings))

    def kill(self) -> None:
        """The whole tree of processes at once."""
        os.killpg(self.server.process.pid, signal.SIGKILL)
        self._running.close()

    def dies_at(self, point: str, request: Callable[[], object]) -> None:
        """The request gets no answer, and afterwards another server is there."""
        self._armed.write_text(point)
        with pytest.raises(httpx2.TransportError):
            request()
        assert not self._armed.exists()
        self.kill()  # the parent of the process that died
        self.start()

    def close(self) -> None:
        self.kill()
        self.svc.close()


@pytest.fixture(scope="module")
def mortals(backends: Backends, tmp_path_factory) -> Iterator[Callable[[str], Mortal]]:
    """One a database, for all tests of a module."""
    with ExitStack() as stack:

        @cache
        def on(database: str) -> Mortal:
            made = Mortal(tmp_path_factory.mktemp(database), database_url=backends.empty_database(database))
            stack.callback(made.close)
            return made

        yield on


@pytest.fixture(params=DATABASES)
def mortal(mortals: Callable[[str], Mortal], request: pytest.FixtureRequest) -> Mortal:
    return mortals(request.param)


@pytest.fixture
def access(mortal: Mortal, new_access: Callable[[Services], Access]) -> Access:
    return new_access(mortal.svc)


@pytest.fixture(scope="session")
def new_access() -> Callable[[Services], Access]:
    def make(svc: Services) -> Access:
        row = actions.ensure_project(svc, f"org-{uuid4().hex[:12]}/shop")
        text = actions.create_key(svc, row, scopes=SCOPES).text
        caller = Authenticator(svc.db, svc.now, 0).look_up(text)
        assert isinstance(caller, Caller)
        return Access(row, text, caller)

    return make


@pytest.fixture
def raw(mortal: Mortal, access: Access) -> Wire:
    return Wire(OneByOne(mortal), "", {"X-API-Key": access.key})
