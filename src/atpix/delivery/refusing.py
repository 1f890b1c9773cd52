"""Errors of delivery: small JSON with a short life."""

from typing import cast

import structlog

from atpix.delivery.conditions import RangeNotSatisfiable
from atpix.delivery.entries import COMMON, VARY, RawHeaders, respond
from atpix.errors import Overloaded
from atpix.http.rendering import as_atpix, error_body
from atpix.http.types import Scope, Send
from atpix.ids import new_id

log = structlog.get_logger("atpix.delivery")
_OF_ONE_REQUEST = frozenset({405, 416, 429})
_OF_A_PROVIDER = frozenset({"PROVIDER_ERROR", "PROVIDER_TIMEOUT"})
"""Of a live URL's picture. What failed is in the log and the generation already, and any visitor may ask again."""
OF_A_SIGNATURE = frozenset({403, 404})


async def refuse(
    scope: Scope,
    send: Send,
    error: Exception,
    *,
    negotiable: bool,
    private: bool = False,
    signed: bool = False,
    kept: bool = True,
) -> None:
    """`negotiable`: with another `Accept` the answer might have been another. `private`: whoever asked sent a key.
    `signed`: the same address with another signature is answered otherwise. `kept` False: by nobody, whatever it is.
    """
    known = as_atpix(error)
    request_id = cast("str", scope.get("atpix_request_id") or new_id())
    if isinstance(known, Overloaded):
        log.warning("delivery_overloaded", reason=known.message, request_id=request_id)
    elif known.code in _OF_A_PROVIDER:
        log.warning("delivery_refused", code=known.code, reason=known.message, request_id=request_id)
    elif known.status >= 500:
        log.error("delivery_failed", code=known.code, request_id=request_id, exc_info=error)
    body = error_body(known, request_id)
    life = _life(known.status, private=private, signed=signed)
    if not private and (not kept or known.retry_after_s is not None):
        life = b"no-store"
    headers: RawHeaders = [
        *COMMON,
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", life),
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


def _life(status: int, *, private: bool, signed: bool) -> bytes:
    """Not of what depends on more than the address, and not of what may be over in a moment."""
    if private:
        return b"private, no-store"
    if status >= 500 or status in _OF_ONE_REQUEST or (signed and status in OF_A_SIGNATURE):
        return b"no-store"
    return b"public, max-age=5"
