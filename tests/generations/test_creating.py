"""POST /generations: what is asked for is kept, made and named."""

import re
from uuid import uuid4

import pytest
from tests.generations.api import NOBODY, PATH, code, path

FIELDS = {
    "id", "projectId", "flowId", "prompt", "originalPrompt", "autoEnhance", "template", "aspectRatio", "provider",
    "model", "seed", "status", "error", "outputImageId", "outputImage", "referencedImages", "mask", "warnings", "run",
    "processingTimeMs", "usage", "costUsd", "meta", "createdAt", "updatedAt",
}  # fmt: skip


def test_a_prompt_becomes_an_image(raw, generations, client):
    answer = raw.post(PATH, json={"prompt": "A red fox in the snow"})

    assert answer.status_code == 201
    made = answer.json()["data"]
    assert set(made) == FIELDS
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    assert (made["status"], made["error"], made["run"]) == ("success", None, 1)
    assert (made["provider"], made["model"]) == ("offline", "offline-1")
    image = client.images.get(made["outputImageId"])
    assert (image.source, image.generation_id) == ("generated", made["id"])
    assert image.width > image.height
    assert made["outputImage"]["storageUrl"] == image.storage_url
    assert generations.get(made["id"]) == made


def test_what_is_asked_for_is_in_the_record(generations):
    made = generations.make(aspectRatio="1:1", seed=2**53 - 1, meta={"b": 1, "a": [None]}, autoEnhance=False)

    assert (made["aspectRatio"], made["seed"], made["autoEnhance"]) == ("1:1", 2**53 - 1, False)
    assert made["meta"] == {"b": 1, "a": [None]}
    assert made["outputImage"]["width"] == made["outputImage"]["height"]


def test_the_image_gets_its_names(generations, client):
    made = generations.make(alias="@hero", flowAlias="@draft")

    assert client.images.get("@hero").id == made["outputImageId"]
    assert made["flowId"]
    assert client.images.get("@draft", flow_id=made["flowId"]).id == made["outputImageId"]
    assert client.images.get("@last", flow_id=made["flowId"]).id == made["outputImageId"]


def test_a_name_moves_from_the_image_that_had_it(generations, client, upload):
    old = upload(alias="@hero")

    made = generations.make(alias="@hero")

    assert client.images.get("@hero").id == made["outputImageId"]
    assert client.images.get(old.id).alias is None


def test_an_unknown_flow_is_made(generations, client):
    flow = str(uuid4())

    made = generations.make(flowId=flow)

    assert made["flowId"] == flow
    assert [image.id for image in client.images.list(flow_id=flow)] == [made["outputImageId"]]


def test_a_flow_is_newer_with_everything_that_is_added(generations, raw):
    flow = generations.make(flowAlias="@one")["flowId"]
    before = raw.get(f"/api/v1/flows/{flow}").json()["data"]

    generations.make(flowId=flow)

    after = raw.get(f"/api/v1/flows/{flow}").json()["data"]
    assert after["updatedAt"] > before["updatedAt"]
    assert (before["generationCount"], after["generationCount"]) == (1, 2)


def test_the_project_chooses_who_makes_it(generations, choose):
    choose(provider="offline", model="offline-blank")

    assert generations.make(model=None)["model"] == "offline-blank"
    assert generations.make(model="offline-1")["model"] == "offline-1"


PROMPTS = {
    "right to left": "ثعلب أحمر في الثلج",
    "with a mark of direction": "fox \u200fثعلب\u200e",
    "emoji": "🦊" * 50,
    "on several lines": "a fox\n\tin the snow\r\n",
    "with blanks around": "  a fox  ",
    "markup": "<script>alert(1)</script> '; DROP TABLE generations; --",
    "32,000 characters": "fox " * 8000,
}


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_a_prompt_is_kept_as_it_was_sent(generations, prompt):
    assert generations.make(prompt=prompt)["prompt"] == prompt


BAD: dict[str, tuple[dict, str]] = {
    "no prompt": ({"prompt": None}, "prompt"),
    "an empty prompt": ({"prompt": ""}, "prompt"),
    "a blank prompt": ({"prompt": " \n\u2003"}, "prompt"),
    "32,001 characters": ({"prompt": "a" * 32_001}, "prompt"),
    "40,000 characters": ({"prompt": "a" * 40_000}, "prompt"),
    "NUL": ({"prompt": "a\0b"}, "prompt"),
    "escape": ({"prompt": "a\x1b[31mb"}, "prompt"),
    "binary": ({"prompt": "\x01\x02\x7f\x9f"}, "prompt"),
    "a number as prompt": ({"prompt": 7}, "prompt"),
    "an unknown ratio": ({"aspectRatio": "5:4"}, "aspectRatio"),
    "an unknown provider": ({"provider": "nobody"}, "provider"),
    "a provider without a key": ({"provider": "openai"}, "provider"),
    "an unknown model": ({"model": "offline-99"}, "model"),
    "a model of control characters": ({"model": "a\nb"}, "model"),
    "an unknown template": ({"enhancementOptions": {"template": "baroque"}}, "enhancementOptions.template"),
    "an unknown option": ({"enhancementOptions": {"strength": 1}}, "enhancementOptions.strength"),
    "a negative seed": ({"seed": -1}, "seed"),
    "a seed too large": ({"seed": 2**53}, "seed"),
    "a seed in words": ({"seed": "7"}, "seed"),
    "a fraction as seed": ({"seed": 1.5}, "seed"),
    "a flow that is no UUID": ({"flowId": "flow"}, "flowId"),
    "an empty flow": ({"flowId": ""}, "flowId"),
    "a reference that is neither": ({"referenceImages": ["@ok", "hero"]}, "referenceImages.1"),
    "one reference, not in a list": ({"referenceImages": "@hero"}, "referenceImages"),
    "100 references": ({"referenceImages": [NOBODY] * 100}, "referenceImages"),
    "a mask that is neither": ({"mask": "hero"}, "mask"),
    "meta that is no object": ({"meta": [1]}, "meta"),
    "meta too large": ({"meta": {"a": "x" * 70_000}}, "meta"),
    "an unknown field": ({"size": "1024x1024"}, "size"),
    "autoEnhance in words": ({"autoEnhance": "yes"}, "autoEnhance"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(generations, name):
    body, place = BAD[name]

    answer = generations.post(**body)

    assert code(answer) == (400, "VALIDATION_ERROR"), answer.text
    assert path(answer) == place
    assert generations.list()["pagination"]["total"] == 0


@pytest.mark.parametrize("escaped", ["\\ud800", "\\udc00a", "a\\ud83d"])
def test_half_a_character_is_refused(raw, escaped):
    body = f'{{"prompt": "{escaped}"}}'

    answer = raw.post(PATH, content=body, headers={"Content-Type": "application/json"})

    assert code(answer) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"a fox"', b"{", b"\xff\xfe", b'{"prompt": "\xff"}'])
def test_a_body_that_is_no_object_is_refused(raw, body):
    answer = raw.post(PATH, content=body, headers={"Content-Type": "application/json"})

    assert code(answer) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("field", ["alias", "flowAlias"])
@pytest.mark.parametrize("reserved", ["@last", "@first", "@upload"])
def test_computed_names_cannot_be_given(generations, field, reserved):
    assert code(generations.post(**{field: reserved})) == (400, "RESERVED_ALIAS")


@pytest.mark.parametrize("field", ["alias", "flowAlias"])
@pytest.mark.parametrize("text", ["hero", "@", "@a b", "@" + "a" * 50, ""])
def test_a_name_that_is_none_is_refused(generations, field, text):
    assert code(generations.post(**{field: text})) == (400, "ALIAS_FORMAT_CHECK")


def test_another_projects_flow_is_not_found(generations, others):
    flow = others.make(flowAlias="@theirs")["flowId"]

    assert code(generations.post(flowId=flow)) == (404, "FLOW_NOT_FOUND")
    assert len(others.list(flowId=flow)["data"]) == 1


def test_a_refused_request_makes_no_flow(generations, raw):
    flow = str(uuid4())

    assert code(generations.post(flowId=flow, referenceImages=[NOBODY])) == (404, "IMAGE_NOT_FOUND")
    assert raw.get(f"/api/v1/flows/{flow}").status_code == 404


def test_it_takes_the_scope_generate(wire, server, new_project):
    key = new_project(scopes=("read", "write", "delete")).key

    answer = wire.post(server.url + PATH, json={"prompt": "a fox"}, headers={"X-API-Key": key})

    assert code(answer) == (403, "FORBIDDEN")
    assert "'generate'" in answer.json()["error"]["message"]


def test_the_message_about_a_provider_says_which_there_are(generations):
    message = generations.post(provider="nobody").json()["error"]["message"]

    assert re.search(r"\boffline\b", message)


@pytest.mark.parametrize(
    ("path", "fields", "there"),
    [
        ("aspectRatio", {"aspectRatio": "5:4"}, "4:3, 9:16"),
        ("enhancementOptions.template", {"enhancementOptions": {"template": "oil"}}, "comic, general, illustration"),
    ],
)
def test_a_value_that_is_none_of_those_there_are_is_refused_with_those(raw, path, fields, there):
    error = raw.post("/api/v1/generations", json={"prompt": "a fox"} | fields).json()["error"]

    assert (error["code"], error["details"][0]["path"]) == ("VALIDATION_ERROR", path)
    assert "is none of " in error["message"]
    assert there in error["message"]


@pytest.mark.parametrize(
    ("path", "place", "there"),
    [
        ("generations?status=nope", "status", "failed, pending, processing, success"),
        ("usage?groupBy=nope", "groupBy", "day, flow, image, key, model, provider"),
        (f"images/{NOBODY}/lineage?format=nope", "format", "graphml, json, mermaid"),
        ("images?source=nope", "source", "generated, uploaded"),
    ],
)
def test_a_parameter_that_is_none_of_its_values_is_refused_with_those(raw, path, place, there):
    error = raw.get(f"/api/v1/{path}").json()["error"]

    assert error["details"] == [{"path": place, "message": f"'nope' is none of {there}."}]
