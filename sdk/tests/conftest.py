"""Both clients behind one face: each test that takes `client` runs once against `Atpix`, once against `AsyncAtpix`."""

import asyncio
import inspect

import httpx2
import pytest
from sdk.tests.stand_in import URL, StandIn

from atpix_client import AsyncAtpix, Atpix


class Awaited:
    """An asynchronous client, used as if it blocked."""

    def __init__(self, target, loop: asyncio.Runner) -> None:
        self._target, self._loop = target, loop

    def __getattr__(self, name):
        value = getattr(self._target, name)
        if inspect.iscoroutinefunction(value):
            return lambda *args, **kwargs: self._loop.run(value(*args, **kwargs))
        if inspect.isasyncgenfunction(value):
            return lambda *args, **kwargs: self._each(value(*args, **kwargs))
        return Awaited(value, self._loop) if hasattr(value, "runner") else value

    def _each(self, values):
        async def following():
            return await anext(values, None)

        while (value := self._loop.run(following())) is not None:
            yield value


@pytest.fixture
def server():
    return StandIn()


@pytest.fixture(params=["Atpix", "AsyncAtpix"])
def connect(request, server):
    """Makes clients of either kind; pauses are noted instead of slept."""
    with asyncio.Runner() as loop:
        made = []

        async def pause(seconds):
            server.pauses_s.append(seconds)

        def make(transport=None, **options):
            transport = transport or httpx2.MockTransport(server)
            if request.param == "Atpix":
                client = Atpix("atp_key", URL, transport=transport, sleep=server.pauses_s.append, **options)
            else:
                client = Awaited(AsyncAtpix("atp_key", URL, transport=transport, sleep=pause, **options), loop)
            made.append(client)
            return client

        yield make
        for client in made:
            client.close()


@pytest.fixture
def client(connect):
    return connect()
