"""`/openapi.json`, and `/docs`: Swagger UI from a package, so that nothing is loaded from anywhere else."""

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, MediaType, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from atpix.errors import NotFound
from atpix.http.conditional import etag_of, lists
from atpix.http.dependencies import AnyRequest

Json = dict[str, Any]

_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "start.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_SECURITY = {
    # Swagger UI puts styles into the page and draws its icons from data: URLs.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Atpix API</title>
<link rel="stylesheet" href="docs/{release}/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/{release}/favicon-32x32.png">
</head>
<body>
<div id="docs"></div>
<script src="docs/{release}/swagger-ui-bundle.js"></script>
<script src="docs/{release}/start.js"></script>
</body>
</html>
"""
_START = b"""\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""


def handlers(describe: Callable[[Litestar], Json]) -> list[HTTPRouteHandler]:
    """`describe` is called when the document is first asked for: a start must not wait for it."""
    release = f"{version('atpix')}-{version('openapi-ui-bundles')}"
    page = _PAGE.format(release=release).encode()

    @cache
    def document(app: Litestar) -> bytes:
        return msgspec.json.encode(describe(app))

    @get("/openapi.json", include_in_schema=False, sync_to_thread=True)
    def openapi_json(request: AnyRequest) -> Response[bytes]:
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=0, must-revalidate"}
        return _unless_known(request, document(request.app), MediaType.JSON, headers)

    @get("/docs", include_in_schema=False, sync_to_thread=False)
    def docs() -> Response[bytes]:
        return Response(page, media_type=MediaType.HTML, headers={**_SECURITY, "Cache-Control": "no-cache"})

    @get("/docs/{of:str}/{name:str}", include_in_schema=False, sync_to_thread=True)
    def asset(request: AnyRequest, of: FromPath[str], name: FromPath[str]) -> Response[bytes]:
        """Another release's file has another address, so that these may be kept for ever."""
        if of != release or name not in _TYPES:
            raise NotFound("There is no such part of the documentation; see /docs.")
        lasting = {**_SECURITY, "Cache-Control": "public, max-age=31536000, immutable"}
        return _unless_known(request, _file(name), _TYPES[name], lasting)

    return [openapi_json, docs, asset]


def _file(name: str) -> bytes:
    """Read anew each time: browsers keep it, and a megabyte is too much to hold for the few who come."""
    if name == "start.js":
        return _START
    import openapi_ui_bundles.swagger_ui

    return Path(openapi_ui_bundles.swagger_ui.static_path, name).read_bytes()


def _unless_known(request: AnyRequest, body: bytes, media_type: str, headers: dict[str, str]) -> Response[bytes]:
    etag = etag_of(body)
    headers = {**headers, "ETag": etag}
    if lists(request.headers.get("if-none-match", ""), etag, weak=True):
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)
