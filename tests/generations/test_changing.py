"""Once more, otherwise, no more: PUT, regenerate, replay, cancel, DELETE."""

from uuid import uuid4

import pytest
import sqlalchemy as sa
from tests.access import had_settings
from tests.generations.api import PATH, code, path

from atpix.db.generation_tables import generations as rows


@pytest.fixture
def again(raw):
    def sent(generation, verb="regenerate", **options):
        return raw.post(f"{PATH}/{generation['id']}/{verb}", **options)

    return sent


@pytest.fixture
def put(raw):
    def sent(generation, **body):
        return raw.put(f"{PATH}/{generation['id']}", json=body)

    return sent


def test_regenerating_makes_a_new_image_and_moves_the_names(generations, again, client):
    old = generations.make(alias="@hero", flowAlias="@draft")
    client.images.assign_alias(old["outputImageId"], "@cover")

    answer = again(old)

    assert answer.status_code == 200
    new = answer.json()["data"]
    assert (new["id"], new["run"], new["status"]) == (old["id"], 2, "success")
    assert new["outputImageId"] != old["outputImageId"]
    assert client.images.get("@cover").id == new["outputImageId"]
    assert client.images.get("@draft", flow_id=old["flowId"]).id == new["outputImageId"]
    assert client.images.get(old["outputImageId"]).alias is None


def test_without_a_seed_it_is_another_picture_each_time_and_by_its_seed_the_same(generations, again):
    old = generations.make(model="offline-1", aspectRatio="1:1")
    new = again(old).json()["data"]
    exact = generations.make(model="offline-1", aspectRatio="1:1", seed=new["usage"]["seed"])
    same = again(exact).json()["data"]

    old, new, exact, same = (one["outputImage"]["sha256"] for one in (old, new, exact, same))
    assert old != new == exact == same


def test_a_name_that_was_given_away_meanwhile_stays_away(generations, again, client, upload):
    old = generations.make(alias="@hero")
    other = upload(alias="@hero")

    again(old)

    assert client.images.get("@hero").id == other.id


def test_the_old_image_stays_until_the_new_one_is_there(generations, again, queue):
    old = generations.make(alias="@hero")
    queue.hold()

    answer = again(old, headers={"Prefer": "wait=0"})

    assert answer.status_code == 202
    assert answer.headers["location"] == f"{PATH}/{old['id']}"
    under_way = answer.json()["data"]
    assert (under_way["status"], under_way["outputImageId"]) == ("pending", old["outputImageId"])


def test_one_that_is_under_way_is_not_begun_again(generations, again, put, queue):
    queue.hold()
    waiting = generations.begin()

    for answer in (again(waiting), put(waiting, prompt="another"), put(waiting, flowId=str(uuid4()))):
        assert code(answer) == (409, "GENERATION_IN_PROGRESS")
    assert put(waiting, meta={"seen": True}).json()["data"]["meta"] == {"seen": True}


def test_regenerating_takes_the_same_images_whatever_their_names_mean_now(generations, again, upload):
    hero = upload(alias="@hero")
    made = generations.make(prompt="@hero in a hat")
    upload(alias="@hero")

    assert again(made).json()["data"]["referencedImages"] == [
        {"imageId": hero.id, "alias": "@hero", "sha256": hero.sha256}
    ]


@pytest.mark.parametrize("verb", ["regenerate", "replay"])
def test_a_reference_that_is_gone_cannot_go_in_again(generations, again, upload, client, verb):
    hero = upload(alias="@hero")
    made = generations.make(referenceImages=["@hero"])
    client.images.delete(hero.id)

    answer = again(made, verb)

    assert code(answer) == (404, "IMAGE_NOT_FOUND")
    assert "@hero" in answer.json()["error"]["message"]
    assert generations.get(made["id"])["run"] == 1


def test_another_prompt_generates_again(generations, put, upload):
    old_hero, villain, kept = upload(alias="@hero"), upload(alias="@villain"), upload()
    made = generations.make(prompt="@hero sleeps", referenceImages=[kept.id])
    assert old_hero.id in [one["imageId"] for one in made["referencedImages"]]

    changed = put(made, prompt="@villain sleeps").json()["data"]

    assert (changed["run"], changed["prompt"], changed["status"]) == (2, "@villain sleeps", "success")
    assert [one["imageId"] for one in changed["referencedImages"]] == [kept.id, villain.id]


def test_another_ratio_generates_again(generations, put):
    made = generations.make(aspectRatio="16:9")

    changed = put(made, aspectRatio="9:16").json()["data"]

    assert (changed["run"], changed["aspectRatio"]) == (2, "9:16")
    assert changed["outputImage"]["width"] < changed["outputImage"]["height"]


def test_what_is_so_already_changes_nothing(generations, put):
    made = generations.make()

    assert (
        put(made, prompt=made["prompt"], aspectRatio=made["aspectRatio"], meta={}, flowId=None).json()["data"] == made
    )
    assert put(made).json()["data"] == made


def test_meta_changes_only_the_record(generations, put):
    made = generations.make(meta={"a": 1})

    changed = put(made, meta={"b": 2}).json()["data"]

    assert changed["updatedAt"] > made["updatedAt"]
    assert changed == made | {"meta": {"b": 2}, "updatedAt": changed["updatedAt"]}


def test_another_flow_takes_the_image_along(generations, put, client):
    made = generations.make(flowAlias="@draft")
    flow = str(uuid4())

    moved = put(made, flowId=flow).json()["data"]

    assert (moved["flowId"], moved["run"]) == (flow, 1)
    assert client.images.get(made["outputImageId"]).flow_id == flow
    assert client.images.list(flow_id=flow).total == 1
    assert client.images.list(flow_id=made["flowId"]).total == 0
    assert client.images.get("@draft", flow_id=made["flowId"]).id == made["outputImageId"]
    out = put(made, flowId=None).json()["data"]
    assert (out["flowId"], client.images.get(made["outputImageId"]).flow_id) == (None, None)


def test_another_flow_and_another_prompt_at_once(generations, put, client):
    made, flow = generations.make(flowAlias="@draft"), str(uuid4())

    moved = put(made, flowId=flow, prompt="another fox").json()["data"]

    assert (moved["flowId"], moved["run"], moved["status"]) == (flow, 2, "success")
    assert client.images.get(moved["outputImageId"]).flow_id == flow


BAD = {
    "an empty prompt": ({"prompt": ""}, "prompt"),
    "null as prompt": ({"prompt": None}, "prompt"),
    "an unknown ratio": ({"aspectRatio": "1:2"}, "aspectRatio"),
    "a flow that is none": ({"flowId": "x"}, "flowId"),
    "meta that is no object": ({"meta": []}, "meta"),
    "null as meta": ({"meta": None}, "meta"),
    "a field that cannot change": ({"seed": 1}, "seed"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_change_that_makes_no_sense_is_refused(generations, put, name):
    body, place = BAD[name]
    made = generations.make()

    answer = put(made, **body)

    assert code(answer) == (400, "VALIDATION_ERROR")
    assert path(answer) == place
    assert generations.get(made["id"]) == made


def test_a_prompt_may_not_name_what_the_same_generation_made(generations, put):
    made = generations.make(alias="@hero")

    answer = put(made, prompt="@hero, but at night")

    assert code(answer) == (400, "VALIDATION_ERROR")
    assert path(answer) == "prompt"


def test_another_projects_flow_takes_no_generation(generations, put, others):
    theirs = others.make(flowAlias="@x")["flowId"]

    assert code(put(generations.make(), flowId=theirs)) == (404, "FLOW_NOT_FOUND")


def test_a_replay_is_a_new_generation_by_the_same_recipe(generations, again, upload, client):
    hero = upload(alias="@hero")
    old = generations.make(prompt="@hero", aspectRatio="3:2", seed=7, alias="@fox", flowAlias="@draft", meta={"a": 1})
    upload(alias="@hero")

    answer = again(old, "replay")

    assert answer.status_code == 201
    new = answer.json()["data"]
    assert answer.headers["location"] == f"{PATH}/{new['id']}"
    assert new["id"] != old["id"]
    for field in ("prompt", "aspectRatio", "seed", "flowId", "meta", "provider", "model", "referencedImages"):
        assert new[field] == old[field], field
    assert new["referencedImages"][0]["imageId"] == hero.id
    assert client.images.get("@fox").id == old["outputImageId"]
    assert new["outputImage"]["sha256"] == old["outputImage"]["sha256"]


def test_a_replay_may_differ(generations, again):
    old = generations.make(seed=7, flowAlias="@draft")

    new = again(old, "replay", json={"seed": 8, "flowId": None, "model": "offline-1"}).json()["data"]

    assert (new["seed"], new["flowId"], new["model"]) == (8, None, "offline-1")
    assert again(old, "replay", json={"seed": None}).json()["data"]["seed"] is None


@pytest.mark.parametrize(
    ("body", "place"),
    [({"provider": "nobody"}, "provider"), ({"model": "offline-99"}, "model"), ({"seed": -1}, "seed"),
     ({"prompt": "x"}, "prompt"), ({"flowId": "x"}, "flowId")],
)  # fmt: skip
def test_a_replay_that_makes_no_sense_is_refused(generations, again, body, place):
    answer = again(generations.make(), "replay", json=body)

    assert code(answer) == (400, "VALIDATION_ERROR")
    assert path(answer) == place


def test_cancelling_ends_what_waits(generations, again, queue):
    queue.hold()
    waiting = generations.begin(alias="@hero")

    answer = again(waiting, "cancel")

    assert answer.status_code == 200
    cancelled = answer.json()["data"]
    assert (cancelled["status"], cancelled["error"]["code"]) == ("failed", "CANCELLED")
    assert again(waiting, "cancel").json()["data"] == cancelled


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_a_job_at_a_provider_that_is_not_configured_any_more_can_be_given_up(generations, again, queue, svc, raw, how):
    queue.hold()
    waiting = generations.begin()
    with svc.db.transaction() as tx:
        its = rows.c.id == waiting["id"]
        tx.execute(sa.update(rows).where(its).values(provider="fal", provider_ref="a-job"))

    answer = again(waiting, "cancel") if how == "cancel" else raw.delete(f"{PATH}/{waiting['id']}")

    assert answer.status_code == 200


def test_what_has_ended_is_not_cancelled(generations, again):
    made = generations.make()

    assert again(made, "cancel").json()["data"] == made


def test_what_was_cancelled_can_be_made_after_all(generations, again, queue, client):
    queue.hold()
    waiting = generations.begin(alias="@hero")
    again(waiting, "cancel")
    queue.go_on()

    made = again(waiting).json()["data"]

    assert (made["status"], made["run"]) == ("success", 2)
    assert client.images.get("@hero").id == made["outputImageId"]


def test_deleting_takes_what_it_made(generations, again, raw, client, public):
    made = generations.make(flowAlias="@draft")
    second = again(made).json()["data"]

    answer = raw.delete(f"{PATH}/{made['id']}")

    images = [made["outputImageId"], second["outputImageId"]]
    assert answer.json()["data"] == {"id": made["id"], "deletedImageIds": images, "keptImageIds": []}
    assert code(raw.get(f"{PATH}/{made['id']}")) == (404, "GENERATION_NOT_FOUND")
    assert code(raw.delete(f"{PATH}/{made['id']}")) == (404, "GENERATION_NOT_FOUND")
    assert client.images.list().total == 0
    assert public.get(second["outputImage"]["storageUrl"]).status_code == 404


def test_an_image_with_a_name_in_the_project_stays(generations, raw, client, again):
    made = generations.make(alias="@hero")
    client.images.assign_alias(made["outputImageId"], "@kept")
    client.images.assign_alias(again(made).json()["data"]["outputImageId"], "@hero")

    answer = raw.delete(f"{PATH}/{made['id']}").json()["data"]

    kept = client.images.get("@hero")
    assert answer["keptImageIds"] == [kept.id]
    assert answer["deletedImageIds"] == [made["outputImageId"]]
    assert kept.generation_id is None


def test_deleting_ends_what_is_under_way(generations, raw, queue):
    queue.hold()
    waiting = generations.begin()

    assert raw.delete(f"{PATH}/{waiting['id']}").json()["data"]["deletedImageIds"] == []
    queue.go_on()
    assert generations.list()["data"] == []


@pytest.mark.parametrize(
    ("method", "verb", "body"),
    [
        ("PUT", "", {"meta": {"a": 1}}),
        ("PUT", "", {"prompt": "a blue fox", "meta": {"a": 1}}),
        ("PUT", "", {"flowId": None}),
        ("POST", "/regenerate", None),
        ("DELETE", "", None),
    ],
)
def test_who_has_not_seen_the_last_change_changes_nothing(generations, raw, method, verb, body):
    made = generations.make(flowAlias="@draft")
    address = f"{PATH}/{made['id']}"
    seen = raw.get(address).headers["etag"]
    raw.put(address, json={"meta": {"changed": True}})
    changed = generations.get(made["id"])

    late = raw.request(method, f"{address}{verb}", json=body, headers={"If-Match": seen})

    assert code(late) == (412, "PRECONDITION_FAILED")
    assert generations.get(made["id"]) == changed
    now = raw.get(address).headers["etag"]
    assert raw.request(method, f"{address}{verb}", json=body, headers={"If-Match": now}).status_code == 200


def test_a_new_prompt_and_meta_come_in_one_step(generations, put):
    changed = put(generations.make(meta={"a": 1}), prompt="a blue fox", meta={"b": 2}).json()["data"]

    assert (changed["run"], changed["prompt"], changed["meta"]) == (2, "a blue fox", {"b": 2})


def test_a_reference_in_the_trash_can_be_had_back(generations, again, upload, client):
    image = upload()
    made = generations.make(referenceImages=[image.id])
    client.images.delete(image.id, trash=True)

    refused = again(made)

    assert code(refused) == (404, "IMAGE_NOT_FOUND")
    assert f"is in the trash; POST /images/{image.id}/restore" in refused.json()["error"]["message"]
    client.images.restore(image.id)
    assert again(made).status_code == 200


def test_a_provider_of_the_settings_that_is_gone_is_not_blamed_on_the_request(generations, svc, project):
    had_settings(svc, project, provider="of-yesterday")

    error = generations.post(model=None).json()["error"]

    assert (error["code"], error.get("details")) == ("VALIDATION_ERROR", None)
    assert error["message"].startswith("By the settings of this project")
    assert "of-yesterday" in error["message"]
