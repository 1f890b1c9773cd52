"""Errors as the wire shows them. What is not an AtpixError is our own fault: the log gets it, the caller an id."""

import re
from typing import Any

import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException

from atpix.errors import AtpixError, Fault, FileTooLarge, InternalError, MethodNotAllowed, NotFound, ValidationFailed
from atpix.http import choices
from atpix.http.wire import ErrorAnswer, ErrorBody, FaultOut, encode

log = structlog.get_logger("atpix.http")
_FIELD = re.compile(r"(?:unknown|required) field `([^`]*)`")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)


def render(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The one exception handler of the API."""
    known = as_atpix(_with_choices(request, error))
    if known.status >= 500:
        log.error("request_failed", code=known.code, facts=known.facts, exc_info=error)
    headers = {"Cache-Control": "no-store", **known.headers}
    if known.retry_after_s is not None:
        headers["Retry-After"] = str(known.retry_after_s)
    if isinstance(error, MethodNotAllowedException) and error.headers:
        headers["Allow"] = error.headers.get("allow", "")
    if known.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="atpix"'
    body = error_body(known, str(request.scope.get("atpix_request_id", "")))
    return Response(body, status_code=known.status, headers=headers, media_type=MediaType.JSON)


def _with_choices(request: Request[Any, Any, Any], error: Exception) -> Exception:
    """What is said of a parameter also says which values it may have, where they can be listed."""
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        declared = request.route_handler.parsed_fn_signature.parameters
        for part in error.extra:
            if isinstance(part, dict) and (parameter := declared.get(str(part.get("key")))) is not None:
                part["message"] = choices.named_parameter(str(part.get("message")), parameter.annotation)
    return error


def error_body(error: AtpixError, request_id: str) -> bytes:
    details = [FaultOut(fault.path, fault.message) for fault in error.faults]
    return encode(ErrorAnswer(error=ErrorBody(error.code, error.message, request_id, details)))


def as_atpix(error: Exception) -> AtpixError:  # noqa: PLR0911  a table
    match error:
        case AtpixError():
            return error
        case ValidationException():
            return _invalid(error)
        case NotFoundException():
            return NotFound("There is nothing at this address; see /docs for what there is.")
        case MethodNotAllowedException():
            return MethodNotAllowed("This address does not take that method; see the header Allow.")
        case HTTPException(status_code=413):
            return FileTooLarge("The body of this request is too large.")
        case HTTPException(status_code=status) if status < 500:
            return ValidationFailed(str(error.detail))
        case RecursionError():
            return ValidationFailed("The JSON is nested too deeply.")
        case _:
            return InternalError()


def _invalid(error: ValidationException) -> ValidationFailed:
    """Litestar's and msgspec's words, with the place they mean in our own names."""
    faults = [_fault(part) for part in error.extra] if isinstance(error.extra, list) else []
    if not faults:
        return ValidationFailed(_sentence(str(error.detail)))
    text = "; ".join(f"{fault.path}: {fault.message}" if fault.path else fault.message for fault in faults)
    return ValidationFailed(text, faults=tuple(faults))


def _fault(part: object) -> Fault:
    if not isinstance(part, dict):
        return Fault("", _sentence(str(part)))
    if part.get("message") == "'data'":  # a KeyError of Litestar's: there was nothing to decode
        return Fault("", "The request needs a JSON body.")
    found = _AT.match(str(part.get("message", "")))
    assert found is not None
    key = "" if part.get("key") in {"data", None} else _outside(str(part["key"]))
    field = _FIELD.search(found["what"])
    path = ".".join(filter(None, (key, found["path"], field and field[1])))
    return Fault(path, _sentence(found["what"]))


def _outside(name: str) -> str:
    """A parameter's name as the wire has it."""
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def _sentence(text: str) -> str:
    text = re.sub(r"Object contains unknown field `([^`]*)`", r"Unknown field \1", text.strip() or "is not valid")
    return text if text.endswith(".") else text + "."
