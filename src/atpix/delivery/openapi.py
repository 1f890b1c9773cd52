"""What the OpenAPI document says of delivery, which the framework does not know."""

from typing import Any

from atpix.http.openapi import refusals
from atpix.http.openapi.headers import headers, parameters
from atpix.http.openapi.schemas import ALIAS, SLUG, UUID

Json = dict[str, Any]

_BASE = "/cdn/{organization}/{project}/img/{ref}"
_SENT = (
    "Content-Length", "Cache-Control", "ETag", "Last-Modified", "Accept-Ranges", "Content-Location", "Cache-Tag",
    "Surrogate-Key", "Server-Timing", "Access-Control-Allow-Origin",
)  # fmt: skip
_KEPT = ("Cache-Control", "ETag", "Last-Modified", "Content-Location", "Cache-Tag", "Surrogate-Key", "Server-Timing")
_CODES = (
    *refusals.EVERY, *refusals.WITH_REF, "VALIDATION_ERROR", "NOT_FOUND", "RANGE_NOT_SATISFIABLE",
)  # fmt: skip
_FILE: Json = {"schema": {"type": "string", "format": "binary"}}
_ABOUT = """\
Public, without a key. By UUID: `Cache-Control: public, max-age=31536000, immutable`, for the bytes under an id never
change. By alias: a short life in browsers, `Content-Location` names the permanent address, and the request after a
reassignment gets the new image. Unknown query parameters are ignored. Where a CDN host is configured, `storageUrl` of
an image says so.
"""
_NAMED = "The name at the end is for people and search engines; it may be anything."


def path_items() -> dict[str, Json]:
    return {_BASE: _item(named=False), f"{_BASE}/{{filename}}": _item(named=True)}


def _item(*, named: bool) -> Json:
    return {
        "parameters": [_part(*part) for part in (*_PARTS, *(_FILENAME if named else ()))],
        "get": _operation(named=named, head=False),
        "head": _operation(named=named, head=True),
    }


def _operation(*, named: bool, head: bool) -> Json:
    conditions = ("If-None-Match", "If-Modified-Since", *(() if head else ("Range", "If-Range")))
    return {
        "operationId": ("head" if head else "deliver") + "Image" + ("Named" if named else ""),
        "summary": ("Look at" if head else "Deliver") + " an image" + (" under a file name" if named else ""),
        "description": f"{_ABOUT}\n{_NAMED}" if named else _ABOUT,
        "tags": ["Delivery"],
        "security": [],
        "parameters": parameters(*conditions),
        "responses": _successes(head=head) | _refusals(head=head),
    }


def _successes(*, head: bool) -> dict[str, Json]:
    types = ("image/png", "image/jpeg", "image/webp", "image/avif", "image/gif")
    whole: Json = {"description": "The image.", "headers": headers(*_SENT)}
    unchanged: Json = {"description": "You have it already.", "headers": headers(*_KEPT)}
    if head:
        return {"200": whole, "304": unchanged}
    files = dict.fromkeys(types, _FILE)
    parts: Json = {"description": "The parts asked for.", "headers": headers(*_SENT, "Content-Range")}
    return {
        "200": whole | {"content": files},
        "206": parts | {"content": files | {"multipart/byteranges": _FILE}},
        "304": unchanged,
    }


def _refusals(*, head: bool) -> dict[str, Json]:
    codes = tuple(code for code in _CODES if not (head and code == "RANGE_NOT_SATISFIABLE"))
    found = refusals.responses(codes)
    if head:
        for response in found.values():
            del response["content"]
    return found


_PARTS = (
    ("organization", "Its slug.", SLUG),
    ("project", "Its slug.", SLUG),
    ("ref", "An image's UUID, or its alias such as `@hero`.", {"anyOf": [ALIAS, UUID]}),
)
_FILENAME: tuple[tuple[str, str, Json], ...] = (("filename", "Any name.", {"pattern": "^[^/]+$"}),)


def _part(name: str, about: str, schema: Json) -> Json:
    text = {"type": "string", **schema}
    return {"name": name, "in": "path", "required": True, "description": about, "schema": text}
