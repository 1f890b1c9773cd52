"""Flows themselves: made, listed, changed. Contract, section 6."""

import pytest

NOBODY = "0197f0c2-8d5e-7c3a-9b1e-2f6d4a8c1e70"
FIELDS = {"id", "projectId", "aliases", "generationCount", "imageCount", "meta", "createdAt", "updatedAt"}


def code(response):
    return response.status_code, response.json()["error"]["code"]


def test_a_flow_is_created_empty(raw, flows, project):
    answer = raw.post("/api/v1/flows", json={"meta": {"title": "Harbour"}})

    flow = answer.json()["data"]
    assert answer.status_code == 201
    assert flow.keys() == FIELDS
    assert flow["projectId"] == project.row.id
    assert (flow["aliases"], flow["generationCount"], flow["imageCount"]) == ({}, 0, 0)
    assert flow["meta"] == {"title": "Harbour"}
    assert flow["createdAt"] == flow["updatedAt"]
    assert flows.get(flow["id"]) == flow


@pytest.mark.parametrize("body", [{}, {"json": {}}, {"json": {"meta": None}}])
def test_a_flow_needs_nothing_to_be_created(raw, body):
    answer = raw.post("/api/v1/flows", **body)

    assert (answer.status_code, answer.json()["data"]["meta"]) == (201, {})


def test_a_repeated_creation_is_one_flow(raw):
    sent = {"json": {"meta": {"n": 1}}, "headers": {"Idempotency-Key": "one"}}

    first, second = (raw.post("/api/v1/flows", **sent) for _ in range(2))
    other = raw.post("/api/v1/flows", json={"meta": {"n": 2}}, headers={"Idempotency-Key": "one"})

    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert code(other) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert raw.get("/api/v1/flows").json()["pagination"]["total"] == 1


def test_an_upload_makes_a_flow_and_counts_in_it(upload, flows, client):
    image = upload(flow_alias="@cover")
    trashed = upload(flow_id=image.flow_id)
    client.images.delete(trashed.id, trash=True)

    flow = flows.get(image.flow_id)

    assert (flow["aliases"], flow["imageCount"]) == ({"@cover": image.id}, 1)


def test_generations_count(made, upload, flows):
    image = upload(flow_alias="@cover")
    made.generation(image, flow=image.flow_id)
    made.generation(flow=image.flow_id, status="failed")

    assert flows.get(image.flow_id)["generationCount"] == 2


def test_flows_are_listed_newest_first_in_pages(raw, flows, upload):
    made = [flows.create()["id"] for _ in range(3)]
    image = upload(flow_id=made[0], flow_alias="@cover")

    first = raw.get("/api/v1/flows?limit=2").json()
    second = raw.get(f"/api/v1/flows?limit=2&cursor={first['nextCursor']}").json()
    by_offset = raw.get("/api/v1/flows?limit=2&offset=2").json()

    assert [flow["id"] for flow in first["data"] + second["data"]] == made[::-1]
    assert first["pagination"] == {"total": 3, "limit": 2, "offset": 0, "hasMore": True}
    assert second["data"] == by_offset["data"]
    assert "nextCursor" not in second
    assert (second["data"][0]["aliases"], second["data"][0]["imageCount"]) == ({"@cover": image.id}, 1)


def test_meta_is_replaced_whole(raw, flows):
    flow = flows.create(meta={"a": 1, "b": 2})

    changed = raw.put(f"/api/v1/flows/{flow['id']}", json={"meta": {"b": 3}}).json()["data"]

    assert changed["meta"] == {"b": 3}
    assert changed["updatedAt"] > flow["updatedAt"]
    assert changed["createdAt"] == flow["createdAt"]


@pytest.mark.parametrize("body", [{}, {"meta": None}, {"meta": []}, {"meta": {"a": "\0"}}, {"title": "x"}])
def test_meta_must_be_an_object(raw, flows, body):
    flow = flows.create()["id"]

    assert code(raw.put(f"/api/v1/flows/{flow}", json=body)) == (400, "VALIDATION_ERROR")


def test_a_write_that_lost_is_refused(raw, flows):
    flow = flows.create()["id"]
    etag = raw.get(f"/api/v1/flows/{flow}").headers["etag"]
    raw.put(f"/api/v1/flows/{flow}", json={"meta": {"by": "another"}})

    stale = {"If-Match": etag}
    answers = (
        raw.put(f"/api/v1/flows/{flow}", json={"meta": {}}, headers=stale),
        flows.name(flow, names={}, headers=stale),
        raw.delete(f"/api/v1/flows/{flow}", headers=stale),
    )

    assert [code(answer) for answer in answers] == [(412, "PRECONDITION_FAILED")] * 3


def test_the_images_of_a_flow_are_listed(raw, upload):
    first = upload(flow_alias="@cover")
    second = upload(flow_id=first.flow_id)
    upload()

    listed = raw.get(f"/api/v1/flows/{first.flow_id}/images").json()

    assert [image["id"] for image in listed["data"]] == [second.id, first.id]
    assert listed["pagination"]["total"] == 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/images", None),
        ("PUT", "", {"meta": {}}),
        ("PUT", "/aliases", {"aliases": {}}),
        ("DELETE", "/aliases/@cover", None),
        ("DELETE", "", None),
    ],
)
def test_another_projects_flow_is_not_there(raw, other_raw, flows, upload, method, path, body):
    flow = flows.create()["id"]
    upload(flow_id=flow, flow_alias="@cover")

    foreign = other_raw.request(method, f"/api/v1/flows/{flow}{path}", json=body)
    nobody = raw.request(method, f"/api/v1/flows/{NOBODY}{path}", json=body)
    malformed = raw.request(method, f"/api/v1/flows/nonsense{path}", json=body)

    assert code(foreign) == code(nobody) == (404, "FLOW_NOT_FOUND")
    assert code(malformed) == (400, "VALIDATION_ERROR")
    assert flows.get(flow)["imageCount"] == 1


def test_another_projects_flows_are_not_listed(other_raw, flows):
    flows.create()

    assert other_raw.get("/api/v1/flows").json()["data"] == []


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        (("write", "delete", "generate"), "GET", "/api/v1/flows"),
        (("read", "delete", "generate"), "POST", "/api/v1/flows"),
        (("read", "write", "generate"), "DELETE", f"/api/v1/flows/{NOBODY}"),
    ],
)
def test_each_operation_needs_its_scope(new_project, public, scopes, method, path):
    key = new_project(scopes=scopes).key

    assert code(public.request(method, path, headers={"X-API-Key": key})) == (403, "FORBIDDEN")
