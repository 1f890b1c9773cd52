"""A clock that tests move, and an authenticator on it."""

import pytest

from atpix.projects.authentication import Authenticator
from atpix.services import Services


class Clock:
    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.ms

    def advance(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(empty_svc: Services) -> Services:
    """Nothing else is in this database."""
    return empty_svc


@pytest.fixture
def authenticator(timed: Services, clock: Clock) -> Authenticator:
    return Authenticator(timed.db, clock, cache_s=2)
