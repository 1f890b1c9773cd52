"""A flow goes with what is in it; what the project has a name for stays. Contract, section 6."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from tests.generated import copied
from tests.photographs import photo
from tests.wire import eventually

from atpix.db.generation_tables import generation_inputs, generations, usage_records
from atpix.db.tables import alias_moves, images
from atpix.flows import actions as flow_actions
from atpix.ids import blob_key


def listed(*ids):
    return {"count": len(ids), "ids": list(ids)}


def test_a_flow_goes_with_its_images_and_generations(flows, upload, made, svc, project, client):
    one = upload(flow_alias="@cover")
    two = upload(flow_id=one.flow_id)
    client.images.delete(two.id, trash=True)
    generation = made.generation(one, flow=one.flow_id)
    sent = {"id": one.flow_id, "deletedImages": listed(two.id, one.id), "deletedGenerations": listed(generation)}

    answer = flows.delete(one.flow_id)

    assert answer.json() == {"success": True, "data": {**sent, "keptImages": listed()}}
    assert flows.delete(one.flow_id).status_code == 404
    assert client.images.list(include_deleted=True).total == 0
    with svc.db.read() as tx:
        mine = generations.c.project_id == project.row.id
        assert tx.scalar(sa.select(sa.func.count()).select_from(generations).where(mine)) == 0
    eventually(lambda: [svc.blobs.size(blob_key(project.row.id, each.id)) for each in (one, two)] == [None, None])


def test_what_the_project_has_a_name_for_stays_without_a_flow(flows, upload, made, client):
    kept, other = upload(alias="@hero", flow_alias="@cover"), upload()
    flow = kept.flow_id
    made.generation(kept, flow=flow)

    answer = flows.delete(flow).json()["data"]

    assert answer["keptImages"] == listed(kept.id)
    assert answer["deletedImages"] == listed()
    left = client.images.get("@hero")
    assert (left.id, left.flow_id, left.flow_aliases, left.generation_id) == (kept.id, None, [], None)
    assert left.updated_at > kept.updated_at
    assert client.images.get(other.id).etag == other.etag


def test_the_public_addresses_stop_at_once(flows, upload, public):
    image = upload(flow_alias="@cover")
    assert public.get(image.storage_url).status_code == 200

    flows.delete(image.flow_id)

    assert public.get(image.storage_url).status_code == 404


def test_names_that_other_flows_have_for_its_images_are_released(flows, upload, svc):
    image, other = upload(flow_alias="@cover"), flows.create()["id"]
    flows.name(other, names={"@borrowed": image.id, "@again": image.id})

    flows.delete(image.flow_id)

    assert flows.get(other)["aliases"] == {}
    moves = alias_moves.c
    with svc.db.read() as tx:
        query = sa.select(moves.name, moves.revision, moves.image_id).where(moves.previous_image_id == image.id)
        released = {tuple(row) for row in tx.all(query)}
    assert released == {("@cover", 2, None), ("@borrowed", 2, None), ("@again", 2, None)}


def test_images_of_other_flows_that_it_named_stay(flows, upload, client):
    image, flow = upload(flow_alias="@own"), flows.create()["id"]
    flows.name(flow, names={"@borrowed": image.id})

    flows.delete(flow)

    assert client.images.get("@own", flow_id=image.flow_id).id == image.id


def test_generations_elsewhere_keep_tombstones_and_the_ledger_stays(flows, upload, made, svc, project):
    image, output = upload(flow_alias="@cover"), upload()
    made.generation(output, inputs=[image])
    made.generation(image, flow=image.flow_id)

    flows.delete(image.flow_id)

    with svc.db.read() as tx:
        (tombstone,) = tx.all(sa.select(generation_inputs.c.image_id, generation_inputs.c.sha256))
        records = tx.scalar(
            sa.select(sa.func.count()).select_from(usage_records).where(usage_records.c.project_id == project.row.id)
        )
    assert tuple(tombstone) == (None, image.sha256)
    assert records == 2


def test_more_than_a_thousand_are_counted_and_the_first_are_named(flows, upload, svc):
    image = upload(flow_alias="@cover")
    copied(svc, image.id, 1200)

    deleted = flows.delete(image.flow_id).json()["data"]["deletedImages"]

    assert deleted["count"] == 1201
    assert deleted["ids"] == sorted(deleted["ids"], reverse=True)
    assert len(deleted["ids"]) == 1000


def test_an_upload_beside_the_deletion_loses_nothing(server, connect, project, svc):
    """Either it came before and went with the flow, or it came after and made the flow anew."""
    client = connect(server, project)
    flow = client.images.upload(photo(0), flow_alias="@cover").flow_id

    with ThreadPoolExecutor(5) as pool:
        uploads = [pool.submit(client.images.upload, photo(n), flow_id=flow) for n in range(1, 5)]
        deleting = pool.submit(flow_actions.delete, svc, project.caller, flow, lambda _flow: None)
        gone = set(deleting.result().images.ids)
        uploaded = {upload.result().id for upload in uploads}

    with svc.db.read() as tx:
        left = {row.id: row.flow_id for row in tx.all(sa.select(images.c.id, images.c.flow_id))}
    assert uploaded - gone == left.keys()
    assert set(left.values()) <= {flow}


@pytest.mark.parametrize("moment", ["flow.delete"])
def test_a_deletion_that_fails_has_deleted_nothing(svc, project, upload, client, moment):
    from dataclasses import replace

    image = upload(flow_alias="@cover")

    def fail(name):
        if name == moment:
            raise RuntimeError(name)

    with pytest.raises(RuntimeError, match=moment):
        flow_actions.delete(replace(svc, failpoint=fail), project.caller, image.flow_id, lambda _flow: None)

    assert client.images.get("@cover", flow_id=image.flow_id).id == image.id
