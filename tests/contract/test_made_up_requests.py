"""Requests made up from the OpenAPI document, good and bad: each answer is one that the document announces."""

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
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

schema = schemathesis.openapi.from_dict(openapi_snapshot.document())


@schema.parametrize()
@settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_announces(case, api):
    tag = case.operation.definition.raw["tags"][0]
    if case.path.startswith(_DELIVERY):
        case.path_parameters = {**case.path_parameters, "organization": api.organization, "project": api.project}

    answer = case.call(base_url=api.url, headers=api.headers(tag))

    case.validate_response(answer, checks=_CHECKS)
