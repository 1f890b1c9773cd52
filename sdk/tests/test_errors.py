import pickle
import re

import httpx2
import pytest
from sdk.tests.stand_in import failure

from atpix_client import APIConnectionError, APIStatusError, APITimeoutError, AtpixError, errors

CODES = """
400 VALIDATION_ERROR ALIAS_FORMAT_CHECK RESERVED_ALIAS TECHNICAL_ALIAS_REQUIRES_FLOW SCOPE_INVALID_FORMAT
400 IMAGE_NOT_IN_SCOPE
401 UNAUTHORIZED
402 BUDGET_EXCEEDED
403 FORBIDDEN
404 IMAGE_NOT_FOUND ALIAS_NOT_FOUND FLOW_NOT_FOUND GENERATION_NOT_FOUND SCOPE_NOT_FOUND PROJECT_NOT_FOUND NOT_FOUND
404 ORGANIZATION_NOT_FOUND KEY_NOT_FOUND
405 METHOD_NOT_ALLOWED
408 REQUEST_TIMEOUT
409 ORGANIZATION_ALREADY_EXISTS PROJECT_ALREADY_EXISTS KEY_NOT_ACTIVE DUPLICATE_IMAGE
409 GENERATION_IN_PROGRESS CANCELLED
409 ALIAS_CONFLICT SCOPE_ALREADY_EXISTS IDEMPOTENCY_KEY_IN_USE
412 PRECONDITION_FAILED
413 FILE_TOO_LARGE IMAGE_TOO_LARGE
415 UNSUPPORTED_FILE_TYPE
422 INVALID_IMAGE PRIVATE_METADATA IDEMPOTENCY_KEY_REUSED CONTENT_BLOCKED
429 RATE_LIMIT_EXCEEDED SCOPE_GENERATION_LIMIT_EXCEEDED PROVIDER_RATE_LIMIT
500 INTERNAL_ERROR
502 PROVIDER_ERROR
503 STORAGE_UNAVAILABLE OVERLOADED
504 PROVIDER_TIMEOUT
"""
"""The table of the contract and what the server adds to it, written out once more: the classes must not drift."""
PAIRS = [(int(status), code) for status, *codes in map(str.split, CODES.strip().splitlines()) for code in codes]
STATUS_CLASSES = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    402: errors.PaymentRequired,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    408: errors.RequestTimeout,
    409: errors.Conflict,
    410: errors.Gone,
    412: errors.PreconditionFailed,
    413: errors.ContentTooLarge,
    415: errors.UnsupportedMediaType,
    422: errors.UnprocessableContent,
    429: errors.TooManyRequests,
    500: errors.InternalError,
    502: errors.BadGateway,
    503: errors.ServiceUnavailable,
    504: errors.GatewayTimeout,
    507: errors.ServerFault,
    418: APIStatusError,
}


@pytest.fixture
def failing(server, connect):
    client = connect(max_retries=0)

    def fail(answer):
        server.script.append(answer)
        with pytest.raises(AtpixError) as caught:
            client.images.get("@hero")
        return caught.value

    return fail


@pytest.mark.parametrize(("status", "code"), PAIRS)
def test_every_code_of_the_contract_has_a_class_of_its_own_below_that_of_its_status(failing, status, code):
    error = failing(failure(status, code))

    assert type(error).own_code == code
    assert isinstance(error, STATUS_CLASSES.get(status, errors.ServerFault))


@pytest.mark.parametrize(("status", "kind"), STATUS_CLASSES.items())
def test_an_unknown_code_becomes_the_class_of_its_status(failing, status, kind):
    error = failing(failure(status, "INVENTED_LATER"))

    assert type(error) is kind
    assert (error.status, error.code) == (status, "INVENTED_LATER")


def test_an_error_carries_what_the_server_said(failing):
    details = [{"path": "focalPoint.x", "message": "must be at most 1"}]
    error = failing(failure(400, "VALIDATION_ERROR", "Correct the fields named.", details=details))

    assert error.details == [errors.Detail("focalPoint.x", "must be at most 1")]
    assert error.request_id == "req-1"
    assert str(error) == (
        "400 VALIDATION_ERROR: Correct the fields named.; focalPoint.x: must be at most 1 (request req-1)"
    )


def test_what_the_message_says_already_is_not_said_twice(failing):
    details = [{"path": "prompt", "message": "must say something."}, {"path": "", "message": "It is wrong."}]
    error = failing(failure(400, "VALIDATION_ERROR", "prompt: must say something.; It is wrong.", details=details))

    assert str(error) == "400 VALIDATION_ERROR: prompt: must say something.; It is wrong. (request req-1)"


def test_an_answer_of_something_else_than_atpix_is_still_a_status_error(failing):
    error = failing(httpx2.Response(502, html="<h1>Bad gateway</h1>", headers={"X-Request-Id": "r9"}))

    assert type(error) is errors.BadGateway
    assert (error.code, error.request_id) == (None, "r9")


def test_a_redirect_hints_at_the_base_url(failing):
    error = failing(httpx2.Response(308, headers={"Location": "https://elsewhere.test/"}))

    assert "is the base URL right?" in str(error)


@pytest.mark.parametrize("body", [b"<html>", b'{"success": true}', b'{"data": {"id": 1}}', b"\xff"])
def test_a_success_that_no_atpix_server_would_send_is_an_error(failing, body):
    assert isinstance(failing(httpx2.Response(200, content=body)), errors.APIAnswerError)


def test_no_connection_and_no_answer_in_time_have_classes_of_their_own(failing):
    assert type(failing(httpx2.ConnectError("refused"))) is APIConnectionError
    assert type(failing(httpx2.ReadTimeout("too slow"))) is APITimeoutError


def test_errors_survive_pickling(failing):
    for error in [failing(failure(404, "IMAGE_NOT_FOUND")), failing(httpx2.ReadTimeout("too slow"))]:
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy)) == (type(error), str(error))


def test_no_error_shows_the_key(failing):
    for answer in [failure(401, "UNAUTHORIZED"), httpx2.ConnectError("refused")]:
        assert "atp_key" not in str(failing(answer))


def test_the_tree_in_the_documentation_names_every_class():
    drawn = set(re.findall(r"[A-Z]\w+", errors.__doc__))

    def names(kind):
        return {kind.__name__}.union(*map(names, kind.__subclasses__()))

    assert names(AtpixError) <= drawn
