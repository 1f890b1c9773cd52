"""What holds of every provider that is asked over HTTP, whatever it is called: it ends in time, it is bounded, and it
leads nowhere.
"""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.providers.conftest import Answer, StandIn, failure
from tests.providers.recipes import recipe
from tests.providers.standins import automatic1111, fal, gemini, misbehaving, openai, replicate

from atpix.providers.automatic1111 import Automatic1111
from atpix.providers.fal import Fal
from atpix.providers.gemini import Gemini
from atpix.providers.openai import Local, OpenAI
from atpix.providers.replicate import Replicate
from atpix.providers.values import Pictured, Provider, Queued, queueing
from atpix.settings import Settings

DRAW = "/images/generations"
FILE = "/files/picture"
KEY = "sk-standin-0123456789abcdef"


class Played(NamedTuple):
    """A provider in front of the stand-in, which is asked `at` for a picture, or after a job that it `accepts`.
    `draws`: the answer that holds a picture; None: it is behind an address always.
    """

    kind: Callable[[Settings], Provider]
    at: str
    draws: Callable[[bytes], Answer] | None = None
    accepts: Answer | None = None


PLAYED = {
    "openai": Played(OpenAI, DRAW, openai.picture),
    "local": Played(Local, DRAW, openai.picture_of_dall_e),
    "gemini": Played(Gemini, gemini.PATH.removeprefix("/v1beta"), lambda made: gemini.answer(gemini.picture(made))),
    "automatic1111": Played(Automatic1111, automatic1111.TXT2IMG, automatic1111.drawn),
    "fal": Played(Fal, f"{fal.JOB}/status", accepts=fal.accepted()),
    "replicate": Played(
        Replicate, replicate.PREDICTION.removeprefix("/v1"), accepts=replicate.prediction("starting", 201)
    ),
}
WHOLE = [name for name, played in PLAYED.items() if played.draws]
BY_URL = ["openai", "local", "fal", "replicate"]


class Asking:
    """One provider, asked for a picture until it has one."""

    def __init__(self, name: str, stand_in: StandIn, target: Path) -> None:
        self.name, self.played, self.stand_in = name, PLAYED[name], stand_in
        self._target = target

    def answers(self, what: object) -> None:
        self.stand_in.routes[self.played.at] = what

    def draws_by_url(self, content: Answer) -> None:
        """The picture lies with the stand-in itself."""
        url = f"{self.stand_in.url}{FILE}"
        self.stand_in.routes[FILE] = content
        match self.name:
            case "fal":
                self.answers(fal.completed())
                self.stand_in.routes[fal.JOB] = fal.result(url)
            case "replicate":
                self.answers(replicate.prediction("succeeded", output=[url]))
            case _:
                self.answers(openai.picture_by_url(url))

    def made(self, **settings: object) -> Pictured | Queued:
        self.stand_in.answers = [self.played.accepts] if self.played.accepts else []
        given = {f"{self.name}_base_url": self.stand_in.url, f"{self.name}_api_key": KEY, **settings}
        known = {name: value for name, value in given.items() if name in Settings.model_fields}
        provider = self.played.kind(Settings(**known))  # type: ignore[arg-type]
        answer = provider.generate(recipe(), self._target)
        return queueing(provider).poll(answer.ref, recipe(), self._target) if isinstance(answer, Queued) else answer


@pytest.fixture(params=PLAYED)
def asking(request: pytest.FixtureRequest, stand_in: StandIn, target: Path) -> Asking:
    return Asking(request.param, stand_in, target)


@pytest.fixture(params=BY_URL)
def asking_by_url(request: pytest.FixtureRequest, stand_in: StandIn, target: Path) -> Asking:
    return Asking(request.param, stand_in, target)


def test_silence_is_a_time_out_and_no_end_of_a_job(asking, stand_in):
    asking.answers(misbehaving.silent(stand_in))

    told = failure(lambda: asking.made(provider_timeout_s=0.2))

    assert (told.code, told.worth_retrying, told.job_over) == ("PROVIDER_TIMEOUT", True, False)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (misbehaving.WEB_PAGE, "a web page"),
        (misbehaving.NOTHING, "with nothing"),
        (misbehaving.CUT_JSON, "not a JSON object"),
        (Answer("[" * 100_000), "not a JSON object"),
        (misbehaving.broken_off, "broke its answer off"),
        (misbehaving.announced_2_gib, "was not taken"),
    ],
    ids=["page", "nothing", "cut", "nested", "broken off", "2 GiB"],
)
def test_an_answer_that_is_none_is_the_providers_error(asking, answer, words):
    asking.answers(answer)

    told = failure(asking.made)

    assert told.code == "PROVIDER_ERROR"
    assert words in told.message


def test_two_gibibytes_that_are_not_announced_are_read_to_the_limit_only(asking):
    flood = misbehaving.Flood()
    asking.answers(flood.stream())

    assert "which was not taken" in failure(lambda: asking.made(max_file_bytes=2**20)).message
    assert flood.sent_bytes < 32 * 2**20


@pytest.mark.parametrize("asking", WHOLE, indirect=True)
def test_a_picture_larger_than_an_upload_may_be_is_not_taken(asking):
    asking.answers(asking.played.draws(b"x" * 9000))

    assert "1,000 bytes" in failure(lambda: asking.made(max_file_bytes=1000)).message


def test_nor_is_one_behind_an_address(asking_by_url):
    asking_by_url.draws_by_url(Answer(b"x" * 2000))

    assert "1,000 bytes" in failure(lambda: asking_by_url.made(max_file_bytes=1000)).message


def test_a_picture_behind_a_redirect_to_an_internal_address_is_not_fetched(asking_by_url):
    with socket.create_server(("127.0.0.1", 0)) as internal:
        there = f"http://127.0.0.1:{internal.getsockname()[1]}/"
        asking_by_url.draws_by_url(Answer(b"", 302, {"Location": there}))
        told = failure(asking_by_url.made)
        internal.setblocking(False)
        with pytest.raises(BlockingIOError):
            internal.accept()

    assert "not a public address" in told.message
