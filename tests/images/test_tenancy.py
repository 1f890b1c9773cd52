"""Another project's images, names and flows are not there, whatever is tried on them."""

import pytest
from tests.forms import CONTENT_TYPE, UPLOAD, file_form
from tests.photographs import photo

from atpix_client import errors

VERBS = [
    ("GET", "", None),
    ("PUT", "", {"meta": {"stolen": True}}),
    ("PATCH", "", {"meta": {"stolen": True}}),
    ("PUT", "/alias", {"alias": "@stolen"}),
    ("PUT", "/alias", {"alias": None}),
    ("DELETE", "/alias", None),
    ("DELETE", "", None),
    ("DELETE", "?trash=true", None),
    ("POST", "/restore", None),
]


def unchanged(client, image):
    found = client.images.get(image.id)
    return (found.meta, found.alias, found.updated_at) == (image.meta, image.alias, image.updated_at)


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
def test_another_projects_image_is_not_found_by_its_id(client, upload, other_raw, method, path, body):
    image = upload(alias="@hero")

    answer = other_raw.request(method, f"/api/v1/images/{image.id}{path}", json=body)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "IMAGE_NOT_FOUND"
    assert unchanged(client, image)


@pytest.mark.parametrize(("method", "path", "body"), VERBS[:-1])
def test_another_projects_image_is_not_found_by_its_alias(client, upload, other_raw, method, path, body):
    image = upload(alias="@hero")

    answer = other_raw.request(method, f"/api/v1/images/@hero{path}", json=body)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "ALIAS_NOT_FOUND"
    assert unchanged(client, image)


def test_an_image_of_another_project_answers_as_one_that_never_was(upload, other_raw):
    image = upload()
    strange = image.id[:-4] + ("0000" if image.id[-4:] != "0000" else "1111")

    real, none = (other_raw.get(f"/api/v1/images/{ref}", headers={"X-Request-Id": "r"}) for ref in (image.id, strange))

    assert real.text.replace(image.id, "") == none.text.replace(strange, "")


def test_another_projects_images_are_in_no_list(upload, other_client):
    image = upload(alias="@hero", flow_alias="@cover")

    assert other_client.images.list().total == 0
    assert list(other_client.images.list(alias="@hero")) == []
    assert list(other_client.images.list(flow_id=image.flow_id)) == []
    assert list(other_client.images.list(include_deleted=True)) == []


def test_a_cursor_of_another_project_shows_nothing_of_it(upload, client, other_client):
    upload()
    upload()
    cursor = client.images.list(limit=1).next_cursor

    assert list(other_client.images.list(cursor=cursor)) == []


def test_another_projects_flow_takes_no_upload(upload, other_client, client):
    flow = upload(flow_alias="@cover").flow_id

    with pytest.raises(errors.FlowNotFound):
        other_client.images.upload(photo(), flow_id=flow)

    assert client.images.list(flow_id=flow).total == 1
    assert other_client.images.list().total == 0


@pytest.mark.parametrize("ref", ["@cover", "@upload"])
def test_another_projects_flow_resolves_no_alias(upload, other_client, ref):
    flow = upload(flow_alias="@cover").flow_id

    with pytest.raises(errors.AliasNotFound):
        other_client.images.get(ref, flow_id=flow)


def test_the_same_alias_belongs_to_each_project_apart(upload, client, other_client):
    mine, theirs = upload(alias="@hero"), other_client.images.upload(photo(9), alias="@hero")

    assert client.images.get("@hero").id == mine.id
    assert other_client.images.get("@hero").id == theirs.id
    other_client.images.delete("@hero")
    assert client.images.get("@hero").id == mine.id


def test_another_projects_image_is_no_expected_holder(upload, client, other_client):
    theirs, mine = upload(alias="@hero"), upload()

    with pytest.raises(errors.PreconditionFailed):
        client.images.assign_alias(mine.id, "@free", expect_image_id=theirs.id)


def test_equal_bytes_in_another_project_are_no_duplicate(upload, other_client):
    mine = upload(photo(3))

    assert other_client.images.upload(photo(3), on_duplicate="reuse").id != mine.id
    assert other_client.images.list().total == 1


def test_an_idempotency_key_belongs_to_its_project(raw, other_raw, client, other_client):
    headers = {"Idempotency-Key": "same", "Content-Type": CONTENT_TYPE}
    mine, theirs = (each.post(UPLOAD, content=file_form(photo()), headers=headers) for each in (raw, other_raw))

    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["data"]["id"] != theirs.json()["data"]["id"]


def test_the_public_address_names_the_project_that_it_is_of(upload, public, project, other_project):
    image = upload(alias="@hero")

    assert public.get(f"{project.cdn}/{image.id}").status_code == 200
    for ref in (image.id, "@hero"):
        assert public.get(f"{other_project.cdn}/{ref}").status_code == 404
