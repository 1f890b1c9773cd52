"""The application: delivery in front, the API behind it, one frame around both."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from litestar import Litestar, Router
from litestar.concurrency import set_asyncio_executor, sync_to_thread
from litestar.datastructures import State
from litestar.di import Provide

from atpix import logs, meters
from atpix.delivery import addresses
from atpix.delivery import openapi as delivery_openapi
from atpix.delivery import routes as renditions
from atpix.delivery.application import Delivery
from atpix.flows import routes as flows
from atpix.generations import lineage_routes as lineage
from atpix.generations import routes as generations
from atpix.generations import usage_routes as usage
from atpix.generations.runner import Runner
from atpix.generations.waiting import Waiters
from atpix.health import readiness
from atpix.health import routes as health
from atpix.health.readiness import Readiness
from atpix.http import bodies, dependencies, docs_page, methods, openapi, paging, termination
from atpix.http.bodies import StrictRequest
from atpix.http.frame import Cdn, Frame
from atpix.http.limiting import Limits
from atpix.http.receiving import Lane
from atpix.http.rendering import render
from atpix.http.types import Application
from atpix.images import routes as images
from atpix.images.point_reads import PointReads
from atpix.live import openapi as live_openapi
from atpix.live import routes as live
from atpix.live.application import Live
from atpix.meters import Meters
from atpix.projects import routes as projects
from atpix.projects.authentication import Authenticator
from atpix.services import Services
from atpix.settings import Settings, load
from atpix.worker import Worker

_REST_OF_STOP_S = 2
"""Of the time to stop in: for what comes after calls of providers."""


def from_environment() -> Application:
    """What a server's worker process calls, once."""
    settings = load()
    logs.configure(settings.log_level)
    return create_app(Services.open(settings), heed_signals=True)


def create_app(svc: Services, *, heed_signals: bool = False) -> Application:
    """The services are closed when the application's life ends. `heed_signals`: the process is its own."""
    set_asyncio_executor(ThreadPoolExecutor(svc.settings.threads, thread_name_prefix="atpix"))
    counted = Meters(meters.folder(svc.settings.data), lambda: _gauges(svc, delivery))
    authenticator = Authenticator(svc.db, svc.now, svc.settings.key_cache_s)
    delivery = Delivery(svc, authenticator, lambda: counted.count("renders"))
    worker = Worker(svc, flush=authenticator.flush_last_used)
    waiters = Waiters()
    runner = Runner(svc, waiters.changed)
    lane = Lane(svc.settings.max_uploads, svc.settings.threads)

    async def start() -> None:
        svc.examiners.warm()
        svc.renderers.warm()
        worker.start()
        runner.start()
        counted.start()
        if heed_signals:
            termination.heed(leave)

    def leave() -> None:
        """Nothing new is begun, and who waits for what is under way is answered: else they would be waited for."""
        runner.leave()
        waiters.release_all()

    async def stop() -> None:
        await sync_to_thread(runner.stop, patience_s(svc.settings))
        await sync_to_thread(worker.stop)
        await sync_to_thread(counted.stop)
        await sync_to_thread(lane.close)
        delivery.close()
        svc.close()

    state = State(
        {
            "services": svc,
            "authenticator": authenticator,
            "limits": Limits(svc.db, svc.now, svc.settings),
            "lane": lane,
            "meters": counted,
            "waiters": waiters,
            "wake": runner.wake,
            "readiness": Readiness(
                readiness.checks(svc, {"worker": lambda: worker.alive, "generations": lambda: runner.alive})
            ),
        }
    )
    return Frame(
        delivery=Live(svc, delivery, waiters, runner.wake),
        prefix=addresses.PREFIX,
        api=PointReads(cast("Application", api(state)), svc, authenticator),  # ASGI in stricter words
        meters=counted,
        access=logs.AccessLog(svc.settings.log_level, delivery=svc.settings.log_delivery),
        start=start,
        stop=stop,
        cdn=Cdn.of(svc.settings.cdn_url),
    )


def patience_s(settings: Settings) -> float:
    """How long calls of providers, each of them paid for, are waited for when the process ends."""
    return max(settings.shutdown_s - _REST_OF_STOP_S, settings.shutdown_s / 2)


def api(state: State) -> Litestar:
    app = Litestar(
        route_handlers=[
            Router(
                "/api/v1",
                route_handlers=[
                    images.router,
                    renditions.router,
                    flows.router,
                    generations.router,
                    lineage.router,
                    usage.router,
                    live.router,
                    projects.router,
                ],
            ),
            health.router,
            *docs_page.handlers(describe),
        ],
        state=state,
        dependencies={
            "svc": Provide(dependencies.provide_services),
            "who": Provide(dependencies.provide_caller),
            "window": Provide(paging.provide_window),
        },
        exception_handlers={Exception: render},
        request_class=StrictRequest,
        request_max_body_size=bodies.MAX_BYTES,
        openapi_config=None,
        logging_config=None,
    )
    methods.tell_the_truth(app)
    return app


def describe(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document of the whole, delivery included."""
    return openapi.document(app.routes, delivery_openapi.path_items() | live_openapi.path_items())


def _gauges(svc: Services, delivery: Delivery) -> dict[str, float]:
    examining, rendering = svc.examiners.load, svc.renderers.load
    return {
        "decoders_busy": examining.busy,
        "decoders_waiting": examining.waiting,
        "renderers_busy": rendering.busy,
        "renderers_waiting": rendering.waiting + delivery.renderings.waiting_outside,
    }
