"""Waiting for something as long as the client does."""

import asyncio
from typing import Any, TypeVar

from atpix.http.types import Receive

T = TypeVar("T")


class ClientLeft(Exception):
    """Nobody is there to be answered."""


async def unless_left(receive: Receive, awaited: "asyncio.Task[T]") -> T:
    """What is awaited goes on when the client leaves: others may wait for it too. Raises ClientLeft."""
    if awaited.done():
        return awaited.result()
    leaving = asyncio.create_task(_left(receive))
    try:
        both: set[asyncio.Task[Any]] = {awaited, leaving}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
    if not awaited.done():
        raise ClientLeft
    return awaited.result()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
