from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from tests.access import Access
from tests.backends import Backends
from tests.generations.api import Generations, Queue
from tests.generations.studio import Studio
from tests.wire import Wire

from atpix.projects import actions, preferences
from atpix.services import Services


@pytest.fixture
def new_studio(backends: Backends, database: str, tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    """With settings of its own, on an empty database."""
    numbers = count(1)
    with ExitStack() as stack:

        def make(**settings: object) -> Studio:
            url = backends.empty_database(database)
            return stack.enter_context(Studio(tmp_path / f"studio-{next(numbers)}", url, backends, **settings))

        yield make


@pytest.fixture
def studio(new_studio: Callable[..., Studio]) -> Iterator[Studio]:
    made = new_studio()
    yield made
    made.settled()


@pytest.fixture
def generations(raw: Wire) -> Generations:
    return Generations(raw)


@pytest.fixture
def others(other_raw: Wire) -> Generations:
    """With the key of another project."""
    return Generations(other_raw)


@pytest.fixture
def queue(svc: Services, project: Access) -> Iterator[Queue]:
    held = Queue(svc, project)
    yield held
    held.go_on()


@pytest.fixture
def choose(svc: Services, project: Access) -> Callable[..., None]:
    """Settings of the project, before its key is used: `choose(generationsPerMinute=3)`."""

    def chosen(**settings: object) -> None:
        actions.update_project(svc, project.row.id, settings=preferences.parse(settings))

    return chosen
