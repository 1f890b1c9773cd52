"""Live URLs, as both clients have them. `tests/test_both_clients.py` checks that the two halves offer the same."""

from dataclasses import dataclass

from atpix_client import live
from atpix_client.live_urls import live_url
from atpix_client.methods import run, run_async, walk, walk_async
from atpix_client.runners import AsyncRunner, Runner


@dataclass(frozen=True)
class LiveScopes:
    runner: Runner

    create = run(live.create)
    get = run(live.get)
    list = run(live.list_page)
    iterate = walk(live.iterate)
    update = run(live.update)
    delete = run(live.delete)
    regenerate = run(live.regenerate)


@dataclass(frozen=True)
class AsyncLiveScopes:
    runner: AsyncRunner

    create = run_async(live.create)
    get = run_async(live.get)
    list = run_async(live.list_page)
    iterate = walk_async(live.iterate)
    update = run_async(live.update)
    delete = run_async(live.delete)
    regenerate = run_async(live.regenerate)


class Live:
    """`url` asks nobody, so that it is not awaited in the asynchronous client either."""

    url = staticmethod(live_url)

    def __init__(self, runner: Runner) -> None:
        self.scopes = LiveScopes(runner)


class AsyncLive:
    url = staticmethod(live_url)

    def __init__(self, runner: AsyncRunner) -> None:
        self.scopes = AsyncLiveScopes(runner)
