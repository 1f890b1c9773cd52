"""Headers that more than one operation takes or answers with."""

from typing import Any

Json = dict[str, Any]


def _parameter(name: str, about: str, **schema: object) -> Json:
    return {"name": name, "in": "header", "description": about, "schema": {"type": "string", **schema}}


def _header(about: str, **schema: object) -> Json:
    return {"description": about, "schema": {"type": "string", **schema}}


PARAMETERS: dict[str, Json] = {
    "X-Request-Id": _parameter(
        "X-Request-Id",
        "A name of yours for this request, for logs; one is made when it is absent or has other characters.",
    ),
    "Idempotency-Key": _parameter(
        "Idempotency-Key",
        "The same key with the same request is answered with what was answered before, for 24 hours.",
        minLength=1,
        maxLength=255,
        pattern=r"^[\x20-\x7e]*$",
    ),
    "If-None-Match": _parameter("If-None-Match", "ETags you have; 304 when one of them is current."),
    "If-Modified-Since": _parameter(
        "If-Modified-Since", "304 when it has this very Last-Modified and no ETag is given."
    ),
    "Accept": _parameter("Accept", "Which formats a rendition may have: AVIF and WebP are those that it names."),
    "Range": _parameter("Range", "Parts of the file: `bytes=0-499`, `bytes=-500`, up to 16 of them."),
    "If-Range": _parameter("If-Range", "An ETag or Last-Modified; parts are sent only when it is current."),
}

HEADERS: dict[str, Json] = {
    "X-Request-Id": _header("Names this request in our logs."),
    "ETag": _header("A strong validator, for If-Match and If-None-Match."),
    "Idempotent-Replayed": _header("`true`: this was answered before, and nothing was done now.", const="true"),
    "Atpix-Resolved-By": _header(
        "Which rule found the image.", enum=["id", "technical", "flow", "project"]
    ),
    "Retry-After": {"description": "Seconds to wait before trying again.", "schema": {"type": "integer", "minimum": 0}},
    "Location": _header("Where to look for it."),
    "Preference-Applied": _header("Which preference was honoured."),
    "X-RateLimit-Limit": {
        "description": "How many a minute the project may send: requests, or generations where fewer of them are left."
        " Absent where nothing is counted.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-RateLimit-Remaining": {"description": "How many are left of it.", "schema": {"type": "integer", "minimum": 0}},
    "X-RateLimit-Reset": {"description": "When it begins anew, Unix seconds.", "schema": {"type": "integer"}},
    "WWW-Authenticate": _header("How to send a key."),
    "Cache-Control": _header("How long this may be kept, and by whom."),
    "Last-Modified": _header("When this address got its present content."),
    "Accept-Ranges": _header("`bytes`: parts can be asked for.", const="bytes"),
    "Content-Range": _header("Which part this is, and of how many bytes."),
    "Content-Length": {"description": "Bytes in the body.", "schema": {"type": "integer", "minimum": 0}},
    "Content-Location": _header("The permanent address of the image that the name stands for."),
    "Cache-Tag": _header("What to purge this by, separated by commas."),
    "Surrogate-Key": _header("What to purge this by, separated by blanks."),
    "Server-Timing": _header("Where the answer came from; every step, for whoever may look."),
    "Vary": _header("`Accept`, where another one may get another format; else absent.", const="Accept"),
    "Content-Disposition": _header("A name to save it under, when `dl` was asked for."),
    "Atpix-Explain": _header("JSON about how a rendition came about, with `fp_debug` and a key that may read."),
    "X-Cache-Status": _header("Live URLs: whether the picture was there.", enum=["HIT", "MISS"]),
    "X-Scope": _header("Live URLs: in which scope this is."),
    "X-Image-Id": _header("Live URLs: which image this is."),
    "X-Generation-Id": _header("Live URLs: which generation makes it, or has just made it."),
    "Access-Control-Allow-Origin": _header("`*`: any page may read it.", const="*"),
}  # fmt: skip

RATE = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def parameters(*names: str) -> list[Json]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
