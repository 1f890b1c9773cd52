"""`GET /api/v1/images/{id}` on the shortest way: the most frequent read, for which the framework's own steps (routing,
dependencies, signatures) cost a third of the whole.

Only what needs none of them goes this way: an id, no query, a key that was seen a moment ago and may read, as often as
it likes. All else is the framework's. Both ways end in the same route function and the same exception handler.
"""

from litestar import Request

from atpix.caller import Caller
from atpix.errors import Unauthorized
from atpix.http.dependencies import AnyRequest, Authenticator, key_of
from atpix.http.rendering import render
from atpix.http.types import Application, Receive, Scope, Send
from atpix.ids import as_uuid
from atpix.images.routes import get_image
from atpix.services import Services

_PREFIX = "/api/v1/images/"
_PATTERN = f"{_PREFIX}{{ref}}"


class PointReads:
    """In front of `api`, the whole of it."""

    def __init__(self, api: Application, svc: Services, authenticator: Authenticator) -> None:
        self._api, self._svc, self._authenticator = api, svc, authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._svc.settings.reads_per_minute == 0 and (ref := _id_asked_for(scope)) is not None:
            request: AnyRequest = Request(scope)  # type: ignore[arg-type]  # ASGI in looser words
            if (who := self._reader(request)) is not None:
                scope["path_template"] = _PATTERN
                try:
                    response = await get_image.fn(request=request, ref=ref, who=who, svc=self._svc)
                except Exception as error:  # noqa: BLE001  as the framework does
                    response = render(request, error)
                await response.to_asgi_response(app=None, request=request)(scope, receive, send)
                return
        await self._api(scope, receive, send)

    def _reader(self, request: AnyRequest) -> Caller | None:
        """None when the framework has to look closer, also to refuse."""
        text = key_of(request.headers)
        try:
            who = None if text is None else self._authenticator.cached(text)
        except Unauthorized:
            return None
        return who if isinstance(who, Caller) and "read" in who.scopes else None


def _id_asked_for(scope: Scope) -> str | None:
    path: str = scope["path"]
    if scope["method"] != "GET" or scope["query_string"] or not path.startswith(_PREFIX):
        return None
    return as_uuid(path[len(_PREFIX) :])
