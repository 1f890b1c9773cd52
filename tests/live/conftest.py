"""Two servers on one database, whose pictures come from a painter that tests can hold up, and that refuses what it is
told to refuse.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

import httpx2
import pytest
from tests import atpix_server
from tests.access import Access
from tests.atpix_server import AtpixServer
from tests.backends import Backends, Clock
from tests.photographs import photo
from tests.providers.conftest import Answer, Asked, StandIn
from tests.providers.standins import openai as answers
from tests.wire import Wire

from atpix.projects import actions
from atpix.projects.preferences import SettingsPatch
from atpix.services import Services

SCOPES = "/api/v1/live/scopes"
BROWSER = "text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8"
_IMAGES = "/v1/images/generations"
_numbers = count()


class Painter:
    """A prompt that begins with `blocked` is refused, with `broken` fails; one that is held up waits."""

    def __init__(self, stand_in: StandIn) -> None:
        self.url = f"{stand_in.url}/v1"
        self._asked = stand_in.transcript
        self._held: dict[str, threading.Event] = {}
        stand_in.routes[_IMAGES] = self._paint

    def calls(self, prompt: str) -> int:
        drawn = [asked for asked in tuple(self._asked) if asked.path == _IMAGES]
        return sum(asked.json()["prompt"] == prompt for asked in drawn)

    def hold_up(self, prompt: str) -> threading.Event:
        """Until the event is set."""
        return self._held.setdefault(prompt, threading.Event())

    def let_all_go(self) -> None:
        for held in self._held.values():
            held.set()

    def _paint(self, asked: Asked) -> Answer:
        prompt = asked.json()["prompt"]
        if (held := self._held.get(prompt)) is not None:
            held.wait(60)
        if prompt.startswith("blocked"):
            return answers.MODERATED
        if prompt.startswith("broken"):
            return answers.WRONG_KEY
        return answers.picture_of_dall_e(photo(next(_numbers), "PNG", (96, 64)))


class Houses(NamedTuple):
    """`second` trusts no proxy."""

    first: AtpixServer
    second: AtpixServer
    svc: Services


class _Street:
    def __init__(self, folder: Path, backends: Backends, painter: Painter, stack: ExitStack) -> None:
        self._folder, self._backends, self._painter, self._stack = folder, backends, painter, stack
        self._built: dict[str, Houses] = {}

    def on(self, database: str) -> Houses:
        if database not in self._built:
            self._built[database] = self._build(database)
        return self._built[database]

    def _build(self, database: str) -> Houses:
        data, url = self._folder / database, self._backends.empty_database(database)
        shared = {
            "database_url": url,
            "storage_url": f"file://{data / 'blobs'}",
            "provider": "local",
            "local_base_url": self._painter.url,
            "generations_per_minute": 0,
            "generation_attempts": 1,
        }
        run = self._stack.enter_context
        first = run(atpix_server.running(data, trusted_proxies=["127.0.0.0/8"], **shared))
        second = run(atpix_server.running(self._folder / f"{database}-2", **shared))
        svc = Services.open(first.settings)
        self._stack.callback(svc.close)
        return Houses(first, second, svc)


@pytest.fixture(scope="session")
def _painting() -> Iterator[Painter]:
    stand_in = StandIn()
    yield Painter(stand_in)
    stand_in.close()


@pytest.fixture(scope="session")
def _street(backends: Backends, _painting: Painter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Street]:
    with ExitStack() as stack:
        yield _Street(tmp_path_factory.mktemp("live"), backends, _painting, stack)


@pytest.fixture
def painter(_painting: Painter) -> Iterator[Painter]:
    yield _painting
    _painting.let_all_go()


@pytest.fixture
def houses(_street: _Street, database: str) -> Houses:
    return _street.on(database)


@pytest.fixture
def server(houses: Houses, painter: Painter) -> AtpixServer:
    return houses.first


@pytest.fixture
def svc(houses: Houses, clock: Clock) -> Services:
    return replace(houses.svc, now=clock)


@pytest.fixture
def prompt() -> str:
    """That nobody else has asked for."""
    return f"a lighthouse in the evening, number {next(_numbers)}"


class Page:
    """A scope's live URLs, as visitors ask for them."""

    def __init__(self, wire: httpx2.Client, server: AtpixServer, access: Access, slug: str) -> None:
        self.path = f"/cdn/{access.row.path}/live/{slug}"
        self.images = access.cdn
        self._wire = Wire(wire, server.url, {})

    def at(self, prompt: str, **parameters: object) -> str:
        return f"{self.path}?{urlencode({'prompt': prompt, **parameters}, quote_via=quote)}"

    def get(self, prompt: str, headers: dict[str, str] | None = None, **parameters: object) -> httpx2.Response:
        return self._wire.get(self.at(prompt, **parameters), headers=headers)

    def head(self, prompt: str, **parameters: object) -> httpx2.Response:
        return self._wire.head(self.at(prompt, **parameters))

    def image(self, image: str, query: str = "", **options) -> httpx2.Response:
        return self._wire.get(f"{self.images}/{image}{query}", **options)


@pytest.fixture
def new_page(wire: httpx2.Client, houses: Houses, raw: Wire, project: Access) -> Callable[..., Page]:
    """Make a scope, and visit it at the first server or at the second."""

    def make(slug: str = "heroes", **fields: object) -> Page:
        assert raw.post(SCOPES, json={"slug": slug, **fields}).status_code == 201
        return Page(wire, houses.first, project, slug)

    return make


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


@pytest.fixture
def second_page(page: Page, wire: httpx2.Client, houses: Houses, project: Access) -> Page:
    """The same at the other server."""
    return Page(wire, houses.second, project, "heroes")


@pytest.fixture
def settings(svc: Services, project: Access, page: Page) -> Callable[..., None]:
    """Change the project's; the servers know a second later."""

    def change(**fields: object) -> None:
        actions.update_project(svc, project.row.id, settings=SettingsPatch(**fields))

    return change


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, object]:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    return answer.json()["error"]
