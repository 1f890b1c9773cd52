"""The application: delivery in front, the API behind it, one frame around both."""


from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide

# from atpix.delivery.application import Delivery
# from atpix.health import routes as health
from atpix.http import dependencies, paging

# from atpix.http.frame import Frame
from atpix.http.rendering import render
from atpix.http.types import Application
from atpix.images import routes as images
from atpix.projects.authentication import Authenticator
from atpix.services import Services
from atpix.settings import load


def from_environment() -> Application:
    """What a server's worker process calls, once."""
    settings = load()
    return create_app(Services.open(settings))


def create_app(svc: Services) -> Application:
    return Frame(svc, delivery=Delivery(svc), api=api(svc))


def api(svc: Services) -> Litestar:
    return Litestar(
        route_handlers=[Router("/api/v1", route_handlers=[images.router])],
        state=State({"services": svc, "authenticator": Authenticator(svc.db, svc.now, svc.settings.key_cache_s)}),
        dependencies={
            "svc": Provide(dependencies.provide_services),
            "who": Provide(dependencies.provide_caller),
            "window": Provide(paging.provide_window),
        },
        exception_handlers={Exception: render},
        openapi_config=None,
        logging_config=None,
    )
