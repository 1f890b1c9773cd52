"""Delete for ever, or into the trash and back: contract, section 3."""

import pytest
import sqlalchemy as sa
from tests.photographs import photo
from tests.wire import eventually

from atpix import worker
from atpix.db.tables import aliases, images
from atpix.ids import blob_key
from atpix_client import errors


def bytes_of(svc, project, image):
    return svc.blobs.size(blob_key(project.row.id, image.id))


def rows_of(svc, image):
    with svc.db.read() as tx:
        return [
            tx.scalar(sa.select(sa.func.count()).select_from(table).where(column == image.id))
            for table, column in ((images, images.c.id), (aliases, aliases.c.image_id))
        ]


def test_a_deleted_image_is_gone_with_its_file_and_names(client, upload, svc, project):
    image = upload(alias="@hero", flow_alias="@cover")
    assert bytes_of(svc, project, image) == image.file_size

    assert client.images.delete(image.id) == image.id

    with pytest.raises(errors.ImageNotFound):
        client.images.get(image.id)
    with pytest.raises(errors.AliasNotFound):
        client.images.get("@hero")
    with pytest.raises(errors.AliasNotFound):
        client.images.get("@cover", flow_id=image.flow_id)
    assert client.images.list(include_deleted=True).total == 0
    assert rows_of(svc, image) == [0, 0]
    eventually(lambda: bytes_of(svc, project, image) is None)


def test_the_answer_is_the_id_and_a_second_delete_is_a_404(raw, upload):
    image = upload()

    first, second = (raw.delete(f"/api/v1/images/{image.id}") for _ in range(2))

    assert (first.status_code, first.json()) == (200, {"success": True, "data": {"id": image.id}})
    assert (second.status_code, second.json()["error"]["code"]) == (404, "IMAGE_NOT_FOUND")


def test_the_flow_of_a_deleted_image_stays(client, upload):
    image = upload(flow_alias="@cover")

    client.images.delete(image.id)

    assert upload(flow_id=image.flow_id).flow_id == image.flow_id


def test_the_public_address_stops_at_once(client, upload, public, project):
    image = upload(alias="@hero")
    addresses = (image.storage_url, f"{project.cdn}/@hero")
    assert [public.get(each).status_code for each in addresses] == [200, 200]

    client.images.delete(image.id)

    assert [public.get(each).status_code for each in addresses] == [404, 404]


def test_a_trashed_image_is_out_of_sight_and_can_be_listed(client, upload, raw):
    image = upload(alias="@hero", meta={"a": 1})

    assert client.images.delete(image.id, trash=True) == image.id

    with pytest.raises(errors.ImageNotFound):
        client.images.get(image.id)
    assert client.images.list().total == 0
    (trashed,) = raw.get("/api/v1/images?includeDeleted=true").json()["data"]
    assert trashed["id"] == image.id
    assert trashed["deletedAt"].endswith("Z")
    assert trashed["alias"] is None
    assert trashed["meta"] == {"a": 1}


def test_the_aliases_of_a_trashed_image_are_released(client, upload):
    image = upload(alias="@hero", flow_alias="@cover")

    client.images.delete("@hero", trash=True)

    for query in ({}, {"flow_id": image.flow_id}):
        with pytest.raises(errors.AliasNotFound):
            client.images.get("@hero", **query)
    with pytest.raises(errors.AliasNotFound):
        client.images.get("@cover", flow_id=image.flow_id)
    assert upload(alias="@hero").alias == "@hero"


def test_a_restored_image_is_back_without_its_names(client, upload):
    image = upload(alias="@hero", meta={"a": 1})
    client.images.delete(image.id, trash=True)

    restored = client.images.restore(image.id)

    assert (restored.id, restored.alias, restored.meta, restored.deleted_at) == (image.id, None, {"a": 1}, None)
    assert client.images.get(image.id) == restored
    assert client.images.list().total == 1


def test_restoring_takes_no_name_from_a_new_holder(client, upload):
    old = upload(alias="@hero")
    client.images.delete(old.id, trash=True)
    new = upload(alias="@hero")

    client.images.restore(old.id)

    assert client.images.get("@hero").id == new.id


def test_restoring_an_image_that_is_not_trashed_changes_nothing(client, upload):
    image = upload(alias="@hero")

    assert client.images.restore(image.id).alias == "@hero"


def test_the_public_address_stops_at_once_in_the_trash_and_works_again_after(client, upload, public):
    image = upload(photo(7))
    assert public.get(image.storage_url).content == photo(7)

    client.images.delete(image.id, trash=True)
    assert public.get(image.storage_url).status_code == 404

    client.images.restore(image.id)
    assert public.get(image.storage_url).content == photo(7)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {"meta": {}}),
        ("PATCH", "", {"meta": {}}),
        ("PUT", "/alias", {"alias": "@hero"}),
        ("PUT", "/alias", {"alias": None}),
        ("DELETE", "/alias", None),
    ],
)
def test_a_trashed_image_is_not_found_by_anything_else(raw, client, upload, method, path, body):
    image = upload()
    client.images.delete(image.id, trash=True)

    answer = raw.request(method, f"/api/v1/images/{image.id}{path}", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "IMAGE_NOT_FOUND")


def test_trashing_twice_keeps_the_first_time(client, upload):
    image = upload()
    client.images.delete(image.id, trash=True)
    first = client.images.list(include_deleted=True).data[0].deleted_at

    with pytest.raises(errors.ImageNotFound):
        client.images.delete(image.id, trash=True)

    assert client.images.list(include_deleted=True).data[0].deleted_at == first


def test_a_trashed_image_can_be_deleted_for_ever(client, upload, svc, project):
    image = upload()
    client.images.delete(image.id, trash=True)

    client.images.delete(image.id)

    assert client.images.list(include_deleted=True).total == 0
    with pytest.raises(errors.ImageNotFound):
        client.images.restore(image.id)
    eventually(lambda: bytes_of(svc, project, image) is None)


def test_the_trash_is_emptied_when_the_retention_time_is_over(client, upload, svc, project, clock):
    gone, kept = upload(), upload()
    client.images.delete(gone.id, trash=True)

    clock.advance(29 * 86_400)
    worker.sweep(svc)
    assert client.images.list(include_deleted=True).total == 2

    clock.advance(1.1 * 86_400)
    worker.run_once(svc)
    assert [image.id for image in client.images.list(include_deleted=True)] == [kept.id]
    eventually(lambda: bytes_of(svc, project, gone) is None)


@pytest.mark.parametrize("value", ["yes", "1", "TRUE", ""])
def test_trash_is_true_or_false(raw, upload, client, value):
    image = upload()

    assert raw.delete(f"/api/v1/images/{image.id}?trash={value}").status_code == 400
    assert client.images.get(image.id).id == image.id


def test_of_parallel_deletes_one_says_so(client, upload, threads):
    image = upload(alias="@hero")

    def attempt(_):
        try:
            return client.images.delete(image.id)
        except errors.ImageNotFound:
            return None

    assert [done for done in threads.map(attempt, range(8)) if done] == [image.id]


def test_deletes_and_moves_that_race_leave_no_name_without_an_image(client, upload, threads):
    pictures = [upload(photo(1)).id for _ in range(8)]

    def attempt(n):
        try:
            if n % 2:
                client.images.delete(pictures[n // 2])
            else:
                client.images.assign_alias(pictures[n // 2], f"@n{n % 3}")
        except errors.NotFound:
            return

    list(threads.map(attempt, range(16)))

    assert client.images.list().total == 0
