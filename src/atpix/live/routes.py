"""Scopes of live URLs over HTTP: contract, section 8. (The URLs themselves: `application`.)"""

from typing import Annotated

from litestar import Response, Router, delete, get, post, put
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath, HeaderParameter, JSONBody

from atpix.caller import Caller
from atpix.db import Writing
from atpix.generations.answering import Asking
from atpix.http import answers, idempotency
from atpix.http.conditional import etag_of, require_match
from atpix.http.dependencies import AnyRequest, Svc, Who
from atpix.http.once import Once
from atpix.http.paging import Paged, listing
from atpix.http.wire import Answer, Listing, encode
from atpix.live import actions
from atpix.live.actions import NewScope, Precondition, Regenerated
from atpix.live.rows import Scope
from atpix.live.schemas import DeletedScopeOut, RegeneratedOut, RegenerateIn, ScopeIn, ScopeOut, ScopePatch, slug_of
from atpix.services import Services

IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="412 unless the scope still has this ETag.")
]
One = Response[Answer[ScopeOut]]


@post("/", opt={"scope": "write"}, sync_to_thread=True, operation_id="createLiveScope")
def create_scope(request: AnyRequest, data: JSONBody[ScopeIn], who: Who, svc: Svc) -> One:
    """Live URLs are made in scopes, and scopes are made on purpose: no public request makes one."""
    new = NewScope(
        slug=slug_of(data.slug),
        allow_new_generations=data.allow_new_generations,
        new_generations_limit=data.new_generations_limit,
        meta=data.checked_meta(),
    )
    with Once.held(svc, who, request) as once:
        if (before := once.replay(idempotency.fingerprint("POST", request.url.path, encode(data)))) is not None:
            return before

        def seal(tx: Writing, made: Scope) -> None:
            once.seal(tx, 201, lambda: answers.encoded(_out(made, who, svc)))

        return answers.tagged(_out(actions.create(svc, who, new, seal), who, svc), status=201)


@get("/", opt={"scope": "read"}, sync_to_thread=True, operation_id="listLiveScopes")
def list_scopes(who: Who, svc: Svc, window: Paged) -> Listing[ScopeOut]:
    """Newest first."""
    return listing(actions.list_scopes(svc, who, window), window, lambda scope: _out(scope, who, svc), _id)


@get("/{slug:str}", opt={"scope": "read"}, sync_to_thread=True, operation_id="getLiveScope")
def get_scope(request: AnyRequest, slug: FromPath[str], who: Who, svc: Svc) -> One:
    """With how many pictures it has."""
    return answers.read(request, _out(actions.get(svc, who, slug_of(slug)), who, svc), {})


@put("/{slug:str}", opt={"scope": "write"}, sync_to_thread=True, operation_id="updateLiveScope")
def update_scope(slug: FromPath[str], data: JSONBody[ScopePatch], who: Who, svc: Svc, if_match: IfMatch = None) -> One:
    """Its limits and `meta`. What is absent stays; `meta` is replaced whole."""
    allowed = _unless_changed(if_match, who, svc)
    return answers.tagged(_out(actions.update(svc, who, slug_of(slug), data.change(), allowed), who, svc))


@delete("/{slug:str}", status_code=200, opt={"scope": "delete"}, operation_id="deleteLiveScope")
async def delete_scope(
    request: AnyRequest, slug: FromPath[str], who: Who, svc: Svc, if_match: IfMatch = None
) -> Response[Answer[DeletedScopeOut]]:
    """Its URLs end at once, and what is being made for them is cancelled. The pictures that they made stay in the
    project; `imagesKept` says how many.
    """
    allowed = _unless_changed(if_match, who, svc)
    deleted = await sync_to_thread(actions.delete, svc, who, slug_of(slug), allowed)
    asking = Asking(request, svc, who)
    for run in deleted.under_way:
        asking.gave_up(run)
    return answers.tagged(DeletedScopeOut.of(deleted))


@post(
    "/{slug:str}/regenerate",
    status_code=202,
    opt={"scope": "generate"},
    sync_to_thread=True,
    operation_id="regenerateLiveScope",
)
def regenerate_scope(
    request: AnyRequest,
    slug: FromPath[str],
    who: Who,
    svc: Svc,
    data: JSONBody[RegenerateIn | None] = None,
    if_match: IfMatch = None,
) -> Response[Answer[RegeneratedOut]]:
    """Make one of its pictures again, or every one that can be; `skipped` says which cannot. Its URLs show the old ones
    until the new ones are there.
    """
    wanted, scope = data or RegenerateIn(), slug_of(slug)
    with Once.held(svc, who, request) as once:
        if (before := once.replay(idempotency.fingerprint("POST", request.url.path, encode(wanted)))) is not None:
            return before

        def seal(tx: Writing, done: Regenerated) -> None:
            once.seal(tx, 202, lambda: answers.encoded(RegeneratedOut.of(done)))

        done = actions.regenerate(svc, who, scope, wanted.image(), seal, _unless_changed(if_match, who, svc))
    request.app.state.wake()
    return answers.tagged(RegeneratedOut.of(done), status=202)


def _unless_changed(if_match: str | None, who: Caller, svc: Services) -> Precondition:
    """`If-Match`, held against the scope as the transaction sees it."""
    return lambda scope: require_match(if_match, lambda: etag_of(encode(_out(scope, who, svc))))


def _out(scope: Scope, who: Caller, svc: Services) -> ScopeOut:
    return ScopeOut.of(scope, who, svc.settings.cdn)


def _id(scope: Scope) -> str:
    return scope.id


router = Router(
    "/live/scopes",
    route_handlers=[create_scope, list_scopes, get_scope, update_scope, delete_scope, regenerate_scope],
    tags=["Live URLs"],
)
