"""Errors of delivery: small JSON with a short life."""

from typing import cast

import structlog

from atpix.delivery.conditions import RangeNotSatisfiable
from atpix.delivery.entries import COMMON, VARY, RawHeaders, respond
from atpix.http.rendering import as_atpix, error_body
from atpix.http.types import Scope, Send
from atpix.ids import new_id

log = structlog.get_logger("atpix.delivery")


async def refuse(scope: Scope, send: Send, error: Exception, *, negotiable: bool) -> None:
    """`negotiable`: with another `Accept` the answer might have been another."""
    known = as_atpix(error)
    request_id = cast("str", scope.get("atpix_request_id") or new_id())
    if known.status >= 500:
        log.error("delivery_failed", code=known.code, request_id=request_id, exc_info=error)
    body = error_body(known, request_id)
    headers: RawHeaders = [
        *COMMON,
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store" if known.status >= 500 else b"public, max-age=5"),
        (b"x-request-id", request_id.encode()),
    ]
    if negotiable:
        headers.append(VARY)
    if known.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % known.retry_after_s))
    if known.status == 405:
        headers.append((b"allow", b"GET, HEAD, OPTIONS"))
    if isinstance(known, RangeNotSatisfiable):
        headers.append((b"content-range", b"bytes */%d" % known.size))
    await respond(send, known.status, headers, b"" if scope["method"] == "HEAD" else body)
