"""`/healthz`, `/readyz`, `/metrics`."""

from typing import Any, Literal, cast

from litestar import MediaType, Response, Router, get
from litestar.concurrency import sync_to_thread
from litestar.openapi import ResponseSpec

from atpix.caller import Administrator
from atpix.errors import AtpixError, NotFound
from atpix.health.readiness import Readiness, ReadinessOut
from atpix.http.dependencies import AnyRequest, authenticate
from atpix.http.wire import Wire, encode
from atpix.meters import Meters
from atpix.services import Services

_TEXT = "text/plain; version=1.0.0; charset=utf-8"
_NOT_KEPT = {"Cache-Control": "no-store"}
_PUBLIC: dict[str, Any] = {"public": True, "codes": ("INTERNAL_ERROR",)}


class HealthOut(Wire, frozen=True):
    status: Literal["ok"] = "ok"


@get("/healthz", opt=_PUBLIC, operation_id="getHealth", status_code=200)
async def healthz() -> Response[HealthOut]:
    """The process answers. It asks nobody else, so that a slow database does not get it killed."""
    body: Any = encode(HealthOut())
    return Response(body, headers=_NOT_KEPT, media_type=MediaType.JSON)


@get(
    "/readyz",
    opt=_PUBLIC,
    operation_id="getReadiness",
    responses={503: ResponseSpec(ReadinessOut, generate_examples=False, description="Not ready: `checks` says why.")},
)
async def readyz(request: AnyRequest) -> Response[ReadinessOut]:
    """Database, migrations, storage and job worker, each by name, within two seconds."""
    report = await cast("Readiness", request.app.state.readiness).next_report()
    status = 200 if report.status == "ready" else 503
    body: Any = encode(report)
    return Response(body, status_code=status, headers=_NOT_KEPT, media_type=MediaType.JSON)


@get(
    "/metrics",
    opt={"public": True, "codes": ("NOT_FOUND", "INTERNAL_ERROR")},
    operation_id="getMetrics",
    media_type=MediaType.TEXT,
)
async def metrics(request: AnyRequest) -> Response[bytes]:
    """Prometheus' text format; all processes of this machine added up. 404 where the operator keeps it for master
    keys and there is none.
    """
    svc = cast("Services", request.app.state.services)
    if not svc.settings.metrics_public and not await _is_administrator(request):
        raise NotFound("There is nothing at this address; see /docs for what there is.")
    body = await sync_to_thread(_rendered, svc, cast("Meters", request.app.state.meters))
    return Response(body, headers={**_NOT_KEPT, "Content-Type": _TEXT})


def _rendered(svc: Services, meters: Meters) -> bytes:
    from atpix.health import exposition  # its package takes a while to import, and not every server is scraped

    return exposition.render(svc, meters)


async def _is_administrator(request: AnyRequest) -> bool:
    try:
        return isinstance(await authenticate(request), Administrator)
    except AtpixError:
        return False


router = Router("/", route_handlers=[healthz, readyz, metrics], tags=["Operation"])
