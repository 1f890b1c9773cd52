"""Runners killed at every named moment: another goes on, and in the end there is one image, asked for once."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.backends import Backends
from tests.generations.providers import picture
from tests.generations.studio import Studio
from tests.providers.conftest import Answer, Asked, StandIn
from tests.providers.standins import chat, fal, openai

from atpix.ids import Alias, GenerationId
from atpix.images import aliases

LONG_S = 60
POINTS = {
    "claimed": "local",
    "enhanced": "local",
    "planned": "local",
    "queued": "fal",
    "answered": "local",
    "stored": "local",
    "finish": "local",
    "finished": "local",
}
"""Where a runner is killed, and at work for which provider."""


class Painter:
    """Speaks like OpenAI's API, for pictures and for prompts, and like fal's queue. `answered` counts the pictures and
    the jobs that it was asked for and did.
    """

    def __init__(self, stand_in: StandIn) -> None:
        self.settings = {
            "local_base_url": f"{stand_in.url}/v1",
            "enhancer_base_url": f"{stand_in.url}/v1",
            "fal_base_url": stand_in.url,
            "fal_api_key": fal.KEY,
        }
        self.asked = threading.Semaphore(0)
        self.answering = threading.Event()
        self.answering.set()
        self.answered = 0
        self._counting = threading.Lock()
        stand_in.routes |= {
            "/v1/images/generations": self._draw,
            "/v1/chat/completions": chat.said("a better fox"),
            "/fal-ai/flux/schnell": self._take,
        }
        fal.finishes(stand_in, picture())

    def _draw(self, _: Asked) -> Answer | None:
        held = not self.answering.is_set()
        self.asked.release()
        if held:  # for ever: whoever has asked is killed
            self.answering.wait(LONG_S)
            return None
        return self._counted(openai.picture_of_dall_e(picture()))

    def _take(self, _: Asked) -> Answer:
        return self._counted(fal.accepted())

    def _counted(self, answer: Answer) -> Answer:
        with self._counting:
            self.answered += 1
        return answer


@pytest.fixture
def painter() -> Iterator[Painter]:
    stand_in = StandIn()
    made = Painter(stand_in)
    yield made
    made.answering.set()
    stand_in.close()


@pytest.fixture
def studio(backends: Backends, database: str, painter: Painter, tmp_path: Path) -> Iterator[Studio]:
    """What the killed ones leave is looked at from here; no runner of its own is at work."""
    with Studio(tmp_path / "data", backends.empty_database(database), backends, **painter.settings) as made:
        yield made
        made.settled()


@pytest.fixture
def runner(studio: Studio, painter: Painter) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start one in a process; `dies_at` names the moment that kills it."""
    with ExitStack() as stack:

        @contextmanager
        def running(dies_at: str) -> Iterator[subprocess.Popen[bytes]]:
            settings = {
                "data": str(studio.svc.settings.data),
                "database_url": studio.svc.settings.database,
                "failpoint": f"generation.{dies_at}" if dies_at else "",
                **painter.settings,
            }
            environment = {f"ATPIX_{name.upper()}": value for name, value in settings.items()}
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


def ask(studio: Studio, provider: str = "local") -> GenerationId:
    return studio.ask(provider=provider, alias="@hero")


def ended_well(studio: Studio, generation: GenerationId) -> None:
    row = studio.ended(generation)
    assert (row.status, row.error_message) == ("success", None)
    assert studio.images() == [row.output_image_id]
    with studio.svc.db.read() as tx:
        assert aliases.holder(tx, studio.project.caller, Alias("@hero")) == row.output_image_id
    assert [(one.generation_id, one.run, one.outcome) for one in studio.ledger()] == [(generation, 1, "success")]


@pytest.mark.parametrize("point", POINTS)
def test_a_runner_that_was_killed_is_succeeded_and_one_image_is_made(
    studio: Studio, painter: Painter, runner: Callable[..., subprocess.Popen[bytes]], point: str
):
    generation = ask(studio, POINTS[point])

    assert runner(dies_at=point).wait(LONG_S) == -9
    runner()

    ended_well(studio, generation)
    # Killed with the answer in its hands it has to ask again: nobody else has seen the picture.
    assert painter.answered == (2 if point == "answered" else 1)


def test_of_two_processes_the_one_that_lives_takes_over_from_the_other_at_once(
    studio: Studio, painter: Painter, runner: Callable[..., subprocess.Popen[bytes]]
):
    painter.answering.clear()
    generation = ask(studio)
    first = runner()
    assert painter.asked.acquire(timeout=LONG_S)
    holder = studio.row(generation).claimed_by
    second = runner()
    folder = studio.svc.settings.data / "runners"
    studio.until(lambda: len([one for one in folder.iterdir() if not one.name.startswith(".")]) == 2)
    assert studio.row(generation).claimed_by == holder

    first.kill()
    painter.answering.set()

    ended_well(studio, generation)
    assert (painter.answered, second.poll()) == (1, None)
    assert studio.row(generation).attempts == 2


def test_many_that_were_under_way_when_their_runner_was_killed_are_made_once_each(
    studio: Studio, painter: Painter, runner: Callable[..., subprocess.Popen[bytes]]
):
    painter.answering.clear()
    asked = [studio.ask(provider="local", auto_enhance=False) for _ in range(12)]
    first = runner()
    for _ in range(8):  # one project's at once
        assert painter.asked.acquire(timeout=LONG_S)
    first.kill()
    painter.answering.set()
    runner()

    assert {studio.ended(generation).status for generation in asked} == {"success"}
    assert (len(studio.images()), painter.answered) == (12, 12)
