"""Flows over HTTP: contract, section 6."""

from functools import partial
from typing import Annotated

from litestar import Response, Router, delete, get, post, put
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath, HeaderParameter, JSONBody

from atpix.db import Writing
from atpix.flows import actions
from atpix.flows.actions import Precondition
from atpix.flows.rows import Flow
from atpix.flows.schemas import DeletedFlowOut, FlowAliasesIn, FlowIn, FlowOut, FlowUpdateIn, flow_of
from atpix.generations.answering import Asking, begun
from atpix.generations.answering import One as OneGeneration
from atpix.generations.routes import UNDER_WAY
from atpix.generations.schemas import GenerationOut
from atpix.http import answers, idempotency
from atpix.http.conditional import etag_of, require_match
from atpix.http.dependencies import AnyRequest, Svc, Who
from atpix.http.once import Once
from atpix.http.paging import Paged, listing
from atpix.http.preferring import Prefer
from atpix.http.wire import Answer, Listing, encode
from atpix.ids import Alias
from atpix.images.rows import Image
from atpix.images.schemas import ImageOut

IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="412 unless the flow still has this ETag.")
]
One = Response[Answer[FlowOut]]


@post("/", opt={"scope": "write"}, sync_to_thread=True, operation_id="createFlow")
def create_flow(request: AnyRequest, who: Who, svc: Svc, data: JSONBody[FlowIn | None] = None) -> One:
    """An empty one. Uploads and generations that name an unknown flow make it themselves."""
    wanted = data or FlowIn()
    meta = wanted.checked_meta()
    with Once.held(svc, who, request) as once:
        if (before := once.replay(idempotency.fingerprint("POST", request.url.path, encode(wanted)))) is not None:
            return before

        def seal(tx: Writing, made: Flow) -> None:
            once.seal(tx, 201, lambda: answers.encoded(FlowOut.of(made)))

        return answers.tagged(FlowOut.of(actions.create(svc, who, meta, seal)), status=201)


@get("/", opt={"scope": "read"}, sync_to_thread=True, operation_id="listFlows")
def list_flows(who: Who, svc: Svc, window: Paged) -> Listing[FlowOut]:
    """Newest first."""
    return listing(actions.list_flows(svc, who, window), window, FlowOut.of, _id)


@get("/{flow_id:str}", opt={"scope": "read"}, sync_to_thread=True, operation_id="getFlow")
def get_flow(request: AnyRequest, flow_id: FromPath[str], who: Who, svc: Svc) -> One:
    """With its names, and how much is in it."""
    return answers.read(request, FlowOut.of(actions.get(svc, who, flow_of(flow_id))), {})


@put("/{flow_id:str}", opt={"scope": "write"}, sync_to_thread=True, operation_id="updateFlow")
def update_flow(
    flow_id: FromPath[str], data: JSONBody[FlowUpdateIn], who: Who, svc: Svc, if_match: IfMatch = None
) -> One:
    """Replace its `meta` as a whole."""
    changed = actions.update(svc, who, flow_of(flow_id), data.checked_meta(), _unless_changed(if_match))
    return answers.tagged(FlowOut.of(changed))


@get("/{flow_id:str}/images", opt={"scope": "read"}, sync_to_thread=True, operation_id="listFlowImages")
def list_flow_images(flow_id: FromPath[str], who: Who, svc: Svc, window: Paged) -> Listing[ImageOut]:
    """Newest first, uploaded and generated."""
    page, cdn = actions.list_images(svc, who, flow_of(flow_id), window), svc.settings.cdn
    return listing(page, window, lambda image: ImageOut.of(image, who, cdn), _id)


@get("/{flow_id:str}/generations", opt={"scope": "read"}, sync_to_thread=True, operation_id="listFlowGenerations")
def list_flow_generations(flow_id: FromPath[str], who: Who, svc: Svc, window: Paged) -> Listing[GenerationOut]:
    """Newest first."""
    page, cdn = actions.list_generations(svc, who, flow_of(flow_id), window), svc.settings.cdn
    return listing(page, window, lambda shown: GenerationOut.of(shown, who, cdn), lambda shown: shown.generation.id)


@post(
    "/{flow_id:str}/regenerate",
    status_code=200,
    opt={"scope": "generate"},
    operation_id="regenerateFlow",
    responses=UNDER_WAY,
)
async def regenerate_flow(
    request: AnyRequest, flow_id: FromPath[str], who: Who, svc: Svc, prefer: Prefer = None
) -> OneGeneration:
    """The newest generation again: a new image, to which names of the old one move in one step."""
    asking, flow = Asking(request, svc, who), flow_of(flow_id)
    return await begun(asking, partial(actions.regenerate, svc, who, flow), prefer, ended_status=200)


@put("/{flow_id:str}/aliases", opt={"scope": "write"}, sync_to_thread=True, operation_id="nameInFlow")
def name_in_flow(
    flow_id: FromPath[str], data: JSONBody[FlowAliasesIn], who: Who, svc: Svc, if_match: IfMatch = None
) -> One:
    """Give and take names of this flow, all of them or none. A flow may name any image of its project."""
    allowed = _unless_changed(if_match)
    return answers.tagged(FlowOut.of(actions.name_images(svc, who, flow_of(flow_id), data.moves(), allowed)))


@delete(
    "/{flow_id:str}/aliases/{alias:str}",
    status_code=200,
    opt={"scope": "write"},
    sync_to_thread=True,
    operation_id="removeFlowAlias",
)
def remove_flow_alias(
    flow_id: FromPath[str], alias: FromPath[str], who: Who, svc: Svc, if_match: IfMatch = None
) -> One:
    """Take one name away; its image stays."""
    name, allowed = Alias.parse(alias), _unless_changed(if_match)
    return answers.tagged(FlowOut.of(actions.remove_alias(svc, who, flow_of(flow_id), name, allowed)))


@delete("/{flow_id:str}", status_code=200, opt={"scope": "delete"}, operation_id="deleteFlow")
async def delete_flow(
    request: AnyRequest, flow_id: FromPath[str], who: Who, svc: Svc, if_match: IfMatch = None
) -> Answer[DeletedFlowOut]:
    """For ever, with its generations and images. Images that the project has a name for stay, without a flow."""
    deleted = await sync_to_thread(actions.delete, svc, who, flow_of(flow_id), _unless_changed(if_match))
    asking = Asking(request, svc, who)
    for run in deleted.under_way:
        asking.gave_up(run)
    return Answer(data=DeletedFlowOut.of(deleted))


def _unless_changed(if_match: str | None) -> Precondition:
    """`If-Match`, held against the flow as the transaction sees it."""
    return lambda flow: require_match(if_match, lambda: etag_of(encode(FlowOut.of(flow))))


def _id(row: Flow | Image) -> str:
    return row.id


router = Router(
    "/flows",
    route_handlers=[
        create_flow, list_flows, get_flow, update_flow, list_flow_images, list_flow_generations, regenerate_flow,
        name_in_flow, remove_flow_alias, delete_flow,
    ],
    tags=["Flows"],
)  # fmt: skip
