"""Organizations, projects and keys over HTTP."""

import re
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from tests.wire import Wire

from atpix.ids import new_id
from atpix.projects import actions, keys

API = "/api/v1"


@pytest.fixture
def master(svc):
    return actions.create_key(svc, None)


@pytest.fixture
def http(wire, server):
    """Without a key."""
    return Wire(wire, server.url, {})


@pytest.fixture
def admin(wire, server, master):
    """Asks with the master key; `admin("GET", "/keys")`."""
    keyed = Wire(wire, server.url, {"X-API-Key": master.text})

    def ask(method, path, json=None, **headers):
        return keyed.request(method, API + path, json=json, headers=headers)

    return ask


@pytest.fixture
def acme():
    """The slug of an organization that no other test sees."""
    return f"acme-{uuid4().hex[:12]}"


@pytest.fixture
def shop(admin, acme):
    admin("POST", "/organizations", {"slug": acme, "name": "Acme Ltd"})
    return admin("POST", "/projects", {"organization": acme, "slug": "shop"}).json()["data"]


@pytest.fixture
def new_key(admin, acme, shop):
    def make(**more):
        return admin("POST", "/keys", {"organization": acme, "project": "shop", **more})

    return make


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def places(answer):
    return [fault["path"] for fault in answer.json()["error"]["details"]]


def test_an_organization_and_a_project_are_made_and_listed(admin, acme, shop):
    newest = admin("GET", "/organizations?limit=1").json()
    projects = admin("GET", f"/projects?organization={acme}").json()

    assert [(found["slug"], found["name"]) for found in newest["data"]] == [(acme, "Acme Ltd")]
    assert projects["data"] == [shop]
    assert projects["pagination"] == {"total": 1, "limit": 20, "offset": 0, "hasMore": False}
    assert (shop["organization"], shop["slug"], shop["name"]) == (acme, "shop", "shop")
    assert shop["settings"]["privateMetadata"] == "keep"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", shop["createdAt"])
    assert admin("GET", f"/projects?organization=not-{acme}").json()["data"] == []


def test_a_taken_slug_is_a_conflict(admin, acme, shop):
    assert code(admin("POST", "/organizations", {"slug": acme})) == (409, "ORGANIZATION_ALREADY_EXISTS")
    again = admin("POST", "/projects", {"organization": acme, "slug": "shop"})
    assert code(again) == (409, "PROJECT_ALREADY_EXISTS")
    elsewhere = admin("POST", "/projects", {"organization": f"not-{acme}", "slug": "shop"})
    assert code(elsewhere) == (404, "ORGANIZATION_NOT_FOUND")


def test_settings_are_patched(admin, shop):
    path = f"/projects/{shop['id']}"
    admin("PATCH", path, {"settings": {"privateMetadata": "strip", "maxFileBytes": 1000}})

    changed = admin("PATCH", path, {"name": "Shop", "settings": {"privateMetadata": None}})

    assert changed.status_code == 200
    data = changed.json()["data"]
    assert data["name"] == "Shop"
    assert data["settings"] == shop["settings"] | {"maxFileBytes": 1000}
    assert code(admin("PATCH", f"/projects/{new_id()}", {"name": "x"})) == (404, "PROJECT_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"slug": "other"}, "slug"),
        ({"settings": {"colour": "red"}}, "settings.colour"),
        ({"settings": {"maxFileBytes": "10"}}, "settings.maxFileBytes"),
        ({"settings": {"allowedTypes": ["image/tiff"]}}, "settings.allowedTypes[0]"),
        ({"settings": {"provider": "nope"}}, "settings.provider"),
        ({"settings": {"provider": "openai"}}, "settings.provider"),
        ({"name": ""}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": None}, "name"),
    ],
)
def test_a_wrong_patch_is_refused_by_name(admin, shop, body, place):
    refused = admin("PATCH", f"/projects/{shop['id']}", body)

    assert code(refused) == (400, "VALIDATION_ERROR")
    assert places(refused) == [place]


def test_a_key_is_shown_once_and_works(admin, new_key, shop, http):
    made = new_key(scopes=["read"], name="site")

    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    data = made.json()["data"]
    text = data.pop("key")
    assert keys.is_well_formed(text)
    assert (data["kind"], data["scopes"], data["projectId"]) == ("project", ["read"], shop["id"])
    listed = admin("GET", f"/keys?projectId={shop['id']}").json()
    assert listed["data"] == [data]
    assert text not in admin("GET", "/keys").text
    assert http.get(f"{API}/images", headers={"Authorization": f"Bearer {text}"}).status_code == 200


def test_a_replayed_key_answer_does_not_hold_the_key(admin, acme, shop):
    body, once = {"organization": acme, "project": "shop"}, {"Idempotency-Key": new_id()}
    first = admin("POST", "/keys", body, **once)

    again = admin("POST", "/keys", body, **once)

    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["data"] == first.json()["data"] | {"key": None}
    other = admin("POST", "/keys", body | {"name": "x"}, **once)
    assert code(other) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert admin("GET", f"/keys?projectId={first.json()['data']['projectId']}").json()["pagination"]["total"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"organization": "acme"},
        {"kind": "master", "project": "shop"},
        {"kind": "master", "scopes": ["read"]},
        {"organization": "acme", "project": "shop", "scopes": []},
        {"organization": "acme", "project": "shop", "scopes": ["fly"]},
        {"organization": "acme", "project": "shop", "expiresInDays": 0},
        {"organization": "Acme!", "project": "shop"},
    ],
)
def test_a_wrong_request_for_a_key_is_refused(admin, acme, shop, body):
    named = {"organization": acme} if body.get("organization") == "acme" else {}
    assert code(admin("POST", "/keys", body | named)) == (400, "VALIDATION_ERROR")


def test_a_key_for_an_unknown_project_is_not_made(new_key):
    assert code(new_key(project="none")) == (404, "PROJECT_NOT_FOUND")


def test_a_revoked_key_is_refused_at_once_by_the_process_that_revoked_it(admin, new_key, http):
    made = new_key().json()["data"]
    with_key = {"X-API-Key": made["key"]}
    assert http.get(f"{API}/images", headers=with_key).status_code == 200

    revoked = admin("DELETE", f"/keys/{made['id']}")

    assert revoked.status_code == 200
    assert revoked.json()["data"]["revokedAt"] is not None
    assert code(http.get(f"{API}/images", headers=with_key)) == (401, "UNAUTHORIZED")
    assert admin("DELETE", f"/keys/{made['id']}").json() == revoked.json()
    assert code(admin("DELETE", f"/keys/{new_id()}")) == (404, "KEY_NOT_FOUND")


def test_both_keys_work_during_the_overlap_of_a_rotation(admin, new_key, http):
    old = new_key().json()["data"]

    new = admin("POST", f"/keys/{old['id']}/rotate", {"overlapSeconds": 60})

    assert new.status_code == 201
    assert new.headers["cache-control"] == "no-store"
    for text in (old["key"], new.json()["data"]["key"]):
        assert http.get(f"{API}/images", headers={"X-API-Key": text}).status_code == 200


def test_a_rotation_without_overlap_ends_the_old_key_at_once(admin, new_key, http):
    old = new_key().json()["data"]
    assert http.get(f"{API}/images", headers={"X-API-Key": old["key"]}).status_code == 200

    admin("POST", f"/keys/{old['id']}/rotate", {"overlapSeconds": 0})

    assert code(http.get(f"{API}/images", headers={"X-API-Key": old["key"]})) == (401, "UNAUTHORIZED")
    assert code(admin("POST", f"/keys/{old['id']}/rotate", {})) == (409, "KEY_NOT_ACTIVE")


def test_a_rotation_overlaps_for_a_day_unless_told(admin, new_key, shop):
    old = new_key().json()["data"]

    new = admin("POST", f"/keys/{old['id']}/rotate")

    assert new.status_code == 201
    found = {key["id"]: key for key in admin("GET", f"/keys?projectId={shop['id']}").json()["data"]}
    made = datetime.fromisoformat(new.json()["data"]["createdAt"])
    assert datetime.fromisoformat(found[old["id"]]["expiresAt"]) - made == timedelta(days=1)
    refused = admin("POST", f"/keys/{old['id']}/rotate", {"overlapSeconds": 31 * 86_400})
    assert (code(refused), places(refused)) == ((400, "VALIDATION_ERROR"), ["overlapSeconds"])


def test_a_master_key_can_end_itself(admin, master):
    assert admin("DELETE", f"/keys/{master.row.id}").status_code == 200

    assert code(admin("GET", "/keys")) == (401, "UNAUTHORIZED")


def test_a_master_key_revoked_elsewhere_changes_nothing(admin, acme, svc, master):
    assert admin("GET", "/keys").status_code == 200
    actions.revoke_key(svc, master.row.id)

    assert code(admin("POST", "/organizations", {"slug": acme})) == (401, "UNAUTHORIZED")
    assert code(admin("POST", "/keys", {"kind": "master"})) == (401, "UNAUTHORIZED")


def test_a_project_key_administers_nothing(new_key, shop, http):
    text = new_key().json()["data"]["key"]

    for method, path in [
        ("POST", "/organizations"),
        ("GET", "/organizations"),
        ("POST", "/projects"),
        ("GET", "/projects"),
        ("PATCH", f"/projects/{shop['id']}"),
        ("POST", "/keys"),
        ("GET", "/keys"),
        ("DELETE", f"/keys/{new_id()}"),
        ("POST", f"/keys/{new_id()}/rotate"),
    ]:
        refused = http.request(method, API + path, json={} if method in {"POST", "PATCH"} else None,
                               headers={"X-API-Key": text})  # fmt: skip
        assert code(refused) == (403, "FORBIDDEN"), (method, path)
        assert code(http.request(method, API + path)) == (401, "UNAUTHORIZED"), (method, path)


def test_a_master_key_reaches_no_projects_data(admin):
    assert code(admin("GET", "/images")) == (403, "FORBIDDEN")


def test_pages_follow_the_cursor(admin, acme, shop):
    for name in ("one", "two", "three"):
        admin("POST", "/projects", {"organization": acme, "slug": name})

    first = admin("GET", f"/projects?organization={acme}&limit=2").json()
    second = admin("GET", f"/projects?organization={acme}&limit=2&cursor={first['nextCursor']}").json()

    assert [row["slug"] for row in first["data"] + second["data"]] == ["three", "two", "one", "shop"]
    assert second["pagination"]["hasMore"] is False
    assert "nextCursor" not in second


@pytest.mark.parametrize(
    "path", ["/keys?limit=0", "/keys?limit=101", "/keys?offset=-1", "/keys?colour=red", "/keys?projectId=x",
             "/projects?organization=A!", "/organizations?cursor=nonsense"]
)  # fmt: skip
def test_wrong_parameters_are_refused(admin, path):
    assert code(admin("GET", path)) == (400, "VALIDATION_ERROR")
