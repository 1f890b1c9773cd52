"""From a route to its operation. What a handler says of itself is read; what all share is added by rule."""

import re
from inspect import cleandoc
from typing import Any, get_args

import msgspec
from litestar import Response
from litestar.enums import HttpMethod, MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter, QueryParameter
from litestar.routes import HTTPRoute
from litestar.types import Empty
from litestar.typing import FieldDefinition

from atpix.caller import Administrator
from atpix.http.openapi import refusals
from atpix.http.openapi.headers import RATE, headers, parameters
from atpix.http.openapi.schemas import ALIAS, SLUG, UUID, Schemas
from atpix.http.wire import Listing

Json = dict[str, Any]

_REF: Json = {
    "description": "An image's UUID, or its alias such as `@hero`.",
    "schema": {"type": "string", "anyOf": [ALIAS, UUID]},
    "examples": {"alias": {"value": "@hero"}, "id": {"value": "0197f0c2-8d5e-7c3a-9b1e-2f6d4a8c1e70"}},
}
_ALIAS: Json = {"description": "A name such as `@hero`.", "schema": {"type": "string", **ALIAS}}
_SLUG: Json = {"description": "Its slug.", "schema": {"type": "string", **SLUG}}
_BEGUN = ("Location", "Preference-Applied")
_ANSWERS_WITH = {
    "getImage": ("Cache-Control", "Atpix-Resolved-By"),
    "getFlow": ("Cache-Control",),
    "getGeneration": ("Cache-Control",),
    "getLiveScope": ("Cache-Control",),
    "createGeneration": _BEGUN,
    "updateGeneration": _BEGUN,
    "regenerateGeneration": _BEGUN,
    "replayGeneration": _BEGUN,
    "regenerateFlow": _BEGUN,
}
_NAMES = {"alias": ALIAS, "organization": SLUG}
_UNTAGGED = frozenset({"createKey", "rotateKey"})
"""Their answer holds a key, once: nobody may keep it, so nobody may ask whether it is current."""
_ID: Json = {"description": "Its UUID.", "schema": {"type": "string", **UUID}}


def path_of(route: HTTPRoute) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: "{" + _camel(found[1]) + "}", route.path_format)


_METHODS: tuple[HttpMethod, ...] = (
    HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE,
)  # fmt: skip
"""In the document's order; Litestar's own differs from run to run."""


def path_item(route: HTTPRoute, schemas: Schemas) -> Json:
    there = {method: route.route_handler_map[method][0] for method in _METHODS if method in route.route_handler_map}
    return {
        method.lower(): _operation(route, handler, schemas)
        for method, handler in there.items()
        if handler.resolve_include_in_schema()
    }


def _operation(route: HTTPRoute, handler: HTTPRouteHandler, schemas: Schemas) -> Json:
    name = str(handler.operation_id)
    public = bool(handler.opt.get("public"))
    shared = () if public else _shared_headers(route, handler)
    operation: Json = {
        "operationId": name,
        "summary": _summary(name),
        "description": _description(handler, public=public),
        "tags": sorted(handler.resolve_tags()),
        "security": [] if public else [{"apiKey": []}, {"bearer": []}],
        "parameters": [*_path(route, handler), *_declared(handler, schemas), *parameters(*shared, "X-Request-Id")],
        "responses": _successes(handler, schemas, shared) | refusals.responses(_codes(route, handler, shared)),
    }
    if body := _body(handler, schemas):
        operation["requestBody"] = body
    return operation


def _codes(route: HTTPRoute, handler: HTTPRouteHandler, shared: tuple[str, ...]) -> tuple[str, ...]:
    """The rules: who must have a key, what names an image, what takes a body, what can be lost or repeated."""
    if handler.opt.get("public"):
        return tuple(handler.opt.get("codes", ()))
    codes = [*refusals.EVERY, *refusals.WITH_KEY, *refusals.BESIDES.get(str(handler.operation_id), ())]
    if not _is_administrative(handler):
        codes += refusals.WITH_LIMIT
    if _named_by(route, "ref"):
        codes += ["IMAGE_NOT_FOUND"] if handler.opt.get("ref") == "id" else refusals.WITH_REF
    if "data" in handler.parsed_fn_signature.parameters:
        codes += refusals.WITH_JSON
    if "if_match" in handler.parsed_fn_signature.parameters:
        codes += refusals.WITH_IF_MATCH
    if "Idempotency-Key" in shared:
        codes += refusals.WITH_IDEMPOTENCY
    return tuple(codes)


def _shared_headers(route: HTTPRoute, handler: HTTPRouteHandler) -> tuple[str, ...]:
    if "POST" in handler.http_methods:
        return ("Idempotency-Key",)
    conditional = _named_by(route, "ref") or _is_tagged(handler)
    return ("If-None-Match",) if "GET" in handler.http_methods and conditional else ()


def _named_by(route: HTTPRoute, name: str) -> bool:
    return name in route.path_parameters


def _description(handler: HTTPRouteHandler, *, public: bool) -> str:
    written = getattr(handler.fn, "func", handler.fn)  # what runs on a thread is wrapped
    text = cleandoc(written.__doc__ or "").partition("\nRaises ")[0].strip()
    if public:
        return text
    return f"{text}\n\n{_needs(handler)}"


def _needs(handler: HTTPRouteHandler) -> str:
    if _is_administrative(handler):
        return "Needs a master key."
    return f"Needs a project key with the scope `{handler.opt['scope']}`."


def _is_administrative(handler: HTTPRouteHandler) -> bool:
    who = handler.parsed_fn_signature.parameters.get("who")
    return who is not None and who.annotation is Administrator


def _summary(name: str) -> str:
    return re.sub("([A-Z])", lambda found: " " + found[1].lower(), name).capitalize()


def _path(route: HTTPRoute, handler: HTTPRouteHandler) -> list[Json]:
    """An operation that takes ids alone says so: `opt={"ref": "id"}`."""
    named = {"ref": _ID if handler.opt.get("ref") == "id" else _REF, "alias": _ALIAS, "slug": _SLUG}
    return [
        {"name": _camel(name), "in": "path", "required": True, **named.get(name, _ID)} for name in route.path_parameters
    ]


def _declared(handler: HTTPRouteHandler, schemas: Schemas) -> list[Json]:
    """The parameters of the handler's signature and of what it depends on."""
    wanted = handler.parsed_fn_signature.parameters
    providers = [
        p.parsed_fn_signature.parameters for name, p in handler.resolve_dependencies().items() if name in wanted
    ]
    definitions = [d for signature in (*providers, wanted) for d in signature.values()]
    return [
        _parameter(definition, said, schemas)
        for definition in definitions
        if isinstance(said := definition.kwarg_definition, QueryParameter | HeaderParameter)
    ]


def _parameter(definition: FieldDefinition, said: QueryParameter | HeaderParameter, schemas: Schemas) -> Json:
    plain = tuple(kind for kind in get_args(definition.annotation) if kind is not type(None))
    optional = type(None) in get_args(definition.annotation)
    schema = schemas.received(plain[0] if optional else definition.annotation)
    schema |= _ID["schema"] if str(said.name).endswith("Id") else _NAMES.get(str(said.name), {})
    bounds = {"minimum": said.ge, "maximum": said.le, "format": said.format}
    schema |= {name: value for name, value in bounds.items() if value is not None}
    if definition.default not in (None, Empty):
        schema["default"] = definition.default
    about = {"description": said.description} if said.description else {}
    place = "query" if isinstance(said, QueryParameter) else "header"
    return {"name": said.name, "in": place, **about, "schema": schema}


def _body(handler: HTTPRouteHandler, schemas: Schemas) -> Json | None:
    if (form := handler.opt.get("form")) is not None:
        return {"required": True, "content": {"multipart/form-data": form}}
    if (data := handler.parsed_fn_signature.parameters.get("data")) is None:
        return None
    return {"required": True, "content": {"application/json": {"schema": schemas.received(data.annotation)}}}


def _successes(handler: HTTPRouteHandler, schemas: Schemas, shared: tuple[str, ...]) -> dict[str, Json]:
    """The answer that the return type speaks of, others that `responses=` names, and 304 where one may ask for it."""
    kind = _returned(handler)
    names = ["X-Request-Id"]
    if not (handler.opt.get("public") or _is_administrative(handler)):
        names += RATE
    if _is_tagged(handler):
        names.append("ETag")
    if "Idempotency-Key" in shared:
        names.append("Idempotent-Replayed")
    names += _ANSWERS_WITH.get(str(handler.operation_id), ())
    found: dict[str, Json] = {}
    described = {handler.status_code: (kind, handler.response_description or "Done.", handler.media_type)} | {
        status: (spec.data_container, spec.description, spec.media_type)
        for status, spec in (handler.responses or {}).items()
    }
    for status, (type_, about, media_type) in sorted(described.items()):
        found[str(status)] = {
            "description": about,
            "headers": headers(*names),
            "content": {_media_type(media_type): {"schema": _schema(type_, schemas)}}
            | {also: {"schema": {"type": "string"}} for also in handler.opt.get("also", ())},
        }
    if "If-None-Match" in shared:
        found["304"] = {"description": "You have it already.", "headers": headers("X-Request-Id", *RATE, "ETag")}
    return found


def _returned(handler: HTTPRouteHandler) -> Any:  # noqa: ANN401  a type
    field = handler.parsed_fn_signature.return_type
    return get_args(field.annotation)[0] if field.is_subclass_of(Response) else field.annotation


def _is_tagged(handler: HTTPRouteHandler) -> bool:
    """Answers that routes build with `answers.tagged`: single resources."""
    kind, field = _returned(handler), handler.parsed_fn_signature.return_type
    if handler.opt.get("public") or handler.operation_id in _UNTAGGED:
        return False
    return field.is_subclass_of(Response) and getattr(kind, "__origin__", None) is not Listing and _is_struct(kind)


def _is_struct(kind: Any) -> bool:  # noqa: ANN401  a type
    origin = getattr(kind, "__origin__", kind)
    return isinstance(origin, type) and issubclass(origin, msgspec.Struct)


def _schema(type_: Any, schemas: Schemas) -> Json:  # noqa: ANN401  a type
    return {"type": "string"} if type_ is bytes else schemas.sent(type_)


def _media_type(said: object) -> str:
    return str(getattr(said, "value", said)) if said and said is not Empty else MediaType.JSON.value


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
