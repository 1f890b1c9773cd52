from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from tests.backends import Backends
from tests.generations.studio import Studio


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
