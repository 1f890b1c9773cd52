"""Renditions over the API. (Delivery itself does not go through the framework: `application.py`.)"""

from litestar import Response, Router, post
from litestar.params import FromPath

from atpix.db import Writing
from atpix.delivery import actions
from atpix.delivery.actions import Purged
from atpix.http import answers, idempotency
from atpix.http.dependencies import AnyRequest, Svc, Who
from atpix.http.once import Once
from atpix.http.wire import Answer, Wire
from atpix.ids import parse_ref


class PurgedOut(Wire, frozen=True):
    """`dropped`: how many renditions this machine had."""

    id: str
    dropped: int


@post("/{ref:str}/purge", status_code=200, opt={"scope": "write"}, sync_to_thread=True, operation_id="purgeRenditions")
def purge_renditions(request: AnyRequest, ref: FromPath[str], who: Who, svc: Svc) -> Response[Answer[PurgedOut]]:
    """Throw away what was made from this image, to be made again when somebody asks. The image stays as it is."""
    with Once.held(svc, who, request) as once:
        if (before := once.replay(idempotency.fingerprint("POST", request.url.path))) is not None:
            return before

        def seal(tx: Writing, purged: Purged) -> None:
            once.seal(tx, 200, lambda: answers.encoded(PurgedOut(*purged)))

        return answers.tagged(PurgedOut(*actions.purge(svc, who, parse_ref(ref), seal)))


router = Router("/images", route_handlers=[purge_renditions], tags=["Images"])
