"""Requests made up from the OpenAPI document, good and bad: each answer is one that the document announces."""

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests import openapi_snapshot

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_DELIVERY = "/cdn/"
_MADE_UP = settings(
    max_examples=8,  # beside the examples at every bound, which are about sixty for an operation
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_OPERATIONS = [
    (method.upper(), path)
    for path, methods in json.loads(openapi_snapshot.FILE.read_text())["paths"].items()
    for method in methods
    if method != "parameters"
]


@pytest.fixture(scope="module")
def document():
    return schemathesis.openapi.from_dict(openapi_snapshot.document())


@pytest.mark.parametrize(("method", "path"), _OPERATIONS)
def test_every_answer_is_one_that_the_document_announces(document, api, method, path):
    """Requests are made up when it is their turn: schemathesis itself would do it for all operations at once, in every
    pytest process, before the first test.
    """
    ((_operation, ask),) = (
        result.ok()
        for result in get_all_tests(
            schema=document.include(method=method, path=path), test_func=asked, settings=_MADE_UP, given_kwargs=None
        )
    )

    ask(api=api)


def asked(case, api):
    tag = case.operation.definition.raw["tags"][0]
    if case.path.startswith(_DELIVERY):
        case.path_parameters = {**case.path_parameters, "organization": api.organization, "project": api.project}

    answer = case.call(base_url=api.url, headers=api.headers(tag))

    case.validate_response(answer, checks=_CHECKS)
