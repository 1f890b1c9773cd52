"""From an id or a name to an image, and which rule won."""

import pytest

from atpix_client import errors


def resolved_by(raw, ref, **query):
    answer = raw.get(f"/api/v1/images/{ref}", params=query)
    assert answer.status_code == 200
    return answer.json()["data"]["id"], answer.headers["atpix-resolved-by"]


def test_the_answer_says_which_rule_won(raw, upload):
    in_flow = upload(flow_alias="@hero")
    in_project = upload(alias="@hero")
    flow = in_flow.flow_id

    assert resolved_by(raw, in_flow.id) == (in_flow.id, "id")
    assert resolved_by(raw, in_flow.id, flowId=flow) == (in_flow.id, "id")
    assert resolved_by(raw, "@hero") == (in_project.id, "project")
    assert resolved_by(raw, "@hero", flowId=flow) == (in_flow.id, "flow")
    assert resolved_by(raw, "@upload", flowId=flow) == (in_flow.id, "technical")


def test_a_flow_without_the_name_falls_back_to_the_projects(raw, upload):
    flow = upload(flow_alias="@cover").flow_id
    hero = upload(alias="@hero")

    assert resolved_by(raw, "@hero", flowId=flow) == (hero.id, "project")


def test_without_a_flow_its_names_are_not_found(client, upload):
    upload(flow_alias="@cover")

    with pytest.raises(errors.AliasNotFound):
        client.images.get("@cover")


@pytest.mark.parametrize("ref", ["@hero", "%40hero", "%40%68ero"])
def test_a_name_may_be_percent_encoded(raw, upload, ref):
    image = upload(alias="@hero")

    assert resolved_by(raw, ref) == (image.id, "project")


def test_an_id_is_found_in_any_spelling(client, upload):
    image = upload()

    assert client.images.get(image.id.upper()).id == image.id


def test_names_are_case_sensitive(client, upload):
    lower, upper = upload(alias="@hero"), upload(alias="@HERO")

    assert client.images.get("@hero").id == lower.id
    assert client.images.get("@HERO").id == upper.id


def test_a_name_works_on_every_verb(client, upload):
    image = upload(alias="@hero")

    assert client.images.update("@hero", meta={"a": 1}).id == image.id
    assert client.images.patch("@hero", meta={"b": 2}).meta == {"a": 1, "b": 2}
    assert client.images.assign_alias("@hero", "@star").image.id == image.id
    assert client.images.remove_alias("@star").alias is None
    client.images.assign_alias(image.id, "@hero")
    assert client.images.delete("@hero") == image.id


def test_an_unknown_id_and_an_unknown_name_are_not_found(client):
    with pytest.raises(errors.ImageNotFound):
        client.images.get("01890000-0000-7000-8000-000000000000")
    with pytest.raises(errors.AliasNotFound):
        client.images.get("@nobody")
