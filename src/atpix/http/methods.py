"""What an address can be asked for. Litestar's own answer to OPTIONS knows only what was registered with it first."""

from functools import partial

from litestar import Litestar, Response
from litestar.routes import HTTPRoute


def tell_the_truth(app: Litestar) -> None:
    """Every route answers OPTIONS with the methods that it is dispatched by."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            handler, _ = route.route_handler_map["OPTIONS"]
            handler(partial(_options, ", ".join(sorted(route.route_handler_map))))


def _options(allow: str, **_asked: object) -> Response[None]:
    return Response(None, status_code=204, headers={"Allow": allow})
