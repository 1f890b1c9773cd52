"""JSON bodies, taken at their word: `"10"` is no number and `1` is no boolean."""

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException
from litestar.handlers import HTTPRouteHandler


class StrictRequest(Request[Any, Any, Any]):
    """Litestar decodes a body leniently when it fills a route's `data`; what is decoded already it leaves alone."""

    async def json(self) -> Any:  # noqa: ANN401  Litestar's type
        handler = self.scope["route_handler"]
        wanted = handler.parsed_data_field if isinstance(handler, HTTPRouteHandler) else None
        if wanted is None:
            return await super().json()
        try:
            return msgspec.json.decode(await self.body(), type=wanted.annotation)
        except msgspec.DecodeError as error:
            await self._require_access()
            if isinstance(error, msgspec.ValidationError):
                raise ValidationException(extra=[{"message": str(error), "key": "data"}]) from None
            return await super().json()  # which refuses it as well, in Litestar's way

    async def _require_access(self) -> None:
        """Whoever may not ask at all is told that first. Litestar reads bodies before it fills dependencies."""
        who = self.scope["route_handler"].resolve_dependencies().get("who")
        if who is not None:
            await who(request=self, svc=self.app.state.services)
