"""Pictures of a scope made again, by whoever has a key."""

import pytest
from msgspec.structs import replace
from tests.live.conftest import SCOPES, refused
from tests.wire import eventually

from atpix.caller import SCOPES as ALL_SCOPES
from atpix.generations.errors import TooManyGenerations
from atpix.live import actions

AGAIN = f"{SCOPES}/heroes/regenerate"


def image_of(page, prompt):
    answer = page.get(prompt)
    assert answer.status_code == 200, answer.text
    return answer.headers["X-Image-Id"]


def test_one_picture_is_made_again_and_the_old_one_is_shown_until_then(page, second_page, raw, painter, prompt):
    other = f"{prompt} 2"
    old, untouched = image_of(page, prompt), image_of(page, other)
    held = painter.hold_up(prompt)

    begun = raw.post(AGAIN, json={"imageId": old})

    assert begun.status_code == 202, begun.text
    assert begun.json()["data"]["scope"] == "heroes"
    assert [one["imageId"] for one in begun.json()["data"]["started"]] == [old]
    assert image_of(page, prompt) == image_of(second_page, prompt) == old
    held.set()
    eventually(lambda: image_of(page, prompt) != old)
    eventually(lambda: image_of(second_page, prompt) == image_of(page, prompt))
    assert page.get(prompt).headers["X-Cache-Status"] == "HIT"
    assert image_of(page, other) == untouched
    assert page.image(old).status_code == 200
    assert painter.calls(prompt) == 2


def test_all_pictures_of_a_scope_are_made_again_outside_its_limits(new_page, raw, painter, prompt):
    page, prompts = new_page(newGenerationsLimit=3), [f"{prompt} {n}" for n in range(3)]
    old = [image_of(page, one) for one in prompts]

    done = raw.post(AGAIN).json()["data"]

    assert [one["imageId"] for one in done["started"]] == old
    assert done["underWay"] == 0
    eventually(lambda: not set(old) & {image_of(page, one) for one in prompts})
    assert raw.get(f"{SCOPES}/heroes").json()["data"]["currentGenerations"] == 3


def test_a_whole_scope_counts_as_one_in_a_minute(page, svc, project, prompt):
    old = [image_of(page, f"{prompt} {n}") for n in range(3)]
    one_a_minute = replace(project.caller, settings=replace(project.caller.settings, generations_per_minute=1))

    done = actions.regenerate(svc, one_a_minute, "heroes", None, lambda _tx, _done: None, lambda _scope: None)

    assert [one.image for one in done.started] == old
    eventually(lambda: not set(old) & {image_of(page, f"{prompt} {n}") for n in range(3)})
    with pytest.raises(TooManyGenerations, match="1 generation a minute; try again in"):
        actions.regenerate(
            svc, one_a_minute, "heroes", image_of(page, f"{prompt} 0"), lambda _tx, _done: None, lambda _scope: None
        )


def test_those_under_way_are_left_alone_unless_they_are_named(page, raw, painter, prompt):
    old = image_of(page, prompt)
    painter.hold_up(prompt)
    raw.post(AGAIN)

    assert raw.post(AGAIN).json()["data"] == {"scope": "heroes", "started": [], "underWay": 1, "skipped": []}
    refused(raw.post(AGAIN, json={"imageId": old}), 409, "GENERATION_IN_PROGRESS")


def test_a_regeneration_that_fails_leaves_the_picture(page, raw, svc, prompt):
    from atpix.db.generation_tables import generations

    old = image_of(page, prompt)
    with svc.db.transaction() as tx:
        tx.execute(generations.update().values(prompt=f"broken: {prompt}"))
    generation = raw.post(AGAIN).json()["data"]["started"][0]["generationId"]

    eventually(lambda: raw.get(f"/api/v1/generations/{generation}").json()["data"]["status"] == "failed")
    assert image_of(page, prompt) == old


def test_a_picture_that_is_not_the_scopes_is_refused(page, new_page, raw, upload, prompt):
    image_of(page, prompt)
    elsewhere = image_of(new_page("villains"), prompt)

    for image in (upload().id, elsewhere, "0193c9a0-0000-7000-8000-00000000abcd"):
        refused(raw.post(AGAIN, json={"imageId": image}), 400, "IMAGE_NOT_IN_SCOPE")
    for image in ("x", "@hero", 1):
        refused(raw.post(AGAIN, json={"imageId": image}), 400, "VALIDATION_ERROR")
    refused(raw.post(AGAIN, json={"imageIds": []}), 400, "VALIDATION_ERROR")
    refused(raw.post(AGAIN.replace("heroes", "nobodys")), 404, "SCOPE_NOT_FOUND")


def test_an_empty_scope_has_nothing_to_make_again(page, raw):
    assert raw.post(AGAIN, json={}).json()["data"] == {"scope": "heroes", "started": [], "underWay": 0, "skipped": []}


def test_one_that_cannot_be_made_again_keeps_no_other_from_it(page, raw, upload, prompt):
    hero = upload(alias="@hero").id
    stuck, other = f"@hero in {prompt}", f"{prompt} 2"
    gone, old = image_of(page, stuck), image_of(page, other)
    assert raw.delete(f"/api/v1/images/{hero}").status_code == 200

    done = raw.post(AGAIN).json()["data"]

    assert [one["imageId"] for one in done["started"]] == [old]
    assert [(one["imageId"], one["code"]) for one in done["skipped"]] == [(gone, "IMAGE_NOT_FOUND")]
    assert "deleted" in done["skipped"][0]["message"]
    refused(raw.post(AGAIN, json={"imageId": gone}), 404, "IMAGE_NOT_FOUND")


def test_a_repeated_request_begins_nothing_twice(page, raw, painter, prompt):
    image_of(page, prompt)
    first, second = (raw.post(AGAIN, headers={"Idempotency-Key": "again"}) for _ in range(2))

    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    eventually(lambda: painter.calls(prompt) == 2)


@pytest.mark.parametrize("scope", ["generate"])
def test_it_needs_a_key_that_may_generate(page, public, new_project, scope):
    key = new_project(scopes=tuple(one for one in ALL_SCOPES if one != scope)).key

    assert repr(scope) in refused(public.post(AGAIN, headers={"X-API-Key": key}), 403, "FORBIDDEN")["message"]
