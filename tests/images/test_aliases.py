"""Names that move from image to image: contract, section 3."""

import pytest
import sqlalchemy as sa

from atpix.db.tables import alias_moves
from atpix_client import errors


def test_an_alias_moves_to_the_image_that_asks_for_it(client, upload):
    old, new = upload(alias="@hero"), upload()

    assigned = client.images.assign_alias(new.id, "@hero")

    assert assigned.displaced == old.id
    assert assigned.image.alias == "@hero"
    assert client.images.get("@hero").id == new.id
    assert client.images.get(old.id).alias is None


def test_the_image_that_lost_its_alias_is_otherwise_untouched(client, upload):
    old = upload(alias="@hero", meta={"a": 1}, flow_alias="@cover")

    upload(alias="@hero")

    now = client.images.get(old.id)
    assert (now.meta, now.flow_aliases, now.updated_at, now.flow_id) == (
        {"a": 1},
        ["@cover"],
        old.updated_at,
        old.flow_id,
    )


def test_a_free_alias_displaces_nobody(client, upload):
    assert client.images.assign_alias(upload().id, "@hero").displaced is None


def test_an_image_has_one_alias_and_a_new_one_frees_the_old(client, upload):
    image, other = upload(alias="@old"), upload()

    client.images.assign_alias(image.id, "@new")

    assert client.images.get(image.id).alias == "@new"
    with pytest.raises(errors.AliasNotFound):
        client.images.get("@old")
    assert client.images.assign_alias(other.id, "@old").displaced is None


def test_two_images_can_swap_names_through_a_third(client, upload):
    a, b = upload(alias="@a"), upload(alias="@b")

    client.images.assign_alias(a.id, "@c")
    client.images.assign_alias(b.id, "@a")
    client.images.assign_alias(a.id, "@b")

    assert (client.images.get("@a").id, client.images.get("@b").id) == (b.id, a.id)
    assert client.images.list(alias="@c").total == 0


def test_null_removes_and_delete_is_its_synonym(client, upload):
    first, second = upload(alias="@first-one"), upload(alias="@second")

    assert client.images.assign_alias(first.id, None).image.alias is None
    assert client.images.remove_alias(second.id).alias is None
    for gone in ("@first-one", "@second"):
        with pytest.raises(errors.AliasNotFound):
            client.images.get(gone)


def test_removing_from_an_image_without_an_alias_changes_nothing(client, upload):
    image = upload()

    assert client.images.remove_alias(image.id).updated_at == image.updated_at
    assert client.images.assign_alias(image.id, None).image.alias is None


def test_assigning_what_is_already_so_changes_nothing(raw, upload, history):
    image = upload(alias="@hero")
    before = history("@hero")

    answer = raw.put(f"/api/v1/images/{image.id}/alias", json={"alias": "@hero", "onConflict": "fail"})

    assert answer.status_code == 200
    assert answer.json()["data"]["displaced"] is None
    assert answer.headers["etag"] == image.etag
    assert history("@hero") == before


def test_an_expected_holder_that_is_still_there_loses_it(client, upload):
    old, new = upload(alias="@hero"), upload()

    assert client.images.assign_alias(new.id, "@hero", expect_image_id=old.id).displaced == old.id


def test_an_expected_holder_that_changed_is_a_412(client, upload):
    holder, new, other = upload(alias="@hero"), upload(), upload()

    for expected in (other.id, new.id, None, "01890000-0000-7000-8000-000000000000"):
        with pytest.raises(errors.PreconditionFailed, match=holder.id):
            client.images.assign_alias(new.id, "@hero", expect_image_id=expected)

    assert client.images.get("@hero").id == holder.id
    assert client.images.get(new.id).alias is None


@pytest.mark.parametrize("expected", [None, "01890000-0000-7000-8000-000000000000"])
def test_a_removal_that_expects_another_holder_is_a_412(raw, client, upload, expected):
    image = upload(alias="@hero")

    refused = raw.put("/api/v1/images/@hero/alias", json={"alias": None, "expectImageId": expected})

    assert refused.status_code == 412
    assert client.images.get("@hero").id == image.id


def test_a_removal_that_expects_the_holder_takes_the_name_and_keeps_the_note(raw, client, upload, svc, project):
    image = upload(alias="@hero")

    raw.put("/api/v1/images/@hero/alias", json={"alias": None, "expectImageId": image.id, "note": "over"})

    assert client.images.get(image.id).alias is None
    notes = sa.select(alias_moves.c.note).where(alias_moves.c.project_id == project.row.id)
    with svc.db.read() as tx:
        assert [row.note for row in tx.all(notes.order_by(alias_moves.c.id))] == [None, "over"]


def test_a_note_with_nul_is_refused(raw, upload):
    image = upload()

    refused = raw.put(f"/api/v1/images/{image.id}/alias", json={"alias": "@hero", "note": "a\0b"})

    assert (refused.status_code, refused.json()["error"]["details"][0]["path"]) == (400, "note")


def test_null_expects_a_free_alias(client, upload):
    assert client.images.assign_alias(upload().id, "@hero", expect_image_id=None).displaced is None


def test_on_conflict_fail_leaves_the_holder(client, upload):
    holder, new = upload(alias="@hero"), upload(alias="@mine")

    with pytest.raises(errors.AliasConflict, match=holder.id):
        client.images.assign_alias(new.id, "@hero", on_conflict="fail")

    assert client.images.get("@hero").id == holder.id
    assert client.images.get(new.id).alias == "@mine"
    assert client.images.assign_alias(new.id, "@free", on_conflict="fail").image.alias == "@free"


def test_the_projects_alias_and_a_flows_are_apart(client, upload):
    in_flow, in_project = upload(flow_alias="@hero"), upload(alias="@hero")

    client.images.remove_alias(in_project.id)

    assert client.images.get("@hero", flow_id=in_flow.flow_id).id == in_flow.id


def test_an_image_may_hold_a_project_alias_and_flow_aliases(client, upload):
    image = upload(alias="@hero", flow_alias="@cover")

    client.images.assign_alias(image.id, "@star")

    assert client.images.get(image.id).flow_aliases == ["@cover"]
