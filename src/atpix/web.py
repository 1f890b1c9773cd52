"""The application: delivery in front, the API behind it, one frame around both."""

from typing import cast

from litestar import Litestar, Router
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.di import Provide

from atpix import logs
from atpix.delivery import addresses
from atpix.delivery.application import Delivery
from atpix.http import dependencies, paging
from atpix.http.frame import Frame
from atpix.http.rendering import render
from atpix.http.types import Application
from atpix.images import routes as images
from atpix.meters import Meters
from atpix.projects import routes as projects
from atpix.projects.authentication import Authenticator
from atpix.services import Services
from atpix.settings import load
from atpix.worker import Worker


def from_environment() -> Application:
    """What a server's worker process calls, once."""
    settings = load()
    logs.configure(settings.log_level)
    return create_app(Services.open(settings))


def create_app(svc: Services) -> Application:
    """The services are closed when the application's life ends."""
    meters = Meters()
    authenticator = Authenticator(svc.db, svc.now, svc.settings.key_cache_s)
    delivery = Delivery(svc)
    worker = Worker(svc, flush=authenticator.flush_last_used)

    async def start() -> None:
        worker.start()

    async def stop() -> None:
        await sync_to_thread(worker.stop)
        delivery.close()
        svc.close()

    return Frame(
        delivery=delivery,
        prefix=addresses.PREFIX,
        api=cast("Application", api(svc, authenticator)),  # ASGI in stricter words
        meters=meters,
        start=start,
        stop=stop,
        log_delivery=svc.settings.log_delivery,
    )


def api(svc: Services, authenticator: Authenticator) -> Litestar:
    return Litestar(
        route_handlers=[Router("/api/v1", route_handlers=[images.router, projects.router])],
        state=State({"services": svc, "authenticator": authenticator}),
        dependencies={
            "svc": Provide(dependencies.provide_services),
            "who": Provide(dependencies.provide_caller),
            "window": Provide(paging.provide_window),
        },
        exception_handlers={Exception: render},
        openapi_config=None,
        logging_config=None,
    )
