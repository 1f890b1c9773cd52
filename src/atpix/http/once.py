"""POST with an `Idempotency-Key`, for routes: claim, do, seal, or replay."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from litestar import Response
from litestar.concurrency import sync_to_thread

from atpix.caller import Administrator, Caller
from atpix.db import Writing
from atpix.errors import AtpixError
from atpix.http import answers
from atpix.http.answers import Encoded
from atpix.http.dependencies import AnyRequest
from atpix.http.idempotency import HOLD_MS, Claim, Replay, claim
from atpix.services import Services


class Once:
    """One POST. Without the header it does nothing, at no cost.

    `held` before the work begins; `replay` when the request is known whole; `seal` inside the transaction;
    `release` when the work failed.
    """

    def __init__(self, svc: Services, found: Claim | Replay | None) -> None:
        self._svc = svc
        self._found = found
        self._fingerprint = ""

    @property
    def active(self) -> bool:
        return self._found is not None

    @classmethod
    def held(cls, svc: Services, who: Caller | Administrator, request: AnyRequest) -> "Once":
        """Raises KeyInUse, ValidationFailed."""
        key = request.headers.get("idempotency-key")
        return cls(svc, None if key is None else claim(svc, who, key))

    def replay(self, fingerprint: str) -> Response[Any] | None:
        """The stored answer, if there is one. Raises KeyReused."""
        self._fingerprint = fingerprint
        if not isinstance(self._found, Replay):
            return None
        stored = self._found.of(fingerprint)
        tag = {"ETag": stored.etag} if stored.etag else {}
        return answers.raw(stored.body, status=stored.status, headers={"Idempotent-Replayed": "true", **tag})

    def seal(self, tx: Writing, status: int, answer: Callable[[], Encoded]) -> None:
        """Raises KeyInUse, which undoes the work."""
        if isinstance(self._found, Claim):
            self._found.seal(tx, self._fingerprint, status, *answer())

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        """While a long upload is read, its claim does not run out."""
        if not isinstance(self._found, Claim):
            yield
            return
        renewing = asyncio.create_task(self._renew(self._found))
        try:
            yield
        finally:
            renewing.cancel()

    async def _renew(self, held: Claim) -> None:
        while True:
            await asyncio.sleep(HOLD_MS / 3000)
            with suppress(AtpixError):  # a database that is away; the next time will do
                await sync_to_thread(held.renew, self._svc)

    def release(self) -> None:
        if isinstance(self._found, Claim):
            self._found.release(self._svc)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is not None:
            self.release()
