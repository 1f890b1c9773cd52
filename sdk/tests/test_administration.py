import json

import httpx2
import pytest
from sdk.tests.stand_in import failure

from atpix_client import APITimeoutError


def sent(server):
    request = server.requests[-1]
    body = json.loads(request.content) if request.content else None
    return request.method, request.url.path.removeprefix("/api/v1"), body


def test_organizations_are_made_and_listed(client, server):
    assert client.organizations.create("acme", name="Acme").slug == "acme"
    assert sent(server) == ("POST", "/organizations", {"slug": "acme", "name": "Acme"})

    assert [found.slug for found in client.organizations.list()] == ["acme"]


def test_projects_are_made_changed_and_listed(client, server):
    project = client.projects.create("acme", "site", settings={"privateMetadata": "strip"})
    assert project.settings == {"privateMetadata": "strip"}
    assert sent(server)[2] == {
        "organization": "acme",
        "slug": "site",
        "settings": {"privateMetadata": "strip"},
    }

    client.projects.update("p1", settings={"a": None})
    assert sent(server) == ("PATCH", "/projects/p1", {"settings": {"a": None}})

    client.projects.update("p1", name="Site")
    assert sent(server) == ("PATCH", "/projects/p1", {"name": "Site"})

    assert client.projects.list(organization="acme", limit=5).total == 1
    assert dict(server.requests[-1].url.params) == {"organization": "acme", "limit": "5"}


def test_a_key_shows_its_secret_in_the_answer_and_not_in_its_repr(client, server):
    key = client.keys.create(organization="acme", project="site", scopes=["read"], expires_in_days=30)

    assert key.key == "atp_secret"
    assert "atp_secret" not in repr(key)
    assert sent(server)[2] == {
        "organization": "acme",
        "project": "site",
        "scopes": ["read"],
        "expiresInDays": 30,
        "kind": "project",
    }


def test_keys_are_listed_rotated_and_revoked(client, server):
    assert [key.key for key in client.keys.iterate(project_id="p1")] == [None]
    assert dict(server.requests[-1].url.params) == {"projectId": "p1", "limit": "100"}

    client.keys.rotate("k1", overlap_seconds=60)
    assert sent(server) == ("POST", "/keys/k1/rotate", {"overlapSeconds": 60})

    assert client.keys.revoke("k1") is None
    assert sent(server) == ("DELETE", "/keys/k1", None)


def test_a_key_whose_answer_was_lost_is_an_exception_and_not_a_record_without_the_key(client, server):
    for make in (lambda: client.keys.create(kind="master"), lambda: client.keys.rotate("k1")):
        server.script.append(httpx2.ReadTimeout("slow"))
        with pytest.raises(APITimeoutError):
            make()

    assert len(server.requests) == 2


def test_making_a_key_waits_for_a_busy_server(client, server):
    server.script.append(failure(503, "OVERLOADED"))

    assert client.keys.create(kind="master").key == "atp_secret"
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1
