"""Runners killed at every named moment: another goes on, and in the end there is one image, asked for once."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.backends import Backends
from tests.generations.providers import picture
from tests.generations.studio import Studio

from atpix.ids import Alias, GenerationId
from atpix.images import aliases

LONG_S = 60
POINTS = ["claimed", "enhanced", "planned", "answered", "stored", "finish", "finished"]


class StandIn(ThreadingHTTPServer):
    """Speaks like OpenAI's API, for pictures and for prompts. `answered` counts the pictures that went out."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = threading.Semaphore(0)
        self.answering = threading.Event()
        self.answering.set()
        self.answered = 0
        self.counting = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/chat/completions"):
            return self._answer({"choices": [{"message": {"role": "assistant", "content": "a better fox"}}]})
        held = not self.server.answering.is_set()
        self.server.asked.release()
        if held:  # for ever: whoever has asked is killed
            self.server.answering.wait(LONG_S)
            return None
        with self.server.counting:
            self.server.answered += 1
        return self._answer({"data": [{"b64_json": base64.b64encode(picture()).decode()}]})

    def _answer(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.answering.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def studio(backends: Backends, database: str, stand_in: StandIn, tmp_path: Path) -> Iterator[Studio]:
    """What the killed ones leave is looked at from here; no runner of its own is at work."""
    settings = {"local_base_url": stand_in.url, "enhancer_base_url": stand_in.url}
    with Studio(tmp_path / "data", backends.empty_database(database), backends, **settings) as made:
        yield made
        made.settled()


@pytest.fixture
def runner(studio: Studio) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start one in a process; `dies_at` names the moment that kills it."""
    settings = studio.svc.settings
    with ExitStack() as stack:

        @contextmanager
        def running(dies_at: str) -> Iterator[subprocess.Popen[bytes]]:
            environment = {
                "ATPIX_DATA": str(settings.data),
                "ATPIX_DATABASE_URL": settings.database,
                "ATPIX_LOCAL_BASE_URL": settings.local_base_url,
                "ATPIX_ENHANCER_BASE_URL": settings.enhancer_base_url,
                "ATPIX_FAILPOINT": f"generation.{dies_at}" if dies_at else "",
            }
            command = [sys.executable, "-m", "tests.crash.one_runner"]
            with subprocess.Popen(command, env=os.environ | environment, stdin=subprocess.PIPE) as process:
                try:
                    yield process
                finally:
                    if process.stdin is not None:
                        process.stdin.close()
                    try:
                        process.wait(LONG_S)
                    finally:
                        process.kill()

        yield lambda dies_at="": stack.enter_context(running(dies_at))


def ask(studio: Studio, **columns: object) -> GenerationId:
    return studio.ask(provider="local", alias="@hero", **columns)


def ended_well(studio: Studio, generation: GenerationId) -> None:
    row = studio.ended(generation)
    assert (row.status, row.error_message) == ("success", None)
    assert studio.images() == [row.output_image_id]
    with studio.svc.db.read() as tx:
        assert aliases.holder(tx, studio.project.caller, Alias("@hero")) == row.output_image_id
    assert [(one.generation_id, one.run, one.outcome) for one in studio.ledger()] == [(generation, 1, "success")]


@pytest.mark.parametrize("point", POINTS)
def test_a_runner_that_was_killed_is_succeeded_and_one_image_is_made(
    studio: Studio, stand_in: StandIn, runner: Callable[..., subprocess.Popen[bytes]], point: str
):
    generation = ask(studio)

    assert runner(dies_at=point).wait(LONG_S) == -9
    runner()

    ended_well(studio, generation)
    # Killed with the answer in its hands it has to ask again: nobody else has seen the picture.
    assert stand_in.answered == (2 if point == "answered" else 1)


def test_of_two_processes_the_one_that_lives_takes_over_from_the_other_at_once(
    studio: Studio, stand_in: StandIn, runner: Callable[..., subprocess.Popen[bytes]]
):
    stand_in.answering.clear()
    generation = ask(studio)
    first = runner()
    assert stand_in.asked.acquire(timeout=LONG_S)
    holder = studio.row(generation).claimed_by
    second = runner()
    folder = studio.svc.settings.data / "runners"
    studio.until(lambda: len([one for one in folder.iterdir() if not one.name.startswith(".")]) == 2)
    assert studio.row(generation).claimed_by == holder

    first.kill()
    stand_in.answering.set()

    ended_well(studio, generation)
    assert (stand_in.answered, second.poll()) == (1, None)
    assert studio.row(generation).attempts == 2


def test_many_that_were_under_way_when_their_runner_was_killed_are_made_once_each(
    studio: Studio, stand_in: StandIn, runner: Callable[..., subprocess.Popen[bytes]]
):
    stand_in.answering.clear()
    asked = [studio.ask(provider="local", auto_enhance=False) for _ in range(12)]
    first = runner()
    for _ in range(8):  # one project's at once
        assert stand_in.asked.acquire(timeout=LONG_S)
    first.kill()
    stand_in.answering.set()
    runner()

    assert {studio.ended(generation).status for generation in asked} == {"success"}
    assert (len(studio.images()), stand_in.answered) == (12, 12)
