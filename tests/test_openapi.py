"""The OpenAPI document: valid, whole, and changed only on purpose."""

import json
import pkgutil
from importlib import import_module
from inspect import isabstract

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31
from tests import openapi_snapshot

import atpix
from atpix.errors import AtpixError
from atpix.http.openapi.refusals import CODES
from atpix.images import form

_METHODS = {"get", "head", "put", "post", "patch", "delete", "options"}
_OF_NO_OPERATION = {"METHOD_NOT_ALLOWED"}


@pytest.fixture(scope="module")
def document():
    return openapi_snapshot.document()


@pytest.fixture(scope="module")
def operations(document):
    return [
        operation for item in document["paths"].values() for method, operation in item.items() if method in _METHODS
    ]


def test_the_document_is_openapi_3_1(document):
    faults = jsonschema_rs.validator_for(OPENAPI_31).iter_errors(document)

    assert [f"{fault.instance_path}: {fault.message}" for fault in faults] == []


def test_every_schema_is_a_json_schema(document):
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_every_reference_leads_somewhere(document):
    for reference in _references(document):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_the_document_changes_only_on_purpose(document):
    agreed = json.loads(openapi_snapshot.FILE.read_text())

    assert document == agreed, "read the difference; if it is meant: make openapi"


def test_the_server_gives_this_document(public, document):
    answer = public.get("/openapi.json")

    assert answer.json() == document
    assert public.get("/openapi.json", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_every_operation_says_what_it_is(operations):
    names = [operation["operationId"] for operation in operations]

    assert len(names) == len(set(names))
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"]
        assert all(response["description"] for response in operation["responses"].values())


def test_every_parameter_is_described(document, operations):
    items = document["paths"].values()
    listed = [p for holder in (*operations, *items) for p in holder.get("parameters", ()) if "$ref" not in p]

    for parameter in (*listed, *document["components"]["parameters"].values()):
        assert parameter["description"], parameter["name"]
        assert parameter["schema"], parameter["name"]


def test_every_code_of_the_program_is_in_the_table_with_its_status():
    for module in pkgutil.walk_packages(atpix.__path__, "atpix."):
        if not module.name.startswith(("atpix.cli", "atpix.db.migrations", "atpix.imaging.child")):
            import_module(module.name)
    raised = {kind.code: kind.status for kind in _kinds(AtpixError) if not isabstract(kind)}

    assert raised == {code: status for code, (status, _) in CODES.items()}


def test_every_code_belongs_to_an_operation(operations):
    given = {
        code
        for operation in operations
        for response in operation["responses"].values()
        for content in response.get("content", {}).values()
        if "allOf" in content["schema"]
        for code in content["schema"]["allOf"][1]["properties"]["error"]["properties"]["code"]["enum"]
    }

    assert given == set(CODES) - _OF_NO_OPERATION


def test_every_field_of_the_upload_form_is_described():
    assert set(form.DESCRIBED["schema"]["properties"]) == form.FIELDS


def _kinds(kind):
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


def _references(place):
    if isinstance(place, dict):
        if isinstance(place.get("$ref"), str):
            yield place["$ref"]
        for inner in place.values():
            yield from _references(inner)
    elif isinstance(place, list):
        for inner in place:
            yield from _references(inner)
