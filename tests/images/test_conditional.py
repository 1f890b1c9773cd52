"""ETags: If-None-Match on reads, If-Match on writes."""

import pytest

from atpix_client import errors


def test_every_answer_with_one_image_carries_its_strong_etag(raw, upload):
    image = upload()
    path = f"/api/v1/images/{image.id}"

    read = raw.get(path).headers["etag"]
    again = raw.get(path).headers["etag"]
    written = raw.put(path, json={"meta": {"a": 1}}).headers["etag"]

    assert read == again == image.etag
    assert read.startswith('"')
    assert written != read
    assert raw.get(path).headers["etag"] == written
    assert raw.put(f"{path}/alias", json={"alias": "@hero"}).headers["etag"] == raw.get(path).headers["etag"]
    assert raw.delete(f"{path}/alias").headers["etag"] == raw.get(path).headers["etag"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_it_already_gets_304(raw, upload, form):
    image = upload(alias="@hero")

    answer = raw.get("/api/v1/images/@hero", headers={"If-None-Match": form.format(raw_etag(raw, image))})

    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == raw_etag(raw, image)


def raw_etag(raw, image):
    return raw.get(f"/api/v1/images/{image.id}").headers["etag"]


def test_who_has_an_older_one_gets_the_new_one(raw, upload, client):
    image = upload()
    client.images.update(image.id, meta={"a": 1})

    answer = raw.get(f"/api/v1/images/{image.id}", headers={"If-None-Match": image.etag})

    assert answer.status_code == 200
    assert answer.json()["data"]["meta"] == {"a": 1}


def test_an_alias_that_moved_has_another_etag(raw, upload, client):
    upload(alias="@hero")
    etag = raw.get("/api/v1/images/@hero").headers["etag"]

    upload(alias="@hero")

    assert raw.get("/api/v1/images/@hero", headers={"If-None-Match": etag}).status_code == 200


WRITES = {
    "update": lambda images, ref, etag: images.update(ref, meta={"lost": 1}, if_match=etag),
    "patch": lambda images, ref, etag: images.patch(ref, meta={"lost": 1}, if_match=etag),
    "assign": lambda images, ref, etag: images.assign_alias(ref, "@lost", if_match=etag),
    "remove": lambda images, ref, etag: images.remove_alias(ref, if_match=etag),
    "trash": lambda images, ref, etag: images.delete(ref, trash=True, if_match=etag),
    "delete": lambda images, ref, etag: images.delete(ref, if_match=etag),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_with_an_old_etag_loses_and_changes_nothing(client, upload, write):
    old = upload(alias="@hero")
    now = client.images.update(old.id, meta={"a": 1})

    with pytest.raises(errors.PreconditionFailed):
        WRITES[write](client.images, old.id, old.etag)

    assert client.images.get(old.id) == now


@pytest.mark.parametrize("write", WRITES)
def test_a_write_with_the_present_etag_wins(client, upload, write):
    image = upload(alias="@hero")

    WRITES[write](client.images, image.id, image.etag)


@pytest.mark.parametrize("etag", ["*", '"other", {}'])
def test_if_match_takes_a_star_and_a_list(client, upload, etag):
    image = upload()

    assert client.images.update(image.id, meta={"a": 1}, if_match=etag.format(image.etag)).meta == {"a": 1}


def test_a_weak_etag_never_matches_a_write(client, upload):
    image = upload()

    with pytest.raises(errors.PreconditionFailed):
        client.images.update(image.id, meta={}, if_match=f"W/{image.etag}")


def test_an_if_match_that_lost_leaves_the_holder_of_the_alias(client, upload):
    holder, other = upload(alias="@hero"), upload()
    client.images.update(other.id, meta={"a": 1})

    with pytest.raises(errors.PreconditionFailed):
        client.images.assign_alias(other.id, "@hero", if_match=other.etag)

    assert client.images.get("@hero").id == holder.id
