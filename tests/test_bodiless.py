"""Requests without a body: who sends a field believes that it matters, and would wait in vain for what it asks."""

import pytest
from tests.generations.api import NOBODY, Generations

from atpix.http.bodies import MAX_BYTES

_ROUTES = [
    ("POST", f"/api/v1/generations/{NOBODY}/regenerate"),
    ("POST", f"/api/v1/generations/{NOBODY}/cancel"),
    ("DELETE", f"/api/v1/generations/{NOBODY}"),
    ("POST", f"/api/v1/flows/{NOBODY}/regenerate"),
    ("DELETE", f"/api/v1/flows/{NOBODY}"),
    ("DELETE", f"/api/v1/flows/{NOBODY}/aliases/@hero"),
    ("DELETE", "/api/v1/live/scopes/heroes"),
    ("POST", f"/api/v1/images/{NOBODY}/restore"),
    ("DELETE", f"/api/v1/images/{NOBODY}/alias"),
    ("DELETE", f"/api/v1/images/{NOBODY}"),
]


@pytest.mark.parametrize(("method", "path"), _ROUTES)
def test_a_field_that_would_be_ignored_is_refused_by_its_name(raw, method, path):
    answer = raw.request(method, path, json={"seed": 5})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert [detail["path"] for detail in answer.json()["error"]["details"]] == ["seed"]


@pytest.mark.parametrize(
    "body", [b"[", b"[]", b"null", b"5", b'{"a"', b"prompt=other", b"\xff", b"[" * 5000, b" " * (MAX_BYTES + 1)]
)
def test_a_body_that_is_no_empty_object_is_refused(raw, body):
    answer = raw.post(f"/api/v1/generations/{NOBODY}/regenerate", content=body)

    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "This request takes no body; send none.")


@pytest.mark.parametrize("body", [b"", b" \n", b"{}", b" { } "])
def test_a_body_that_says_nothing_is_fine(raw, body):
    answer = raw.post(f"/api/v1/generations/{NOBODY}/regenerate", content=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "GENERATION_NOT_FOUND")


@pytest.mark.parametrize("sent", [{"files": {"prompt": (None, "a fox")}}, {"data": {"prompt": "a fox"}}])
def test_a_form_where_json_is_wanted_hears_so(raw, sent):
    answer = raw.post("/api/v1/generations", **sent)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("This request takes JSON, not ")


def test_a_regeneration_with_a_seed_makes_no_picture(raw):
    generations = Generations(raw)
    made = generations.make()

    refused = raw.post(f"/api/v1/generations/{made['id']}/regenerate", json={"seed": 5, "prompt": "other"})

    assert refused.status_code == 400
    assert generations.get(made["id"]) == made


def test_a_revoked_key_hears_of_itself_before_its_body_is_judged(public):
    assert public.post(f"/api/v1/generations/{NOBODY}/regenerate", json={"seed": 5}).status_code == 401


@pytest.mark.parametrize(
    "path", ["generations", f"generations/{NOBODY}", f"flows/{NOBODY}", "live/scopes/heroes", "images"]
)
def test_options_lists_what_a_405_lists(raw, path):
    refused = raw.request("TRACE", f"/api/v1/{path}")
    told = raw.options(f"/api/v1/{path}")

    assert (refused.status_code, told.status_code) == (405, 204)
    assert set(told.headers["allow"].split(", ")) == set(refused.headers["allow"].split(", "))
    assert {"GET", "OPTIONS"} <= set(told.headers["allow"].split(", "))
