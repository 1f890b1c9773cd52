"""Renditions asked for without a server: by clients that stay or leave, of a child that stands still when told to."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import psutil
from tests.wire import eventually

from atpix.delivery.memory import Memory
from atpix.delivery.rendering import Renderings
from atpix.imaging.renderers import Renderers
from atpix.services import Services

_MEMORY_BYTES = 512 << 20


@asynccontextmanager
async def renderings_of(svc: Services):
    """With a list that grows with each that was really made."""
    made: list[bool] = []
    renderings = Renderings(svc, lambda: made.append(True), Memory(svc.blobs, 0))
    try:
        yield renderings, made
    finally:
        renderings.close()


@contextmanager
def rendering_with(svc: Services, timeout_s: float = 60) -> Iterator:
    """The same services with one render child of their own, which is there already."""
    before = set(children())
    renderers = Renderers(1, timeout_s, _MEMORY_BYTES)
    renderers.warm()
    (child,) = set(children()) - before
    settings = svc.settings.model_copy(update={"renderers": 1})
    try:
        yield replace(svc, renderers=renderers, settings=settings), child
    finally:
        renderers.close()


def children() -> list[psutil.Process]:
    return psutil.Process().children()


async def stays() -> dict[str, str]:
    return await asyncio.Event().wait()


class Client:
    """Somebody who waits until it is told to leave."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()

    async def receive(self) -> dict[str, str]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}


async def until(holds) -> None:
    await asyncio.to_thread(eventually, holds)
