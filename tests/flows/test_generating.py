"""What is generated in a flow: listed, repeated, given up with it. Contract, section 6."""

import pytest
import sqlalchemy as sa
from tests.wire import eventually

from atpix.db.generation_tables import generations, usage_records


@pytest.fixture
def generate(raw):
    def generated(flow, prompt="a harbour at dawn", **options):
        wait = options.pop("wait", 60)
        sent = {"prompt": prompt, "aspectRatio": "1:1", "flowId": flow, **options}
        return raw.post("/api/v1/generations", json=sent, headers={"Prefer": f"wait={wait}"}).json()["data"]

    return generated


def code(response):
    return response.status_code, response.json()["error"]["code"]


def test_generations_of_a_flow_are_listed(raw, flows, generate):
    flow = flows.create()["id"]
    made = [generate(flow)["id"] for _ in range(2)]
    generate(None)

    listed = raw.get(f"/api/v1/flows/{flow}/generations").json()

    assert [one["id"] for one in listed["data"]] == made[::-1]
    assert listed["data"] == raw.get(f"/api/v1/generations?flowId={flow}").json()["data"]
    assert flows.get(flow)["generationCount"] == 2


def test_the_newest_generation_is_made_again_and_names_move(raw, flows, generate):
    flow = flows.create()["id"]
    older, newest = generate(flow), generate(flow, "a mole with a lantern", flowAlias="@mole")

    answer = raw.post(f"/api/v1/flows/{flow}/regenerate")

    again = answer.json()["data"]
    assert answer.status_code == 200
    assert (again["id"], again["run"], again["status"]) == (newest["id"], 2, "success")
    assert again["outputImageId"] not in {newest["outputImageId"], older["outputImageId"]}
    assert flows.get(flow)["aliases"] == {"@mole": again["outputImageId"]}


def test_a_repeated_request_makes_it_again_once(raw, flows, generate):
    flow = flows.create()["id"]
    generate(flow)
    sent = {"headers": {"Idempotency-Key": "again"}}

    first, second = (raw.post(f"/api/v1/flows/{flow}/regenerate", **sent).json()["data"] for _ in range(2))

    assert (first["run"], first["outputImageId"]) == (second["run"], second["outputImageId"])


def test_who_does_not_wait_is_told_where_to_look(raw, flows, generate):
    flow = flows.create()["id"]
    made = generate(flow)

    answer = raw.post(f"/api/v1/flows/{flow}/regenerate", headers={"Prefer": "wait=0"})

    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/v1/generations/{made['id']}"
    eventually(lambda: raw.get(answer.headers["location"]).json()["data"]["status"] == "success")


def test_a_flow_with_uploads_only_has_nothing_to_repeat(raw, upload):
    flow = upload(flow_alias="@cover").flow_id

    assert code(raw.post(f"/api/v1/flows/{flow}/regenerate")) == (404, "GENERATION_NOT_FOUND")


@pytest.mark.parametrize(("method", "path"), [("GET", "generations"), ("POST", "regenerate")])
def test_another_projects_flow_is_not_there(other_raw, flows, generate, method, path):
    flow = flows.create()["id"]
    generate(flow)

    assert code(other_raw.request(method, f"/api/v1/flows/{flow}/{path}")) == (404, "FLOW_NOT_FOUND")
    assert code(other_raw.request(method, f"/api/v1/flows/nonsense/{path}")) == (400, "VALIDATION_ERROR")


def test_regenerating_needs_its_scope(new_project, public):
    key = new_project(scopes=("read", "write", "delete")).key
    flow = public.post("/api/v1/flows", headers={"X-API-Key": key}).json()["data"]["id"]

    assert code(public.post(f"/api/v1/flows/{flow}/regenerate", headers={"X-API-Key": key})) == (403, "FORBIDDEN")


def test_what_is_under_way_is_given_up_with_its_flow(flows, generate, client, svc, project):
    """Whether it was done by then or not: nothing of it stays but its line in the ledger."""
    flow = flows.create()["id"]
    made = [generate(flow, f"harbour {n}", wait=0)["id"] for n in range(3)]

    answer = flows.delete(flow).json()["data"]

    assert answer["deletedGenerations"] == {"count": 3, "ids": made[::-1]}
    records = sa.select(sa.func.count()).select_from(usage_records).where(usage_records.c.generation_id.in_(made))
    with svc.db.read() as tx:
        assert tx.scalar(records) == 3
        mine = generations.c.project_id == project.row.id
        assert tx.scalar(sa.select(sa.func.count()).select_from(generations).where(mine)) == 0
    assert client.images.list(include_deleted=True).total == 0


def test_the_newest_and_the_first_generated_image_have_names(raw, flows, generate):
    flow = flows.create()["id"]
    first, last = generate(flow), generate(flow, "a lantern")

    found = [raw.get(f"/api/v1/images/{name}?flowId={flow}").json()["data"]["id"] for name in ("@first", "@last")]

    assert found == [first["outputImageId"], last["outputImageId"]]
