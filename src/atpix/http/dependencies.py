"""What routes are handed: the services and who is asking. Litestar fills parameters of these names."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol, cast

from litestar import Request
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from atpix.caller import Administrator, Caller, Scope
from atpix.errors import Forbidden, Unauthorized, ValidationFailed
from atpix.http.bodies import StrictRequest
from atpix.http.limiting import Limits
from atpix.services import Services

AnyRequest = Request[Any, Any, Any]
Svc = NamedDependency[Services]
Who = NamedDependency[Caller]
Admin = NamedDependency[Administrator]
Anyone = NamedDependency[object]


class Authenticator(Protocol):
    """What turns a key into who holds it (atpix.projects.authentication)."""

    def cached(self, text: str, /) -> Caller | Administrator | None:
        """What was found a moment ago. Does no I/O."""

    def look_up(self, text: str, /) -> Caller | Administrator:
        """Raises Unauthorized."""


async def provide_services(request: AnyRequest) -> Services:
    """Every route asks for these, so here its query is looked at as well. Raises ValidationFailed."""
    if request.scope["query_string"]:
        _refuse_unknown(request)
    return cast("Services", request.app.state.services)


async def provide_caller(request: AnyRequest, svc: Svc) -> Caller:  # noqa: ARG001  after the services
    """The scope that a route needs stands in its `opt`. Raises Unauthorized, Forbidden, TooManyRequests."""
    who = await authenticate(request)
    if not isinstance(who, Caller):
        raise Forbidden("A master key administers; use a project's key for its images.")
    who.require(cast("Scope", request.route_handler.opt["scope"]))
    await cast("Limits", request.app.state.limits).admit(request, who)
    await _refuse_body(request)
    return who


async def provide_administrator(request: AnyRequest, svc: Svc) -> Administrator:  # noqa: ARG001  as above
    """Raises Unauthorized, Forbidden."""
    who = await authenticate(request)
    if not isinstance(who, Administrator):
        raise Forbidden("This needs a master key; make one with: atpix keys create --master")
    await _refuse_body(request)
    return who


async def authenticate(request: AnyRequest) -> Caller | Administrator:
    """From memory, without leaving the event loop, when this key was seen a moment ago."""
    authenticator = cast("Authenticator", request.app.state.authenticator)
    text = key_of(request.headers)
    if text is None:
        raise Unauthorized
    if (who := authenticator.cached(text)) is not None:
        return who
    services = cast("Services", request.app.state.services)
    return await services.db.on_loop(authenticator.look_up, text)


def key_of(headers: Mapping[str, str]) -> str | None:
    """As it was sent, if any was."""
    if (text := headers.get("x-api-key")) is not None:
        return text
    kind, _, text = headers.get("authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


async def _refuse_body(request: AnyRequest) -> None:
    """Of routes that read none. A body of a GET means nothing (RFC 9110, section 9.3.1) and is left alone."""
    handler = request.route_handler
    takes_one = "data" in handler.parsed_fn_signature.parameters or "form" in handler.opt
    if request.method != "GET" and not takes_one:
        await cast("StrictRequest", request).require_nothing()


def _refuse_unknown(request: AnyRequest) -> None:
    """A misspelt filter must not silently list everything; neither must `null`, which would be read as absent."""
    known = _parameters(request.route_handler)
    sent = list(request.query_params.multi_items())
    for name, value in sent:
        if name not in known:
            takes = ", ".join(sorted(known)) or "none"
            raise ValidationFailed.at(name, f"is not a parameter of this request; it takes: {takes}.")
        if value == "null":
            raise ValidationFailed.at(name, "must have a value; leave it out to mean none.")
    seen: set[str] = set()
    for name, _ in sent:
        if name in seen:
            raise ValidationFailed.at(name, "was sent twice.")
        seen.add(name)


@lru_cache(maxsize=256)
def _parameters(handler: HTTPRouteHandler) -> frozenset[str]:
    """Names of the query parameters of a route and of the dependencies that it asks for."""
    asked = handler.parsed_fn_signature.parameters
    providers = [provider for name, provider in handler.resolve_dependencies().items() if name in asked]
    signatures = [handler.parsed_fn_signature, *(provider.parsed_fn_signature for provider in providers)]
    definitions = (definition for signature in signatures for definition in signature.parameters.values())
    return frozenset(
        definition.kwarg_definition.name
        for definition in definitions
        if isinstance(definition.kwarg_definition, QueryParameter) and definition.kwarg_definition.name
    )
