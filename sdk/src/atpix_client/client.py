"""The two clients. They differ in how they wait, in nothing else."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import httpx2

from atpix_client import usage
from atpix_client.errors import MissingAPIKey
from atpix_client.generation_resources import AsyncFlows, AsyncGenerations, Flows, Generations
from atpix_client.live_resources import AsyncLive, Live
from atpix_client.methods import run, run_async
from atpix_client.resources import (
    AsyncImages,
    AsyncKeys,
    AsyncOrganizations,
    AsyncProjects,
    Images,
    Keys,
    Organizations,
    Projects,
)
from atpix_client.retries import Retries
from atpix_client.runners import AsyncRunner, Runner, Server

DEFAULT_URL = "http://127.0.0.1:8000"
LONGEST_CONNECT_S = 5.0


class Atpix:
    """Safe to share between threads. Without arguments it reads ATPIX_API_KEY and ATPIX_URL. `timeout_s` bounds
    each wait for the network, not a whole transfer. A client handed in as `http_client` stays the caller's to close.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout_s: float | None = 60.0,
        max_retries: int = 2,
        http_client: httpx2.Client | None = None,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        server = _server(api_key, base_url, timeout_s)
        http = http_client or httpx2.Client(transport=transport)
        self._owned = None if http_client else http
        runner = self.runner = Runner(http, server, Retries(max_retries), sleep)
        self.base_url = server.address
        self.images = Images(runner)
        self.generations = Generations(runner)
        self.flows = Flows(runner)
        self.live = Live(runner)
        self.organizations = Organizations(runner)
        self.projects = Projects(runner)
        self.keys = Keys(runner)

    usage = run(usage.report)

    def close(self) -> None:
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Atpix(base_url={self.base_url!r})"


class AsyncAtpix:
    """`Atpix` for asyncio: the same methods, awaited; `iterate` is an asynchronous iterator."""

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout_s: float | None = 60.0,
        max_retries: int = 2,
        http_client: httpx2.AsyncClient | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        server = _server(api_key, base_url, timeout_s)
        http = http_client or httpx2.AsyncClient(transport=transport)
        self._owned = None if http_client else http
        runner = self.runner = AsyncRunner(http, server, Retries(max_retries), sleep)
        self.base_url = server.address
        self.images = AsyncImages(runner)
        self.generations = AsyncGenerations(runner)
        self.flows = AsyncFlows(runner)
        self.live = AsyncLive(runner)
        self.organizations = AsyncOrganizations(runner)
        self.projects = AsyncProjects(runner)
        self.keys = AsyncKeys(runner)

    usage = run_async(usage.report)

    async def close(self) -> None:
        if self._owned is not None:
            await self._owned.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncAtpix(base_url={self.base_url!r})"


def _server(api_key: str | None, base_url: str | None, timeout_s: float | None) -> Server:
    key = (os.environ.get("ATPIX_API_KEY", "") if api_key is None else api_key).strip()
    if not key:
        raise MissingAPIKey
    if not (key.isascii() and key.isprintable()):
        # Said here, since the HTTP library would repeat the key in its own complaint.
        raise ValueError("The API key holds characters that no key has.")
    given = (os.environ.get("ATPIX_URL") or DEFAULT_URL) if base_url is None else base_url
    if "://" in key or given.strip().startswith("atp_"):
        raise ValueError("API key and base URL are swapped: the key comes first, Atpix(api_key, base_url).")
    if not _is_address(given):
        # Not repeated: it may be a key all the same, or hold a password.
        raise ValueError("That is no base URL: it must begin with http:// or https:// and a host.")
    connect_s = LONGEST_CONNECT_S if timeout_s is None else min(timeout_s, LONGEST_CONNECT_S)
    return Server(given.rstrip("/"), key, httpx2.Timeout(timeout_s, connect=connect_s))


def _is_address(text: str) -> bool:
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        return False
    return url.scheme in {"http", "https"} and bool(url.host)
