"""Images over HTTP: contract, section 3."""

from typing import Annotated, Literal

from litestar import Response, Router, delete, get, patch, post, put
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from atpix.caller import Caller
from atpix.db import Writing
from atpix.http import answers, idempotency
from atpix.http.conditional import etag_of, require_match
from atpix.http.dependencies import AnyRequest, Svc, Who
from atpix.http.once import Once
from atpix.http.paging import Paged, listing
from atpix.http.wire import Answer, Listing, encode
from atpix.ids import Alias, ImageId, parse_ref, parse_uuid
from atpix.images import actions, consequences
from atpix.images.actions import Precondition
from atpix.images.listing import Filter, Source
from atpix.images.receipt import upload_image
from atpix.images.rows import Image
from atpix.images.schemas import AliasIn, ConsequencesOut, DeletedOut, ImageOut, UpdateIn, flow_id_of
from atpix.services import Services

FlowId = Annotated[str | None, QueryParameter(name="flowId", description="A flow's UUID.")]
IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="412 unless the image still has this ETag.")
]
OfSource = Annotated[Source | None, QueryParameter(name="source", description="Only what came in this way.")]
IncludeDeleted = Annotated[
    Literal["true", "false"], QueryParameter(name="includeDeleted", description="What is in the trash, too.")
]
_FAR = 10_000
"""An offset beyond it takes milliseconds, too long for the event loop."""

One = Response[Answer[ImageOut]]


@get("/", opt={"scope": "read"}, operation_id="listImages")
async def list_images(
    who: Who,
    svc: Svc,
    window: Paged,
    flow_id: FlowId = None,
    source: OfSource = None,
    alias: Annotated[str | None, QueryParameter(name="alias", description="A project alias, exactly.")] = None,
    include_deleted: IncludeDeleted = "false",
) -> Listing[ImageOut]:
    """Newest first. Filters combine with AND; no hit is an empty list."""
    wanted = Filter(
        flow=flow_id_of(flow_id),
        source=source,
        alias=None if alias is None else Alias.parse_any(alias),
        include_deleted=include_deleted == "true",
    )
    if window.offset > _FAR:
        page = await sync_to_thread(actions.list_images, svc, who, wanted, window)
    else:
        page = await svc.db.on_loop(actions.list_images, svc, who, wanted, window)
    cdn = svc.settings.cdn
    return listing(page, window, lambda image: ImageOut.of(image, who, cdn), _id)


@get("/{ref:str}", opt={"scope": "read"}, operation_id="getImage")
async def get_image(request: AnyRequest, ref: FromPath[str], who: Who, svc: Svc, flow_id: FlowId = None) -> One:
    """By UUID or by name. With `flowId` the flow's name is tried first, then the project's."""
    found = await svc.db.on_loop(actions.get, svc, who, parse_ref(ref), flow_id_of(flow_id))
    return answers.read(request, ImageOut.in_full(found.image, who, svc.settings.cdn), {"Atpix-Resolved-By": found.by})


@put("/{ref:str}", opt={"scope": "write"}, sync_to_thread=True, operation_id="updateImage")
def update_image(ref: FromPath[str], data: JSONBody[UpdateIn], who: Who, svc: Svc, if_match: IfMatch = None) -> One:
    """Set the focal point and/or `meta`. What is absent stays; `focalPoint: null` clears; `meta` is replaced whole."""
    change = data.change(patch=False)
    return _one(actions.update(svc, who, parse_ref(ref), change, _unless_changed(if_match, who, svc)), who, svc)


@patch("/{ref:str}", opt={"scope": "write"}, sync_to_thread=True, operation_id="patchImage")
def patch_image(ref: FromPath[str], data: JSONBody[UpdateIn], who: Who, svc: Svc, if_match: IfMatch = None) -> One:
    """The JSON merge patch (RFC 7396) of the focal point and `meta`."""
    change = data.change(patch=True)
    return _one(actions.update(svc, who, parse_ref(ref), change, _unless_changed(if_match, who, svc)), who, svc)


@put("/{ref:str}/alias", opt={"scope": "write"}, sync_to_thread=True, operation_id="assignAlias")
def assign_alias(ref: FromPath[str], data: JSONBody[AliasIn], who: Who, svc: Svc, if_match: IfMatch = None) -> One:
    """Name this image. Whichever image had the name loses it in the same step; `displaced` says which."""
    allowed = _unless_changed(if_match, who, svc)
    if data.alias is None:
        left = actions.remove_alias(svc, who, parse_ref(ref), allowed, expect=data.expected(), note=data.note)
        return _one(left, who, svc)
    assigned = actions.assign_alias(svc, who, parse_ref(ref), data.move, allowed)
    etag = etag_of(encode(ImageOut.in_full(assigned.image, who, svc.settings.cdn)))
    out = ImageOut.in_full(assigned.image, who, svc.settings.cdn, displaced=assigned.displaced)
    return answers.tagged(out, headers={"ETag": etag})


@delete("/{ref:str}/alias", status_code=200, opt={"scope": "write"}, sync_to_thread=True, operation_id="removeAlias")
def remove_alias(ref: FromPath[str], who: Who, svc: Svc, if_match: IfMatch = None) -> One:
    """Take its project alias from an image. One that has none stays as it is."""
    return _one(actions.remove_alias(svc, who, parse_ref(ref), _unless_changed(if_match, who, svc)), who, svc)


@delete("/{ref:str}", status_code=200, opt={"scope": "delete"}, sync_to_thread=True, operation_id="deleteImage")
def delete_image(
    ref: FromPath[str],
    who: Who,
    svc: Svc,
    trash: Annotated[
        Literal["true", "false"], QueryParameter(name="trash", description="Keep it, restorable.")
    ] = "false",
    dry_run: Annotated[
        Literal["true", "false"], QueryParameter(name="dryRun", description="Say what would break; delete nothing.")
    ] = "false",
    if_match: IfMatch = None,
) -> Answer[DeletedOut]:
    """For ever, with its file and names; with `trash=true` only out of sight, for the project's retention time."""
    allowed, into_trash = _unless_changed(if_match, who, svc), trash == "true"
    if dry_run == "true":
        found = consequences.of(svc, who, parse_ref(ref), allowed, trash=into_trash)
        return Answer(data=DeletedOut(found.image.id, ConsequencesOut.of(found, who, svc.settings.cdn)))
    action = actions.trash if into_trash else actions.delete
    return Answer(data=DeletedOut(action(svc, who, parse_ref(ref), allowed)))


@post(
    "/{ref:str}/restore",
    status_code=200,
    opt={"scope": "write", "ref": "id"},
    sync_to_thread=True,
    operation_id="restoreImage",
)
def restore_image(request: AnyRequest, ref: FromPath[str], who: Who, svc: Svc) -> One:
    """Bring an image back from the trash, by its UUID. Its names were released when it went."""
    image = ImageId(parse_uuid(ref, "ref"))
    with Once.held(svc, who, request) as once:
        if (before := once.replay(idempotency.fingerprint("POST", request.url.path))) is not None:
            return before

        def seal(tx: Writing, found: Image) -> None:
            once.seal(tx, 200, lambda: answers.encoded(ImageOut.in_full(found, who, svc.settings.cdn)))

        return _one(actions.restore(svc, who, image, seal), who, svc)


def _one(image: Image, who: Caller, svc: Services) -> One:
    return answers.tagged(ImageOut.in_full(image, who, svc.settings.cdn))


def _unless_changed(if_match: str | None, who: Caller, svc: Services) -> Precondition:
    """`If-Match`, held against the image as the transaction sees it."""

    def check(image: Image) -> None:
        current = ImageOut.in_full(image, who, svc.settings.cdn)
        require_match(if_match, lambda: etag_of(encode(current)))

    return check if if_match is not None else lambda _image: None


def _id(image: Image) -> str:
    return image.id


router = Router(
    "/images",
    route_handlers=[
        upload_image, list_images, get_image, update_image, patch_image, assign_alias, remove_alias, delete_image,
        restore_image,
    ],
    tags=["Images"],
)  # fmt: skip
