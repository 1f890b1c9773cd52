"""Scopes of live URLs, over the wire."""

import pytest

from atpix.caller import SCOPES as ALL_SCOPES

SCOPES = "/api/v1/live/scopes"


def made(raw, slug="heroes", **fields):
    answer = raw.post(SCOPES, json={"slug": slug, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    return answer.json()["error"]


def test_a_scope_comes_with_limits_that_nobody_had_to_name(raw, project, server):
    scope = made(raw)

    assert scope["projectId"] == project.row.id
    assert scope["createdAt"] == scope["updatedAt"]
    assert {name: scope[name] for name in scope.keys() - {"id", "projectId", "createdAt", "updatedAt"}} == {
        "slug": "heroes",
        "url": f"{server.url}/cdn/{project.row.path}/live/heroes",
        "allowNewGenerations": True,
        "newGenerationsLimit": 30,
        "currentGenerations": 0,
        "lastGeneratedAt": None,
        "meta": {},
    }
    assert raw.get(f"{SCOPES}/heroes").json()["data"] == scope


def test_a_scope_is_changed_field_by_field(raw):
    before = made(raw, meta={"page": "home"}, newGenerationsLimit=5)

    after = raw.put(f"{SCOPES}/heroes", json={"allowNewGenerations": False}).json()["data"]

    assert after == before | {"allowNewGenerations": False, "updatedAt": after["updatedAt"]}
    assert after["updatedAt"] > before["updatedAt"]
    again = raw.put(f"{SCOPES}/heroes", json={"newGenerationsLimit": 0, "meta": {"a": [1]}}).json()["data"]
    assert (again["newGenerationsLimit"], again["meta"], again["allowNewGenerations"]) == (0, {"a": [1]}, False)


def test_scopes_are_listed_newest_first_in_pages(raw):
    for number in range(5):
        made(raw, f"scope-{number}")

    first = raw.get(f"{SCOPES}?limit=2").json()
    second = raw.get(f"{SCOPES}?limit=2&cursor={first['nextCursor']}").json()
    third = raw.get(f"{SCOPES}?limit=2&offset=4").json()

    slugs = [scope["slug"] for page in (first, second, third) for scope in page["data"]]
    assert slugs == ["scope-4", "scope-3", "scope-2", "scope-1", "scope-0"]
    assert first["pagination"] == {"total": 5, "limit": 2, "offset": 0, "hasMore": True}
    assert third["pagination"]["hasMore"] is False


def test_a_slug_is_taken_once_in_a_project(raw, other_raw):
    made(raw)

    refused(raw.post(SCOPES, json={"slug": "heroes"}), 409, "SCOPE_ALREADY_EXISTS")
    made(other_raw)


def test_a_repeated_request_makes_one_scope(raw):
    headers = {"Idempotency-Key": "once"}
    first, second = (raw.post(SCOPES, json={"slug": "heroes"}, headers=headers) for _ in range(2))

    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.content == second.content


def test_a_deleted_scope_is_gone_and_its_slug_free(raw):
    scope = made(raw)

    assert raw.delete(f"{SCOPES}/heroes").json()["data"] == {
        "id": scope["id"],
        "slug": "heroes",
        "imagesKept": 0,
        "cancelled": 0,
    }
    refused(raw.delete(f"{SCOPES}/heroes"), 404, "SCOPE_NOT_FOUND")
    assert made(raw)["id"] != scope["id"]


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_another_projects_scope_is_not_there(raw, other_raw, method):
    made(raw)

    body = {"json": {}} if method == "put" else {}
    refused(getattr(other_raw, method)(f"{SCOPES}/heroes", **body), 404, "SCOPE_NOT_FOUND")


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a_b", "a.b", "..", "a/b", "ä", "a" * 64, "a\n", "@a", "a b"])
def test_a_slug_that_no_url_could_hold_is_refused(raw, slug):
    refused(raw.post(SCOPES, json={"slug": slug}), 400, "SCOPE_INVALID_FORMAT")


@pytest.mark.parametrize("slug", ["A", "a_b", "%2e%2e", "-"])
def test_and_so_it_is_in_an_address(raw, slug):
    refused(raw.get(f"{SCOPES}/{slug}"), 400, "SCOPE_INVALID_FORMAT")


@pytest.mark.parametrize(
    "fields",
    [
        {"newGenerationsLimit": -1},
        {"newGenerationsLimit": 100_001},
        {"newGenerationsLimit": 1.5},
        {"newGenerationsLimit": "30"},
        {"newGenerationsLimit": None},
        {"allowNewGenerations": 1},
        {"meta": []},
        {"meta": None},
        {"meta": {"a": "x" * 70_000}},
        {"currentGenerations": 0},
        {"unknown": 1},
    ],
)
def test_a_field_that_means_nothing_is_refused(raw, fields):
    refused(raw.post(SCOPES, json={"slug": "heroes", **fields}), 400, "VALIDATION_ERROR")
    made(raw)
    refused(raw.put(f"{SCOPES}/heroes", json=fields), 400, "VALIDATION_ERROR")
    refused(raw.put(f"{SCOPES}/heroes", json={"slug": "other"}), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", SCOPES, "read"),
        ("GET", f"{SCOPES}/a", "read"),
        ("POST", SCOPES, "write"),
        ("PUT", f"{SCOPES}/a", "write"),
        ("DELETE", f"{SCOPES}/a", "delete"),
    ],
)
def test_a_key_needs_the_right_scope(public, new_project, method, path, scope):
    key = new_project(scopes=tuple(one for one in ALL_SCOPES if one != scope)).key
    body = {"json": {"slug": "a"} if method == "POST" else {}} if method in {"POST", "PUT"} else {}

    error = refused(public.request(method, path, headers={"X-API-Key": key}, **body), 403, "FORBIDDEN")

    assert repr(scope) in error["message"]


def test_a_scope_that_is_known_already_is_not_sent_again(raw):
    made(raw)
    etag = raw.get(f"{SCOPES}/heroes").headers["etag"]

    known = raw.get(f"{SCOPES}/heroes", headers={"If-None-Match": etag})

    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize(
    ("method", "verb", "body", "status"),
    [("PUT", "", {"meta": {}}, 200), ("POST", "/regenerate", {}, 202), ("DELETE", "", None, 200)],
)
def test_who_has_not_seen_the_last_change_changes_nothing(raw, method, verb, body, status):
    made(raw)
    seen = raw.get(f"{SCOPES}/heroes").headers["etag"]
    changed = raw.put(f"{SCOPES}/heroes", json={"newGenerationsLimit": 5})

    late = raw.request(method, f"{SCOPES}/heroes{verb}", json=body, headers={"If-Match": seen})

    refused(late, 412, "PRECONDITION_FAILED")
    assert raw.get(f"{SCOPES}/heroes").headers["etag"] == changed.headers["etag"]
    now = {"If-Match": changed.headers["etag"]}
    assert raw.request(method, f"{SCOPES}/heroes{verb}", json=body, headers=now).status_code == status
