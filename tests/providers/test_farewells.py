"""Jobs that are given up: the provider is told, and nobody waits for that or fails with it."""

import threading

from atpix.providers.farewells import Farewells
from atpix.providers.registry import UnknownProvider

LONG_S = 30


class Listening:
    """Takes its time until it may answer. `heard` when everything that is expected was said."""

    def __init__(self, expected: int) -> None:
        self.refs: list[str] = []
        self.begun, self.may, self.heard = threading.Event(), threading.Event(), threading.Event()
        self._expected = expected

    def cancel(self, ref: str) -> None:
        self.begun.set()
        assert self.may.wait(LONG_S)
        self.refs.append(ref)
        if len(self.refs) == self._expected:
            self.heard.set()


def test_a_provider_is_told_while_the_caller_goes_on():
    provider = Listening(3)
    farewells = Farewells(lambda _name: provider, threads=2)

    for ref in "abc":
        farewells.say("fal", ref)
    assert provider.refs == []
    provider.may.set()

    assert provider.heard.wait(LONG_S)
    assert sorted(provider.refs) == ["a", "b", "c"]


def test_a_provider_that_is_gone_or_broken_keeps_nobody_from_being_told():
    provider = Listening(1)
    provider.may.set()

    def named(name: str) -> Listening:
        if name == "gone":
            raise UnknownProvider(name)
        if name == "broken":
            raise RuntimeError(name)
        return provider

    farewells = Farewells(named, threads=1)
    for name in ("gone", "broken", "fal"):
        farewells.say(name, name)

    assert provider.heard.wait(LONG_S)
    assert provider.refs == ["fal"]


def test_no_more_is_remembered_than_there_is_room_for():
    provider = Listening(2)
    farewells = Farewells(lambda _name: provider, threads=1, waiting=1)

    farewells.say("fal", "a")
    assert provider.begun.wait(LONG_S)
    for ref in "bcd":
        farewells.say("fal", ref)
    provider.may.set()

    assert provider.heard.wait(LONG_S)
    assert provider.refs == ["a", "b"]
