"""What the OpenAPI document says of live URLs, which the framework does not know."""

from typing import Any, get_args

from atpix.delivery import openapi as delivery
from atpix.generations.prompts import Template
from atpix.http.openapi import refusals
from atpix.http.openapi.headers import headers, parameters
from atpix.http.openapi.schemas import SLUG
from atpix.providers.values import ASPECT_RATIOS

Json = dict[str, Any]

_PATH = "/cdn/{organization}/{project}/live/{scope}"
_ABOUT = """\
Public, without a key. Whoever asks first has the picture made, under the limits of its scope; everyone after that gets
what was made, as fast as an image by its id. The parameters of delivery (`w`, `h`, `format` and all others) shape the
picture as they do there.

While it is being made a request waits for it, up to 60 seconds; where the project's `liveWait` is false, or the time is
over, the answer is 202: a page that loads itself again, a drawing for `<img>`, or JSON, by `Accept`. HEAD has nothing
made.
"""
_SENT = ("X-Cache-Status", "X-Scope", "X-Image-Id", "X-Generation-Id", "Content-Location", "Cache-Control", "ETag",
         "Content-Length", "Cache-Tag", "Surrogate-Key", "Vary", "Access-Control-Allow-Origin")  # fmt: skip
_PENDING = ("X-Cache-Status", "X-Scope", "X-Generation-Id", "Cache-Control", "Retry-After", "Vary")
_CODES = (
    *refusals.EVERY, "VALIDATION_ERROR", "FORBIDDEN", "NOT_FOUND", "SCOPE_NOT_FOUND", "IMAGE_NOT_FOUND",
    "BUDGET_EXCEEDED", "IMAGE_TOO_LARGE", "RANGE_NOT_SATISFIABLE", "INVALID_IMAGE", "RATE_LIMIT_EXCEEDED",
    "SCOPE_GENERATION_LIMIT_EXCEEDED", "CONTENT_BLOCKED", "PROVIDER_RATE_LIMIT", "PROVIDER_ERROR", "PROVIDER_TIMEOUT",
)  # fmt: skip


def path_items() -> dict[str, Json]:
    slugs = [_part(name) for name in ("organization", "project", "scope")]
    shared = [*slugs, *_OWN, *delivery.query_parameters()]
    return {_PATH: {"parameters": shared, "get": _operation("get"), "head": _operation("head")}}


def _operation(method: str) -> Json:
    made = method == "get"
    return {
        "operationId": "deliverLiveImage" if made else "headLiveImage",
        "summary": "Make and deliver a picture" if made else "Look whether a picture is made",
        "description": _ABOUT,
        "tags": ["Live URLs"],
        "security": [],
        "parameters": parameters("Accept", "If-None-Match", *(("Range", "If-Range") if made else ())),
        "responses": _successes(with_body=made) | _refusals(with_body=made),
    }


def _successes(*, with_body: bool) -> dict[str, Json]:
    whole: Json = {"description": "The picture.", "headers": headers(*_SENT)}
    pending: Json = {"description": "It is being made; ask again.", "headers": headers(*_PENDING)}
    unchanged: Json = {"description": "You have it already.", "headers": headers("ETag", "Cache-Control", "X-Scope")}
    if not with_body:
        return {"200": whole, "202": pending, "304": unchanged}
    files = {f"image/{kind}": _FILE for kind in ("png", "jpeg", "webp", "avif", "gif")}
    waiting = {"text/html": _TEXT, "image/svg+xml": _FILE, "application/json": {"schema": {"type": "object"}}}
    parts: Json = {"description": "The parts asked for.", "headers": headers("Content-Range", "X-Scope")}
    return {
        "200": whole | {"content": {**files, "text/plain": _FILE, "application/json": {"schema": {"type": "object"}}}},
        "202": pending | {"content": waiting},
        "206": parts | {"content": {**files, "multipart/byteranges": _FILE}},
        "304": unchanged,
    }


def _refusals(*, with_body: bool) -> dict[str, Json]:
    found = refusals.responses(tuple(code for code in _CODES if with_body or code != "RANGE_NOT_SATISFIABLE"))
    if not with_body:
        for response in found.values():
            del response["content"]
    return found | {"431": {"description": "Address and headers together are longer than 64 KiB; there is no body."}}


_FILE: Json = {"schema": {"type": "string", "format": "binary"}}
_TEXT: Json = {"schema": {"type": "string"}}


def _part(name: str) -> Json:
    schema = {"type": "string", **SLUG}
    return {"name": name, "in": "path", "required": True, "description": "Its slug.", "schema": schema}


def _query(name: str, about: str, **schema: object) -> Json:
    return {"name": name, "in": "query", "description": about, "schema": {"type": "string", **schema}}


_OWN = [
    _query("prompt", "What the picture shows, in 1 to 32,000 characters, none of them a control character.",
           minLength=1, maxLength=32_000) | {"required": True},
    _query("aspectRatio", "Its ratio.", enum=list(ASPECT_RATIOS), default="16:9"),
    _query("autoEnhance", "Whether an enhancer may improve the prompt.", enum=["true", "false"], default="true"),
    _query("template", "How it improves it.", enum=list(get_args(Template)), default="general"),
]  # fmt: skip
