"""What the OpenAPI document says of delivery, which the framework does not know."""

from typing import Any

from atpix.http.openapi import refusals
from atpix.http.openapi.headers import headers, parameters
from atpix.http.openapi.schemas import ALIAS, SLUG, UUID
from atpix.imaging.parameters import TABLE

Json = dict[str, Any]

_BASE = "/cdn/{organization}/{project}/img/{ref}"
_SENT = (
    "Content-Length", "Cache-Control", "ETag", "Last-Modified", "Accept-Ranges", "Content-Location", "Cache-Tag",
    "Surrogate-Key", "Vary", "Content-Disposition", "Server-Timing", "Atpix-Explain", "Access-Control-Allow-Origin",
)  # fmt: skip
_KEPT = (
    "Cache-Control", "ETag", "Last-Modified", "Content-Location", "Cache-Tag", "Surrogate-Key", "Vary", "Server-Timing",
)  # fmt: skip
_CODES = (
    *refusals.EVERY, *refusals.WITH_REF, "VALIDATION_ERROR", "FORBIDDEN", "NOT_FOUND", "IMAGE_TOO_LARGE",
    "RANGE_NOT_SATISFIABLE", "INVALID_IMAGE", "RATE_LIMIT_EXCEEDED",
)  # fmt: skip
_FILE: Json = {"schema": {"type": "string", "format": "binary"}}
_ABOUT = """\
Public, without a key. Without parameters: the original's bytes. With any of them a rendition, which is made once and
kept; its format is negotiated from `Accept` unless `format` says which.

By UUID: `Cache-Control: public, max-age=31536000, immutable`. By alias: a short life in browsers, `Content-Location`
names the permanent address, and the request after a reassignment gets the new image. Values out of bounds are clamped,
and what is not known is ignored, unless the project is strict. Where a CDN host is configured, `storageUrl` of an image
says so.

A key of the project with the scope `read`, in `X-API-Key` or as a bearer token, needs no signature and opens hidden
originals; the answer is `private, no-store` then. Any other key counts as none.
"""
_NAMED = """\
The name at the end is for people and search engines; it may be anything. A name that holds `=` is read as options:
`w=800,h=450` means what `?w=800&h=450` does.
"""
_OPTIONS_NAMED = "Options in the path, for caches that ignore queries, and a name."
_ABOUT_PARAMETERS = {
    "w": "Width in CSS pixels.",
    "h": "Height in CSS pixels.",
    "fit": "`cover` (default with both sides), `inside` (default otherwise), `contain`, `fill` or `pad`.",
    "ar": "Width to height, `16:9` or `1.78`, in place of one side.",
    "dpr": "Device pixels to a CSS pixel, 0.1 to 5.",
    "fp": "`x,y` from 0 to 1, or `auto`, in place of the stored focal point.",
    "fp-x": "The focal point's x alone.",
    "fp-y": "The focal point's y alone.",
    "crop": "`focalpoint`, or `smart` for `fp=auto`.",
    "format": "`auto` (default), `avif`, `webp`, `jpeg`, `png`, `gif`; or `json`, `thumbhash`, `blurhash`, `lqip`.",
    "q": "Quality, 1 to 100, or `auto`.",
    "max_bytes": "The largest file that will do; quality gives way.",
    "bg": "Background, `rrggbb` or `rrggbbaa`, under what is transparent and around what is padded.",
    "rot": "Turn clockwise by 90, 180 or 270 degrees.",
    "flip": "`h`, `v` or `hv`.",
    "blur": "A sigma in pixels of the result, to 100.",
    "sharpen": "Strength, to 10.",
    "page": "Which frame or page, from 1.",
    "anim": "`0`: one frame of an animation.",
    "up": "`1`: enlarge what is too small.",
    "preset": "A name for parameters that the project has chosen.",
    "flow": "A flow's UUID: its names come before the project's, and `@last`, `@first`, `@upload` are its own.",
    "dl": "Save as a file, under this name if one is given.",
    "fp_debug": "`1`, with a key that may read: the picture with its focal point marked, and `Atpix-Explain`.",
    "exp": "Signed URLs: until when they are good, in Unix seconds.",
    "kid": "Signed URLs: which key has signed.",
    "sig": "Signed URLs: the signature.",
}


def path_items() -> dict[str, Json]:
    return {
        _BASE: _item("", ()),
        f"{_BASE}/{{filename}}": _item("Named", (_FILENAME,), _NAMED),
        f"{_BASE}/{{options}}/{{filename}}": _item("WithOptions", (_OPTIONS, _FILENAME), _OPTIONS_NAMED),
    }


def _item(name: str, more: "tuple[tuple[str, str, Json], ...]", about: str = "") -> Json:
    return {
        "parameters": [*(_part(*part) for part in (*_PARTS, *more)), *query_parameters()],
        "get": _operation(name, about, head=False),
        "head": _operation(name, about, head=True),
    }


def _operation(name: str, about: str, *, head: bool) -> Json:
    conditions = ("Accept", "If-None-Match", "If-Modified-Since", *(() if head else ("Range", "If-Range")))
    how = {"": "", "Named": " under a file name", "WithOptions": " with options in the path"}[name]
    return {
        "operationId": ("head" if head else "deliver") + "Image" + name,
        "summary": ("Look at" if head else "Deliver") + " an image" + how,
        "description": f"{_ABOUT}\n{about}" if about else _ABOUT,
        "tags": ["Delivery"],
        "security": [],
        "parameters": parameters(*conditions),
        "responses": _successes(head=head) | _refusals(head=head),
    }


def query_parameters() -> list[Json]:
    """Texts, all of them: what cannot be read is ignored."""
    return [
        {
            "name": row.name,
            "in": "query",
            "description": _described(row.name, row.synonyms),
            "schema": {"type": "string"},
        }
        for row in TABLE
    ]


def _described(name: str, synonyms: tuple[str, ...]) -> str:
    also = " Also " + ", ".join(f"`{synonym}`" for synonym in synonyms) + "." if synonyms else ""
    return _ABOUT_PARAMETERS[name] + also


def _successes(*, head: bool) -> dict[str, Json]:
    types = ("image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "text/plain")
    whole: Json = {"description": "The image.", "headers": headers(*_SENT)}
    unchanged: Json = {"description": "You have it already.", "headers": headers(*_KEPT)}
    if head:
        return {"200": whole, "304": unchanged}
    files = dict.fromkeys(types, _FILE)
    told: Json = {"application/json": {"schema": {"type": "object"}}}
    parts: Json = {"description": "The parts asked for.", "headers": headers(*_SENT, "Content-Range")}
    return {
        "200": whole | {"content": files | told},
        "206": parts | {"content": files | {"multipart/byteranges": _FILE, "application/json": _FILE}},
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
_FILENAME: tuple[str, str, Json] = ("filename", "Any name.", {"pattern": "^[^/]+$"})
_OPTIONS: tuple[str, str, Json] = (
    "options",
    "Parameters as `w=800,h=450`; one without `=` belongs to the value before it.",
    {"pattern": "^[^/]*=[^/]*$"},
)


def _part(name: str, about: str, schema: Json) -> Json:
    text = {"type": "string", **schema}
    return {"name": name, "in": "path", "required": True, "description": about, "schema": text}
