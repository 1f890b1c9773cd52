"""A refusal while the client is still sending arrives as an answer, not as a connection that was reset."""

import json

import pytest
from tests.forms import file_form, form, part, send

LARGE = b"\xff\xd8\xff" + bytes(20_000_000)
TOO_LARGE = b"\xff\xd8\xff" + bytes(53_000_000)


def code(answer):
    status, body = answer
    return status, json.loads(body)["error"]["code"]


def test_a_wrong_key_is_told_to_a_client_in_the_middle_of_an_upload(server):
    assert code(send(server, "atp_wrong", file_form(LARGE))) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_over_the_limit_is_told_with_and_without_a_length(server, project, client, chunked):
    assert code(send(server, project.key, file_form(TOO_LARGE), chunked=chunked)) == (413, "FILE_TOO_LARGE")
    assert client.images.list().total == 0


def test_an_unknown_first_field_is_told_before_the_file_ends(server, project, client):
    body = form(part("colour", "red"), part("file", LARGE, "a.jpg"))

    assert code(send(server, project.key, body)) == (400, "VALIDATION_ERROR")
    assert client.images.list().total == 0


def test_the_connection_is_good_for_the_next_request(server, project, raw):
    refused = raw.post("/api/v1/images/upload", content=file_form(LARGE), headers={"X-API-Key": "atp_wrong"})

    assert refused.status_code == 401
    assert raw.get("/api/v1/images").status_code == 200


def test_a_file_of_twenty_megabytes_is_within_the_limit(server, project):
    assert code(send(server, project.key, file_form(LARGE))) == (422, "INVALID_IMAGE")
