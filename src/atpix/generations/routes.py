"""Generations over HTTP: contract, section 7."""

from functools import partial
from typing import Annotated, cast

from litestar import Response, Router, delete, get, post, put
from litestar.concurrency import sync_to_thread
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Stream

from atpix.generations import actions, events
from atpix.generations.answering import Asking, One, begun, done_once, waited
from atpix.generations.listing import Filter
from atpix.generations.rows import Shown, Status
from atpix.generations.schemas import (
    DeletedGenerationOut,
    GenerationIn,
    GenerationOut,
    GenerationUpdateIn,
    ReplayIn,
    generation_id_of,
)
from atpix.http import answers
from atpix.http.dependencies import AnyRequest, Svc, Who
from atpix.http.paging import Paged, listing
from atpix.http.preferring import Prefer, wait_of
from atpix.http.wire import Answer, Listing, encode
from atpix.images.schemas import flow_id_of

OfFlow = Annotated[str | None, QueryParameter(name="flowId", description="A flow's UUID.")]
OfStatus = Annotated[Status | None, QueryParameter(name="status", description="Only what stands so.")]
LastEventId = Annotated[
    str | None, HeaderParameter(name="Last-Event-ID", description="The id of the last event that you have.")
]
IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="412 unless the generation still has this ETag.")
]
UNDER_WAY = {
    202: ResponseSpec(
        Answer[GenerationOut], generate_examples=False, description="It is under way; Location says where to look."
    )
}


@post("/", opt={"scope": "generate"}, operation_id="createGeneration", responses=UNDER_WAY)
async def create_generation(
    request: AnyRequest, data: JSONBody[GenerationIn], who: Who, svc: Svc, prefer: Prefer = None
) -> One:
    """Make an image from a prompt. 201 when it ended in the time that `Prefer: wait` allows, with status `success` or
    `failed`; else 202, and it goes on.
    """
    asking, order = Asking(request, svc, who), data.order()
    work = partial(actions.create, svc, who, order)
    return await begun(asking, work, prefer, ended_status=201, body=encode(data))


@get("/", opt={"scope": "read"}, sync_to_thread=True, operation_id="listGenerations")
def list_generations(
    who: Who, svc: Svc, window: Paged, flow_id: OfFlow = None, status: OfStatus = None
) -> Listing[GenerationOut]:
    """Newest first. Filters combine with AND; no hit is an empty list."""
    page = actions.list_generations(svc, who, Filter(flow=flow_id_of(flow_id), status=status), window)
    cdn = svc.settings.cdn
    return listing(page, window, lambda shown: GenerationOut.of(shown, who, cdn), _id)


@get("/{generation_id:str}", opt={"scope": "read"}, operation_id="getGeneration")
async def get_generation(request: AnyRequest, generation_id: FromPath[str], who: Who, svc: Svc) -> One:
    """As it stands now."""
    shown = await svc.db.on_loop(actions.get, svc, who, generation_id_of(generation_id))
    return answers.read(request, GenerationOut.of(shown, who, svc.settings.cdn), {})


@get(
    "/{generation_id:str}/events",
    opt={"scope": "read"},
    operation_id="streamGeneration",
    media_type=events.MEDIA_TYPE,
    responses={204: ResponseSpec(bytes, generate_examples=False, description="You have seen its end.")},
)
async def stream_generation(
    request: AnyRequest, generation_id: FromPath[str], who: Who, svc: Svc, last_event_id: LastEventId = None
) -> Response[bytes]:
    """Server-sent events: `status` with the generation as JSON, at once and with every change, until it has ended."""
    asking, generation = Asking(request, svc, who), generation_id_of(generation_id)
    shown = await svc.db.on_loop(actions.get, svc, who, generation)
    if events.has_seen_the_end(asking, shown, last_event_id):
        return Response(b"", status_code=204, headers=events.HEADERS)
    body = events.stream(asking, generation, last_event_id)
    return cast("Response[bytes]", Stream(body, media_type=events.MEDIA_TYPE, headers=events.HEADERS))


@put("/{generation_id:str}", opt={"scope": "generate"}, operation_id="updateGeneration", responses=UNDER_WAY)
async def update_generation(
    request: AnyRequest,
    generation_id: FromPath[str],
    data: JSONBody[GenerationUpdateIn],
    who: Who,
    svc: Svc,
    prefer: Prefer = None,
    if_match: IfMatch = None,
) -> One:
    """Another prompt or ratio generates again, under the same id; `flowId` and `meta` only change the record."""
    preference, generation, change = wait_of(prefer), generation_id_of(generation_id), data.change()
    asking = Asking(request, svc, who)
    made = await sync_to_thread(actions.update, svc, who, generation, change, asking.unless_changed(if_match))
    if not made.begun:
        return answers.tagged(asking.out(made.shown))
    asking.wake()
    return await waited(asking, made, preference, ended_status=200)


@post(
    "/{generation_id:str}/regenerate",
    status_code=200,
    opt={"scope": "generate"},
    operation_id="regenerateGeneration",
    responses=UNDER_WAY,
)
async def regenerate(
    request: AnyRequest,
    generation_id: FromPath[str],
    who: Who,
    svc: Svc,
    prefer: Prefer = None,
    if_match: IfMatch = None,
) -> One:
    """A new image by the same recipe, under the same generation. Names of the old one move to it in one step."""
    asking, generation = Asking(request, svc, who), generation_id_of(generation_id)
    work = partial(actions.regenerate, svc, who, generation, allowed=asking.unless_changed(if_match))
    return await begun(asking, work, prefer, ended_status=200)


@post("/{generation_id:str}/replay", opt={"scope": "generate"}, operation_id="replayGeneration", responses=UNDER_WAY)
async def replay(
    request: AnyRequest,
    generation_id: FromPath[str],
    who: Who,
    svc: Svc,
    data: JSONBody[ReplayIn | None] = None,
    prefer: Prefer = None,
) -> One:
    """A new generation by the same recipe: the prompt as it was used, the images that went in. Without its names."""
    asking, generation, wanted = Asking(request, svc, who), generation_id_of(generation_id), data or ReplayIn()
    work = partial(actions.replay, svc, who, generation, wanted.substitutes())
    return await begun(asking, work, prefer, ended_status=201, body=encode(wanted))


@post("/{generation_id:str}/cancel", status_code=200, opt={"scope": "generate"}, operation_id="cancelGeneration")
async def cancel(request: AnyRequest, generation_id: FromPath[str], who: Who, svc: Svc) -> One:
    """One that waits or is under way becomes `failed`, with the code `CANCELLED`. One that has ended stays."""
    asking, generation = Asking(request, svc, who), generation_id_of(generation_id)
    found = await sync_to_thread(done_once, asking, partial(actions.cancel, svc, who, generation), 200)
    if isinstance(found, Response):
        return found
    cancelled = found[0]
    asking.gave_up(cancelled.before)
    return answers.tagged(asking.out(cancelled.shown))


@delete("/{generation_id:str}", status_code=200, opt={"scope": "delete"}, operation_id="deleteGeneration")
async def delete_generation(
    request: AnyRequest, generation_id: FromPath[str], who: Who, svc: Svc, if_match: IfMatch = None
) -> Answer[DeletedGenerationOut]:
    """For ever, with the images that it made, but for those that the project has a name for."""
    asking, generation = Asking(request, svc, who), generation_id_of(generation_id)
    deleted = await sync_to_thread(actions.delete, svc, who, generation, asking.unless_changed(if_match))
    asking.gave_up(deleted.before)
    return Answer(data=DeletedGenerationOut.of(deleted))


def _id(shown: Shown) -> str:
    return shown.generation.id


router = Router(
    "/generations",
    route_handlers=[
        create_generation, list_generations, get_generation, stream_generation, update_generation, regenerate, replay,
        cancel, delete_generation,
    ],
    tags=["Generations"],
)  # fmt: skip
