"""`POST /images/upload`: the one route that reads its body as it arrives. Only here do bytes come in asynchronously."""

import hashlib
from typing import cast

from litestar import Response, post
from litestar.openapi import ResponseSpec

from atpix.blobs import StagedFile
from atpix.caller import Caller
from atpix.db import Writing
from atpix.http import answers, idempotency
from atpix.http.conditional import etag_of
from atpix.http.dependencies import AnyRequest, Svc, Who
from atpix.http.once import Once
from atpix.http.receiving import Headers, Lane, Received, Rules, receive
from atpix.http.wire import Answer, encode
from atpix.images import form, uploads
from atpix.images.schemas import ImageOut
from atpix.images.uploads import Kept
from atpix.services import Services


@post(
    "/upload",
    opt={"scope": "write", "form": form.DESCRIBED},
    request_max_body_size=None,
    operation_id="uploadImage",
    responses={200: ResponseSpec(Answer[ImageOut], generate_examples=False, description="It was here already.")},
)
async def upload_image(request: AnyRequest, who: Who, svc: Svc) -> Response[Answer[ImageOut]]:
    """Check it whole, store it, name it: all or nothing. 200 when `onDuplicate=reuse` found it here already."""
    lane = cast("Lane", request.app.state.lane)
    with lane.place():
        retriable = "idempotency-key" in request.headers
        once = await lane.run(Once.held, svc, who, request) if retriable else Once(svc, None)
        try:
            async with once.kept_up():
                received = await receive(request.stream(), _headers(request), _rules(who, svc), svc.blobs.stage)
                assert received.file is not None
                with received.file as staged:
                    return await lane.run(_kept, svc, who, received, staged, once)
        except BaseException:
            if once.active:
                await lane.run(once.release)
            raise


def _kept(svc: Services, who: Caller, received: Received, staged: StagedFile, once: Once) -> Response[Answer[ImageOut]]:
    if once.active and (before := once.replay(_fingerprint(received, staged))) is not None:
        return before
    order = form.order_of(received)

    def seal(tx: Writing, kept: Kept) -> None:
        once.seal(tx, _status(kept), lambda: answers.encoded(_out(kept, who, svc), etag=_etag(kept, who, svc)))

    kept = uploads.keep(svc, who, staged, order, seal)
    headers = {"ETag": _etag(kept, who, svc)}
    return answers.tagged(_out(kept, who, svc), status=_status(kept), headers=headers)


def _etag(kept: Kept, who: Caller, svc: Services) -> str:
    """What a later read says: without `locationFound`."""
    return etag_of(encode(ImageOut.in_full(kept.image, who, svc.settings.cdn)))


def _out(kept: Kept, who: Caller, svc: Services) -> ImageOut:
    return ImageOut.in_full(kept.image, who, svc.settings.cdn, location_found=kept.location_found)


def _status(kept: Kept) -> int:
    return 201 if kept.created else 200


def _headers(request: AnyRequest) -> Headers:
    length = request.headers.get("content-length", "")
    return Headers(request.headers.get("content-type", ""), int(length) if length.isdecimal() else None)


def _rules(who: Caller, svc: Services) -> Rules:
    limit = min(who.settings.max_file_bytes or svc.settings.max_file_bytes, svc.settings.max_file_bytes)
    return Rules(form.FIELDS, limit, svc.settings.upload_timeout_s)


def _fingerprint(received: Received, staged: StagedFile) -> str:
    """Of what was meant, not of how it was framed: a retry's boundary differs."""
    with staged.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    fields = [part for pair in sorted(received.fields.items()) for part in pair]
    return idempotency.fingerprint("POST", "upload", digest, received.filename or "", *fields)
