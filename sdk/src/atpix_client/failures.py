"""From what went wrong on the wire to the exceptions of `errors`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx2
import msgspec
from msgspec import Struct

from atpix_client import errors
from atpix_client.answers import Answer
from atpix_client.errors import APIStatusError, Detail, Problem, codes

_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class _Error(Struct, rename="camel"):
    code: str
    message: str
    details: list[Detail] = []
    request_id: str | None = None


class _Failure(Struct):
    error: _Error


def of_answer(answer: Answer) -> APIStatusError:
    return codes.of(_problem(answer))


def retry_after_s(answer: Answer) -> float | None:
    """RFC 9110, 10.2.3: seconds or a date. A date is measured by the server's own clock when it sent one."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    if until := _date(text):
        sent = _date(answer.headers.get("date", "")) or datetime.now(UTC)
        return max(0.0, (until - sent).total_seconds())
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Turns the HTTP library's exceptions into ours, so that callers never need to know which it is."""
    try:
        yield
    except httpx2.RequestError as fault:
        kind = errors.APITimeoutError if isinstance(fault, httpx2.TimeoutException) else errors.APIConnectionError
        url = fault.request.url.copy_with(userinfo=b"")
        message = f"{type(fault).__name__} for {fault.request.method} {url}: {fault}".rstrip(": ")
        raise kind(message, not isinstance(fault, _NEVER_SENT)) from fault


def _problem(answer: Answer) -> Problem:
    request_id = answer.headers.get("x-request-id")
    try:
        error = msgspec.json.decode(answer.content, type=_Failure).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        message = f"{_phrase(answer.status)}, without an explanation that Atpix would give"
        if location := answer.headers.get("location"):
            message = f"Redirected to {location}: is the base URL right?"
        return Problem(status=answer.status, message=message, request_id=request_id, retry_after=retry_after_s(answer))
    return Problem(
        status=answer.status,
        code=error.code,
        message=error.message,
        details=error.details,
        request_id=error.request_id or request_id,
        retry_after=retry_after_s(answer),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown status"


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
