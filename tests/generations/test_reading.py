"""GET /generations and one of them; another project's are not there."""

import pytest
from tests.generations.api import NOBODY, PATH, code, path


def ids(listed):
    return [one["id"] for one in listed["data"]]


def test_the_newest_comes_first(generations):
    made = [generations.make()["id"] for _ in range(3)]

    assert ids(generations.list()) == made[::-1]


def test_a_listed_one_is_as_a_single_one(generations, upload):
    made = generations.make(referenceImages=[upload().id], alias="@hero")

    assert generations.list()["data"] == [made]


def test_filters_combine(generations, raw):
    flow = generations.make(flowAlias="@one")["flowId"]
    inside, outside = generations.make(flowId=flow)["id"], generations.make()["id"]
    raw.delete(f"{PATH}/{generations.list(flowId=flow)['data'][1]['id']}")

    assert ids(generations.list(flowId=flow)) == [inside]
    assert ids(generations.list(status="success")) == [outside, inside]
    assert ids(generations.list(status="success", flowId=flow)) == [inside]
    assert ids(generations.list(status="failed", flowId=flow)) == []
    assert ids(generations.list(flowId=NOBODY)) == []


def test_what_waits_and_what_failed_is_found(generations, raw, queue):
    queue.hold()
    waiting, given_up = generations.begin()["id"], generations.begin()["id"]
    raw.post(f"{PATH}/{given_up}/cancel")

    assert ids(generations.list(status="pending")) == [waiting]
    assert ids(generations.list(status="failed")) == [given_up]
    assert generations.list(status="pending")["pagination"]["total"] == 1


def test_pages_by_offset_and_by_cursor(generations):
    made = [generations.make()["id"] for _ in range(5)][::-1]

    second = generations.list(limit=2, offset=2)
    assert ids(second) == made[2:4]
    assert second["pagination"] == {"total": 5, "limit": 2, "offset": 2, "hasMore": True}
    rest = generations.list(limit=2, cursor=second["nextCursor"])
    assert ids(rest) == made[4:]
    assert "nextCursor" not in rest


@pytest.mark.parametrize(
    ("query", "place"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("offset=-1", "offset"), ("cursor=x", "cursor"),
     ("status=done", "status"), ("flowId=x", "flowId"), ("flow=x", "flow"), ("flowId=", "flowId")],
)  # fmt: skip
def test_a_list_takes_nothing_it_does_not_know(raw, query, place):
    answer = raw.get(f"{PATH}?{query}")

    assert code(answer) == (400, "VALIDATION_ERROR")
    assert path(answer) == place


def test_who_has_it_already_gets_304(generations, raw):
    made = generations.make()
    first = raw.get(f"{PATH}/{made['id']}")

    assert raw.get(f"{PATH}/{made['id']}", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_a_deleted_output_leaves_the_record(generations, client):
    made = generations.make()
    client.images.delete(made["outputImageId"])

    after = generations.get(made["id"])
    assert (after["status"], after["outputImageId"], after["outputImage"]) == ("success", None, None)


@pytest.mark.parametrize("text", ["1", "@hero", "x" * 36])
def test_an_id_that_is_none_is_refused(raw, text):
    answer = raw.get(f"{PATH}/{text}")

    assert code(answer) == (400, "VALIDATION_ERROR")
    assert path(answer) == "generationId"


VERBS = [
    ("GET", "", None),
    ("GET", "/events", None),
    ("PUT", "", {"meta": {"stolen": True}}),
    ("PUT", "", {"prompt": "stolen"}),
    ("POST", "/regenerate", None),
    ("POST", "/replay", {}),
    ("POST", "/cancel", None),
    ("DELETE", "", None),
]


@pytest.mark.parametrize(("method", "place", "body"), VERBS)
def test_another_projects_generation_is_not_found(generations, other_raw, method, place, body):
    made = generations.make(alias="@hero")

    theirs = other_raw.request(method, f"{PATH}/{made['id']}{place}", json=body)
    none = other_raw.request(method, f"{PATH}/{NOBODY}{place}", json=body)

    assert code(theirs) == code(none) == (404, "GENERATION_NOT_FOUND")
    assert generations.get(made["id"]) == made


def test_another_projects_generations_are_in_no_list(generations, others):
    made = generations.make(flowAlias="@one")

    assert others.list()["pagination"]["total"] == 0
    assert others.list(flowId=made["flowId"])["data"] == []


SCOPES = [
    ("GET", "", "read"),
    ("GET", "/events", "read"),
    ("PUT", "", "generate"),
    ("POST", "/regenerate", "generate"),
    ("POST", "/replay", "generate"),
    ("POST", "/cancel", "generate"),
    ("DELETE", "", "delete"),
]


@pytest.mark.parametrize(("method", "place", "scope"), SCOPES)
def test_each_operation_needs_its_scope(wire, server, new_project, method, place, scope):
    others = tuple({"read", "write", "delete", "generate"} - {scope})
    key = new_project(scopes=others).key

    answer = wire.request(method, f"{server.url}{PATH}/{NOBODY}{place}", headers={"X-API-Key": key}, json={})

    assert code(answer) == (403, "FORBIDDEN")
    assert f"'{scope}'" in answer.json()["error"]["message"]
