"""JSON bodies, taken at their word: `"10"` is no number and `1` is no boolean."""

import asyncio
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler

from atpix.errors import RequestTimeout, ValidationFailed
from atpix.http import choices

MAX_BYTES = 2**20
BODY_WITHIN_S = 20.0
_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


class StrictRequest(Request[Any, Any, Any]):
    """Litestar decodes a body leniently when it fills a route's `data`; what is decoded already it leaves alone."""

    async def json(self) -> Any:  # noqa: ANN401  Litestar's type
        handler = self.scope["route_handler"]
        wanted = handler.parsed_data_field if isinstance(handler, HTTPRouteHandler) else None
        if wanted is None:
            return await super().json()
        try:
            return msgspec.json.decode(await self.body(), type=wanted.annotation)
        except UnicodeDecodeError:
            raise ValidationException(extra=[{"message": "The JSON is not UTF-8", "key": "data"}]) from None
        except msgspec.DecodeError as error:
            if isinstance(error, msgspec.ValidationError):
                message = choices.named(str(error), wanted.annotation)
                raise ValidationException(extra=[{"message": message, "key": "data"}]) from None
            if (kind := self.content_type[0]) in _FORMS:
                raise ValidationFailed(f"This request takes JSON, not {kind}.") from None
            return await super().json()  # which refuses it as well, in Litestar's way

    async def body(self) -> bytes:
        """Raises Unauthorized, Forbidden; RequestTimeout, because a byte a minute would hold a connection for ever."""
        await self._require_access()
        return await self._read()

    async def require_nothing(self) -> None:
        """For a route without a body: who sends a field believes that it matters. `{}` says nothing.

        Raises ValidationFailed, RequestTimeout.
        """
        try:
            sent = (await self._read()).strip()
            fields = msgspec.json.decode(sent, type=dict[str, msgspec.Raw]) if sent else {}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, HTTPException):  # the last: it is too long
            raise ValidationFailed("This request takes no body; send none.") from None
        for name in fields:
            raise ValidationFailed.at(name, "is not a field of this request, which takes no body.")

    async def _read(self) -> bytes:
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                return await super().body()
        except TimeoutError:
            raise RequestTimeout from None

    async def _require_access(self) -> None:
        """Whoever may not ask at all sends us no body. Litestar reads bodies before it fills dependencies."""
        who = self.scope["route_handler"].resolve_dependencies().get("who")
        if who is not None:
            await who(request=self, svc=self.app.state.services)
