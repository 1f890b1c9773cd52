"""Originals as files, for decoders: on a disk they are; from a bucket they are fetched, once, and kept for a moment."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from atpix.blobs import Blobs, StagedFile
from atpix.errors import StorageUnavailable
from atpix.ids import BlobKey

_KEPT_S = 10.0
_MOST = 8
"""Files kept after their use: a page asks for six sizes of one image within a second."""


@dataclass(eq=False, slots=True)
class _Fetched:
    fetching: "asyncio.Task[StagedFile]"
    users: int = 0
    left_s: float = 0


class Sources:
    """One a process, used from its event loop. `timeout_s` is how long fetching one may take in all."""

    def __init__(self, blobs: Blobs, timeout_s: float) -> None:
        self._blobs = blobs
        self._timeout_s = timeout_s
        self._fetched: dict[BlobKey, _Fetched] = {}

    @asynccontextmanager
    async def file(self, key: BlobKey) -> AsyncIterator[Path]:
        """For the length of the block. Raises FileNotFoundError, StorageUnavailable, StorageFull."""
        if (local := self._blobs.local_path(key)) is not None:
            yield local
            return
        self._sweep()
        fetched = self._fetched.get(key)
        if fetched is None:
            fetched = self._fetched[key] = _Fetched(asyncio.create_task(self._fetch(key)))
        fetched.users += 1
        try:
            yield (await asyncio.shield(fetched.fetching)).path
        except BaseException:
            if not fetched.fetching.done() or fetched.fetching.cancelled() or fetched.fetching.exception():
                self._fetched.pop(key, None)
            raise
        finally:
            fetched.users -= 1
            fetched.left_s = time.monotonic()
            if fetched.users == 0 and self._fetched.get(key) is not fetched:
                _discard(fetched)

    async def _fetch(self, key: BlobKey) -> StagedFile:
        staged = self._blobs.stage()
        try:
            async with asyncio.timeout(self._timeout_s), aclosing(await self._blobs.stream(key)) as chunks:
                async for chunk in chunks:
                    await asyncio.to_thread(staged.write, chunk)
        except BaseException as error:
            staged.discard()
            if isinstance(error, TimeoutError):
                raise StorageUnavailable("The image's bytes cannot be read right now.") from error
            raise
        return staged

    def _sweep(self) -> None:
        """What nobody uses goes when its moment is over, or when there are too many."""
        idle = sorted((one.left_s, key) for key, one in self._fetched.items() if not one.users)
        horizon_s = time.monotonic() - _KEPT_S
        for at, (left_s, key) in enumerate(idle):
            if left_s < horizon_s or len(idle) - at > _MOST:
                _discard(self._fetched.pop(key))

    def close(self) -> None:
        while self._fetched:
            _discard(self._fetched.popitem()[1])


def _discard(fetched: _Fetched) -> None:
    """The file of one that is under way goes by itself, when it is cancelled."""
    if not fetched.fetching.done():
        fetched.fetching.cancel()
    elif not fetched.fetching.cancelled() and fetched.fetching.exception() is None:
        fetched.fetching.result().discard()
