"""The OpenAPI 3.1 document: what the routes say of themselves, and one table of how each can refuse.

Written here instead of taken from the framework's own generator, which loses a minimum of 0, gives optional parameters
a null they do not take, names schemas after our modules, and knows neither request ids, conditional requests,
idempotency keys nor our codes. What the two would share, schemas from types, is msgspec's work.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from litestar.routes import BaseRoute, HTTPRoute

from atpix.http.openapi import headers, operations
from atpix.http.openapi.schemas import Schemas
from atpix.http.wire import ErrorAnswer

Json = dict[str, Any]

_ABOUT = """\
Keeps images under permanent ids and movable names, delivers them in any size and format, and generates them from
prompts: by a request, or by the address of a picture that is made when it is first asked for.

**Keys.** `X-API-Key: <key>` or `Authorization: Bearer <key>`. A project key reaches one project and carries scopes
(`read`, `write`, `delete`, `generate`); a master key administers organizations, projects and keys, and nothing else.

**Answers.** `{"success": true, "data": …}`; lists add `pagination` and, when more follow, `nextCursor`. Errors are
`{"success": false, "error": {"code", "message", "details", "requestId"}}`: `code` is a stable word, `message` says what
to do. Unknown query parameters and body fields are refused. Answers may gain fields; clients should ignore new ones.

**Times** are ISO 8601 in UTC, **ids** are UUIDs. Every POST takes an `Idempotency-Key`, kept for 24 hours.
"""

_TAGS = {
    "Images": "Upload, find, change, name and delete images. Needs a project key.",
    "Generations": "Make images from prompts, again, and otherwise. Needs a project key.",
    "Flows": "Work that belongs together, and names within it. Needs a project key.",
    "Live URLs": "Pictures whose address is a prompt. Scopes need a project key; the addresses are public.",
    "Delivery": "Public addresses of images, for pages and CDNs. No key.",
    "Administration": "Organizations, projects and keys. Needs a master key.",
    "Operation": "For those who run the server. No key.",
}


def document(routes: Sequence[BaseRoute], bare: Mapping[str, Json]) -> Json:
    """`bare` are path items of what does not go through the framework."""
    schemas = Schemas()
    schemas.sent(ErrorAnswer)
    paths: dict[str, Json] = {}
    for route in routes:
        if isinstance(route, HTTPRoute) and (item := operations.path_item(route, schemas)):
            paths[operations.path_of(route)] = item
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Atpix",
            "version": version("atpix"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server."}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": {path: paths[path] for path in sorted(paths)} | dict(bare),
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "parameters": headers.PARAMETERS,
            "headers": headers.HEADERS,
            "schemas": dict(sorted(schemas.components.items())),
        },
    }
