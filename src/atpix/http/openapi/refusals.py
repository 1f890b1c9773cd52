"""How requests are refused: every code with its status, and which operation can give which."""

from http import HTTPStatus
from typing import Any

from atpix.http.openapi.headers import RATE, headers

Json = dict[str, Any]

CODES: dict[str, tuple[int, str]] = {
    "VALIDATION_ERROR": (400, "the request is malformed; `details` says where"),
    "ALIAS_FORMAT_CHECK": (400, "an alias is `@` and 1 to 49 letters, digits, `_` or `-`"),
    "RESERVED_ALIAS": (400, "`@last`, `@first` and `@upload` are computed and cannot be given"),
    "TECHNICAL_ALIAS_REQUIRES_FLOW": (400, "computed aliases need a `flowId`"),
    "IMAGE_NOT_IN_SCOPE": (400, "no live URL of this scope has made this image"),
    "SCOPE_INVALID_FORMAT": (400, "a scope's slug is 1 to 63 lower-case letters, digits or inner hyphens"),
    "UNAUTHORIZED": (401, "the key is missing, wrong, expired or revoked"),
    "BUDGET_EXCEEDED": (402, "the project's budget of this month is spent, or would be"),
    "FORBIDDEN": (403, "the key is of the wrong kind or lacks the scope"),
    "NOT_FOUND": (404, "there is nothing at this address"),
    "IMAGE_NOT_FOUND": (404, "no such image in this project"),
    "ALIAS_NOT_FOUND": (404, "no image has this alias"),
    "FLOW_NOT_FOUND": (404, "no such flow in this project"),
    "SCOPE_NOT_FOUND": (404, "no such scope in this project"),
    "GENERATION_NOT_FOUND": (404, "no such generation in this project"),
    "ORGANIZATION_NOT_FOUND": (404, "no such organization"),
    "PROJECT_NOT_FOUND": (404, "no such project"),
    "KEY_NOT_FOUND": (404, "no such key"),
    "METHOD_NOT_ALLOWED": (405, "the header Allow lists the methods of this address"),
    "REQUEST_TIMEOUT": (408, "the body took too long to arrive"),
    "ALIAS_CONFLICT": (409, "another image holds the alias, and `onConflict` is `fail`"),
    "DUPLICATE_IMAGE": (409, "the project has these bytes, and `onDuplicate` is `reject`"),
    "SCOPE_ALREADY_EXISTS": (409, "the project has a scope of this slug"),
    "ORGANIZATION_ALREADY_EXISTS": (409, "the slug is taken"),
    "PROJECT_ALREADY_EXISTS": (409, "the slug is taken"),
    "KEY_NOT_ACTIVE": (409, "the key is revoked or has expired"),
    "GENERATION_IN_PROGRESS": (409, "it is under way; wait for its end, or cancel it"),
    "IDEMPOTENCY_KEY_IN_USE": (409, "the first request with this Idempotency-Key is still running"),
    "PRECONDITION_FAILED": (412, "it has changed since you read it"),
    "FILE_TOO_LARGE": (413, "too many bytes"),
    "IMAGE_TOO_LARGE": (413, "too many pixels, too long a side, or too many frames"),
    "UNSUPPORTED_FILE_TYPE": (415, "not multipart, or a type of image that this project does not take"),
    "RANGE_NOT_SATISFIABLE": (416, "none of the ranges is inside the file"),
    "INVALID_IMAGE": (422, "the image is truncated or corrupt"),
    "PRIVATE_METADATA": (422, "the image tells where it was taken, and this project refuses that"),
    "IDEMPOTENCY_KEY_REUSED": (422, "this Idempotency-Key was used for another request"),
    "CONTENT_BLOCKED": (422, "the provider refuses to make this picture"),
    "RATE_LIMIT_EXCEEDED": (
        429,
        "too many requests, generations or new renditions; the message says which",
    ),
    "SCOPE_GENERATION_LIMIT_EXCEEDED": (429, "this scope of live URLs makes no new pictures now"),
    "PROVIDER_RATE_LIMIT": (429, "the provider makes no more pictures for now"),
    "INTERNAL_ERROR": (500, "our fault; report the requestId"),
    "PROVIDER_ERROR": (502, "the provider has failed"),
    "STORAGE_UNAVAILABLE": (503, "database or store cannot be reached or are full; nothing was changed"),
    "OVERLOADED": (503, "too much at once"),
    "PROVIDER_TIMEOUT": (504, "the provider did not answer in time"),
}

EVERY = ("INTERNAL_ERROR", "STORAGE_UNAVAILABLE", "OVERLOADED")
WITH_KEY = ("VALIDATION_ERROR", "UNAUTHORIZED", "FORBIDDEN")
WITH_LIMIT = ("RATE_LIMIT_EXCEEDED",)
WITH_REF = (
    "ALIAS_FORMAT_CHECK", "TECHNICAL_ALIAS_REQUIRES_FLOW", "IMAGE_NOT_FOUND", "ALIAS_NOT_FOUND",
)  # fmt: skip
WITH_JSON = ("FILE_TOO_LARGE",)
WITH_IDEMPOTENCY = ("IDEMPOTENCY_KEY_IN_USE", "IDEMPOTENCY_KEY_REUSED")
WITH_IF_MATCH = ("PRECONDITION_FAILED",)

_REFERENCES = ("ALIAS_FORMAT_CHECK", "TECHNICAL_ALIAS_REQUIRES_FLOW", "IMAGE_NOT_FOUND", "ALIAS_NOT_FOUND")
BESIDES: dict[str, tuple[str, ...]] = {
    "uploadImage": (
        "ALIAS_FORMAT_CHECK", "RESERVED_ALIAS", "FLOW_NOT_FOUND", "REQUEST_TIMEOUT", "DUPLICATE_IMAGE",
        "FILE_TOO_LARGE", "IMAGE_TOO_LARGE", "UNSUPPORTED_FILE_TYPE", "INVALID_IMAGE", "PRIVATE_METADATA",
    ),
    "listImages": ("ALIAS_FORMAT_CHECK",),
    "assignAlias": ("RESERVED_ALIAS", "ALIAS_CONFLICT"),
    "getFlow": ("FLOW_NOT_FOUND",),
    "updateFlow": ("FLOW_NOT_FOUND",),
    "listFlowImages": ("FLOW_NOT_FOUND",),
    "listFlowGenerations": ("FLOW_NOT_FOUND",),
    "regenerateFlow": (
        "BUDGET_EXCEEDED", "IMAGE_NOT_FOUND", "FLOW_NOT_FOUND", "GENERATION_NOT_FOUND", "GENERATION_IN_PROGRESS",
    ),
    "nameInFlow": ("FLOW_NOT_FOUND", "IMAGE_NOT_FOUND", "ALIAS_FORMAT_CHECK", "RESERVED_ALIAS"),
    "removeFlowAlias": ("FLOW_NOT_FOUND", "ALIAS_NOT_FOUND", "ALIAS_FORMAT_CHECK", "RESERVED_ALIAS"),
    "deleteFlow": ("FLOW_NOT_FOUND",),
    "createLiveScope": ("SCOPE_INVALID_FORMAT", "SCOPE_ALREADY_EXISTS"),
    "getLiveScope": ("SCOPE_INVALID_FORMAT", "SCOPE_NOT_FOUND"),
    "updateLiveScope": ("SCOPE_INVALID_FORMAT", "SCOPE_NOT_FOUND"),
    "regenerateLiveScope": (
        "BUDGET_EXCEEDED", "SCOPE_INVALID_FORMAT", "SCOPE_NOT_FOUND", "IMAGE_NOT_IN_SCOPE", "IMAGE_NOT_FOUND",
        "GENERATION_IN_PROGRESS",
    ),
    "deleteLiveScope": ("SCOPE_INVALID_FORMAT", "SCOPE_NOT_FOUND"),
    "createGeneration": (
        *_REFERENCES, "BUDGET_EXCEEDED", "RESERVED_ALIAS", "FLOW_NOT_FOUND", "GENERATION_NOT_FOUND",
    ),
    "getGeneration": ("GENERATION_NOT_FOUND",),
    "streamGeneration": ("GENERATION_NOT_FOUND",),
    "updateGeneration": (
        *_REFERENCES, "BUDGET_EXCEEDED", "FLOW_NOT_FOUND", "GENERATION_NOT_FOUND", "GENERATION_IN_PROGRESS",
    ),
    "regenerateGeneration": ("BUDGET_EXCEEDED", "IMAGE_NOT_FOUND", "GENERATION_NOT_FOUND", "GENERATION_IN_PROGRESS"),
    "replayGeneration": ("BUDGET_EXCEEDED", "IMAGE_NOT_FOUND", "FLOW_NOT_FOUND", "GENERATION_NOT_FOUND"),
    "cancelGeneration": ("GENERATION_NOT_FOUND",),
    "deleteGeneration": ("GENERATION_NOT_FOUND",),
    "createOrganization": ("ORGANIZATION_ALREADY_EXISTS",),
    "createProject": ("ORGANIZATION_NOT_FOUND", "PROJECT_ALREADY_EXISTS"),
    "updateProject": ("PROJECT_NOT_FOUND",),
    "createKey": ("PROJECT_NOT_FOUND",),
    "revokeKey": ("KEY_NOT_FOUND",),
    "rotateKey": ("KEY_NOT_FOUND", "KEY_NOT_ACTIVE"),
}  # fmt: skip
"""What follows from no rule: the operation's own."""

_HEADERS = {
    401: ("WWW-Authenticate",), 409: ("Retry-After",), 416: ("Content-Range",),
    429: ("Retry-After", *RATE), 503: ("Retry-After",),
}  # fmt: skip


def responses(codes: tuple[str, ...]) -> dict[str, Json]:
    """One response a status, each of which lists its codes and accepts no other."""
    by_status: dict[int, list[str]] = {}
    for code in CODES:
        if code in codes:
            by_status.setdefault(CODES[code][0], []).append(code)
    return {str(status): _response(status, words) for status, words in sorted(by_status.items())}


def _response(status: int, words: list[str]) -> Json:
    meanings = "\n".join(f"- `{word}`: {CODES[word][1]}" for word in words)
    code = {"properties": {"error": {"properties": {"code": {"enum": words}}}}}
    return {
        "description": f"{HTTPStatus(status).phrase}\n\n{meanings}",
        "headers": headers("X-Request-Id", *_HEADERS.get(status, ())),
        "content": {"application/json": {"schema": {"allOf": [{"$ref": "#/components/schemas/Error"}, code]}}},
    }
