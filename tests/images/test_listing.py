"""Filters of the list, and its totals."""

import pytest
import sqlalchemy as sa
from tests.photographs import photo

from atpix.db.tables import images
from atpix_client import errors


@pytest.fixture
def generated(svc, upload):
    """An image as a generation would leave it."""

    def made(**options):
        image = upload(photo(0), **options)
        with svc.db.transaction() as tx:
            tx.execute(sa.update(images).where(images.c.id == image.id).values(source="generated"))
        return image

    return made


def ids(page):
    return [image.id for image in page]


def test_filters_combine_with_and(client, upload, generated):
    flow = upload(flow_alias="@a").flow_id
    named = upload(flow_id=flow, alias="@hero")
    made = generated(flow_id=flow)
    upload()

    assert client.images.list().total == 4
    assert client.images.list(flow_id=flow).total == 3
    assert ids(client.images.list(source="generated")) == [made.id]
    assert ids(client.images.list(flow_id=flow, source="generated")) == [made.id]
    assert ids(client.images.list(alias="@hero")) == [named.id]
    assert ids(client.images.list(alias="@hero", source="uploaded", flow_id=flow)) == [named.id]
    assert ids(client.images.list(alias="@hero", source="generated")) == []


def test_no_hit_is_an_empty_list(client, upload):
    upload()

    for nothing in (
        client.images.list(alias="@nobody"),
        client.images.list(source="generated"),
        client.images.list(flow_id="01890000-0000-7000-8000-000000000000"),
    ):
        assert (list(nothing), nothing.total, nothing.has_more) == ([], 0, False)


def test_the_alias_filter_is_exact_and_of_the_project(client, upload):
    upload(alias="@hero")
    upload(flow_alias="@cover")

    assert client.images.list(alias="@HERO").total == 0
    assert client.images.list(alias="@her").total == 0
    assert client.images.list(alias="@cover").total == 0


def test_trashed_images_are_listed_only_when_asked_for(client, upload, generated):
    flow = upload(flow_alias="@a").flow_id
    gone = generated(flow_id=flow, alias="@hero")
    client.images.delete(gone.id, trash=True)

    assert client.images.list(flow_id=flow).total == 1
    assert client.images.list(include_deleted=False).total == 1
    everything = client.images.list(include_deleted=True)
    assert everything.total == 2
    assert [image.deleted_at is None for image in everything] == [False, True]
    assert ids(client.images.list(include_deleted=True, source="generated", flow_id=flow)) == [gone.id]
    assert client.images.list(source="generated").total == 0


def test_totals_follow_every_change(client, upload):
    flow = upload(flow_alias="@a").flow_id
    kept, gone = upload(flow_id=flow), upload(flow_id=flow)

    def totals():
        return [
            client.images.list(flow_id=given, include_deleted=deleted, source=source).total
            for given in (None, flow)
            for deleted in (None, True)
            for source in (None, "uploaded")
        ]

    assert totals() == [3] * 8
    client.images.delete(kept.id, trash=True)
    assert totals() == [2, 2, 3, 3] * 2
    client.images.restore(kept.id)
    assert totals() == [3] * 8
    client.images.delete(gone.id)
    assert totals() == [2] * 8
    client.images.delete(kept.id, trash=True)
    client.images.delete(kept.id)
    assert totals() == [1] * 8


@pytest.mark.parametrize(
    "query", ["source=painted", "source=", "source=Uploaded", "flowId=x", "flowId=", "includeDeleted=yes", "alias="]
)
def test_a_malformed_filter_is_refused(raw, query):
    answer = raw.get(f"/api/v1/images?{query}")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in {"VALIDATION_ERROR", "ALIAS_FORMAT_CHECK"}


def test_the_computed_names_of_a_flow(client, upload, generated):
    flow = upload(flow_alias="@a").flow_id
    newest_upload = upload(flow_id=flow)
    first = generated(flow_id=flow)
    generated(flow_id=flow)
    last = generated(flow_id=flow)
    upload()

    assert client.images.get("@upload", flow_id=flow).id == newest_upload.id
    assert client.images.get("@first", flow_id=flow).id == first.id
    assert client.images.get("@last", flow_id=flow).id == last.id
    client.images.delete(last.id, trash=True)
    client.images.delete(first.id)
    assert client.images.get("@last", flow_id=flow).id == client.images.get("@first", flow_id=flow).id


def test_a_computed_name_of_a_flow_without_such_an_image_is_not_found(client, upload):
    flow = upload(flow_alias="@a").flow_id

    with pytest.raises(errors.AliasNotFound):
        client.images.get("@last", flow_id=flow)


@pytest.mark.parametrize("ref", ["@last", "@first", "@upload"])
def test_a_computed_name_needs_a_flow(client, ref):
    with pytest.raises(errors.TechnicalAliasRequiresFlow):
        client.images.get(ref)
