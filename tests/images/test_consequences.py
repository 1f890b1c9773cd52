"""What deleting an image would break, asked before: `DELETE /images/{ref}?dryRun=true`."""

from itertools import count

import pytest
from tests.generated import Made, many_of

from atpix_client import errors

NOTHING = {"count": 0, "ids": []}


@pytest.fixture
def made(svc, project):
    return Made(svc, project, count(1))


@pytest.fixture
def asked(raw):
    def ask(ref, query=""):
        answer = raw.delete(f"/api/v1/images/{ref}?dryRun=true{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["consequences"]

    return ask


def test_nothing_is_deleted(raw, client, upload, public, asked):
    image = upload(alias="@hero", flow_alias="@cover")
    before = client.images.get(image.id)

    answers = [raw.delete(f"/api/v1/images/@hero?dryRun=true{more}") for more in ("", "&trash=true")]

    assert [answer.json()["data"]["id"] for answer in answers] == [image.id] * 2
    assert client.images.get(image.id) == before
    assert client.images.get("@cover", flow_id=image.flow_id).id == image.id
    assert public.get(image.storage_url).status_code == 200


def test_without_names_and_generations_only_its_address_ends(upload, asked):
    image = upload()

    assert asked(image.id) == {
        "trash": False,
        "releasedNames": [],
        "publicUrls": [image.storage_url],
        "bytes": "deleted",
        "renditions": "deleted",
        "madeBy": NOTHING,
        "usedBy": NOTHING,
        "liveUrls": [],
        "liveUrlCount": 0,
    }


def test_names_of_the_project_and_of_flows_are_told(upload, asked, raw, public):
    image = upload(alias="@hero", flow_alias="@cover")
    other = raw.post("/api/v1/flows").json()["data"]["id"]
    raw.put(f"/api/v1/flows/{other}/aliases", json={"aliases": {"@borrowed": image.id}})

    found = asked("@hero")

    names = [(name["alias"], name["flowId"]) for name in found["releasedNames"]]
    assert names[0] == ("@hero", None)
    assert set(names[1:]) == {("@cover", image.flow_id), ("@borrowed", other)}
    assert len(found["publicUrls"]) == 4
    assert [public.get(address).status_code for address in found["publicUrls"]] == [200] * 4


def test_what_was_told_is_what_happens(upload, asked, client, public):
    image = upload(alias="@hero", flow_alias="@cover")
    found = asked(image.id)

    client.images.delete(image.id)

    assert [public.get(address).status_code for address in found["publicUrls"]] == [404] * 3


def test_generations_that_made_or_used_it_are_told(upload, asked, made):
    image, output = upload(), upload()
    maker = made.generation(image)
    user = made.generation(output, inputs=[image, image], mask=image)

    found = asked(image.id)

    assert found["madeBy"] == {"count": 1, "ids": [maker]}
    assert found["usedBy"] == {"count": 1, "ids": [user]}


def test_many_are_counted_and_the_newest_are_named(upload, asked, svc, project):
    image = upload()
    many_of(svc, project, image, 30)

    used = asked(image.id)["usedBy"]

    assert (used["count"], len(used["ids"])) == (30, 20)
    assert used["ids"] == sorted(used["ids"], reverse=True)


def test_live_urls_that_show_it_are_told(upload, asked, made):
    image = upload()
    generation = made.generation(image)
    scope = made.live(generation)

    found = asked(image.id)

    assert (found["liveUrls"], found["liveUrlCount"]) == ([{"scope": scope, "generationId": generation}], 1)


def test_the_trash_keeps_the_bytes(upload, asked):
    found = asked(upload().id, "&trash=true")

    assert (found["trash"], found["bytes"], found["renditions"]) == (True, "kept", "deleted")


def test_a_trashed_image_has_no_addresses_left_to_lose(upload, asked, client, raw):
    image = upload(alias="@hero")
    client.images.delete(image.id, trash=True)

    assert (asked(image.id)["publicUrls"], asked(image.id)["releasedNames"]) == ([], [])
    assert raw.delete(f"/api/v1/images/{image.id}?dryRun=true&trash=true").status_code == 404


def test_what_is_refused_is_refused_before_as_well(raw, other_raw, upload, new_project, public):
    image = upload()
    path = f"/api/v1/images/{image.id}?dryRun=true"
    weak = {"X-API-Key": new_project(scopes=("read", "write")).key}
    answers = [
        raw.delete(path, headers={"If-Match": '"another"'}),
        other_raw.delete(path),
        public.delete(path, headers=weak),
        raw.delete(f"/api/v1/images/{image.id}?dryRun=yes"),
        raw.delete("/api/v1/images/@nobody?dryRun=true"),
    ]

    assert [answer.json()["error"]["code"] for answer in answers] == [
        "PRECONDITION_FAILED",
        "IMAGE_NOT_FOUND",
        "FORBIDDEN",
        "VALIDATION_ERROR",
        "ALIAS_NOT_FOUND",
    ]
    assert raw.get(f"/api/v1/images/{image.id}").status_code == 200


def test_the_client_asks(client, upload, made):
    image = upload(alias="@hero")
    generation = made.generation(image)

    found = client.images.consequences("@hero")

    assert [(name.alias, name.flow_id) for name in found.released_names] == [("@hero", None)]
    assert (found.made_by.ids, found.bytes) == ([generation], "deleted")
    assert client.images.consequences(image.id, trash=True).bytes == "kept"
    with pytest.raises(errors.ImageNotFound):
        client.images.consequences(generation)
