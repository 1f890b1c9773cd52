"""A server that is told to end while generations are under way, and callers wait for them."""

import asyncio
import base64
import http.client
import json
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests import atpix_server
from tests.atpix_server import AtpixServer
from tests.generations.providers import LONG_S, picture
from tests.generations.studio import Studio
from tests.providers.conftest import Answer, StandIn
from tests.wire import eventually

from atpix.caller import SCOPES
from atpix.cli import opening
from atpix.generations.rows import SELECT, of_row
from atpix.generations.runner import Runner
from atpix.generations.waiting import Waiters, looks
from atpix.ids import GenerationId
from atpix.projects import actions
from atpix.settings import Settings
from atpix.web import patience_s

PATH = "/api/v1/generations"
PICTURE = {"data": [{"b64_json": base64.b64encode(picture()).decode()}]}


class Held(StandIn):
    """A provider that answers nobody before it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let_through = threading.Event(), threading.Event()
        self.routes["/v1/images/generations"] = self._hold

    def _hold(self, _asked: object) -> Answer:
        self.asked.set()
        assert self.let_through.wait(LONG_S)
        return Answer(PICTURE)


@pytest.fixture
def provider() -> Iterator[Held]:
    held = Held()
    yield held
    held.let_through.set()
    held.close()


@pytest.fixture
def server(provider: Held, tmp_path: Path) -> Iterator[AtpixServer]:
    chosen = {"provider": "local", "local_base_url": f"{provider.url}/v1", "generations_at_once": 1}
    with atpix_server.running(tmp_path / "data", **chosen) as running:
        yield running


@pytest.fixture
def ask(server: AtpixServer) -> Iterator[Callable[..., http.client.HTTPResponse]]:
    connections = []
    with opening.services(server.settings) as svc:
        row = actions.ensure_project(svc, "acme/shop")
        key = actions.create_key(svc, row, scopes=SCOPES).text

    def asked(method: str, path: str, *, wait: int = 0) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LONG_S)
        connections.append(connection)
        headers = {"X-API-Key": key, "Content-Type": "application/json", "Prefer": f"wait={wait}"}
        body = json.dumps({"prompt": "a red fox"}) if method == "POST" else None
        connection.request(method, path, body, headers)
        return connection.getresponse()

    yield asked
    for connection in connections:
        connection.close()


def test_who_waits_is_answered_at_once_and_no_provider_is_called_any_more(server, provider, ask):
    with ThreadPoolExecutor() as pool:
        first = json.load(ask("POST", PATH))["data"]["id"]
        assert provider.asked.wait(LONG_S)
        waiting = pool.submit(ask, "POST", PATH, wait=120)
        eventually(lambda: len(json.load(ask("GET", PATH))["data"]) == 2)
        events = ask("GET", f"{PATH}/{first}/events")
        assert events.readline().startswith(b"retry")

        server.process.send_signal(signal.SIGTERM)

        assert b"processing" in events.read()
        answer = waiting.result(LONG_S)
        assert (answer.status, json.load(answer)["data"]["status"]) == (202, "pending")
        provider.let_through.set()
        assert server.process.wait(LONG_S) == 0

    with opening.services(server.settings) as svc, svc.db.read() as tx:
        rows = [of_row(row) for row in tx.all(SELECT)]
    assert sorted((row.status, row.attempts) for row in rows) == [("pending", 0), ("success", 1)]
    assert len(provider.transcript) == 1
    assert list((server.settings.data / "runners").iterdir()) == []


def test_who_comes_to_wait_when_the_process_ends_looks_once():
    async def number_of_looks() -> int:
        waiters = Waiters()
        waiters.release_all()
        with waiters.watching(GenerationId("a")) as watch:
            return len([None async for _ in looks(watch, 3600)])

    assert asyncio.run(number_of_looks()) == 1


def test_calls_have_the_time_that_is_given_for_stopping_but_for_a_little():
    assert [patience_s(Settings(shutdown_s=seconds)) for seconds in (300, 30, 4, 1)] == [298, 28, 2, 0.5]


def test_a_runner_that_leaves_does_not_call_what_it_has_begun_to_prepare(studio: Studio):
    runners: list[Runner] = []
    studio.failing_at("generation.planned", lambda: [runner.leave() for runner in runners])
    runners.append(runner := studio.runner(start=False))
    generation = studio.ask()
    studio.started(runner)
    studio.until(lambda: studio.row(generation).claimed_by is None and studio.row(generation).planned_image_id)

    row = studio.row(generation)
    assert (row.status, row.attempts, studio.provider.calls) == ("pending", 0, [])


def test_a_runner_keeps_its_leases_while_it_waits_for_calls_to_end(studio: Studio):
    gate, generation, runner = studio.held_up(renew_every_s=0.01)
    runner.leave()
    before = studio.row(generation).lease_until

    studio.clock.advance(10)
    studio.until(lambda: studio.row(generation).lease_until > before)

    gate.let_through()
    assert studio.ended(generation).status == "success"
