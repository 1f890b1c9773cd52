"""Where a store has no files, references and stored pictures are fetched."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from tests import in_process
from tests.generations.providers import picture
from tests.generations.studio import Studio

from atpix import outbox
from atpix.ids import ImageId, blob_key, new_id
from atpix.providers.values import Recipe

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def bucket(new_studio: Callable[..., Studio]) -> Studio:
    return new_studio(storage_url="memory://")


def test_a_reference_goes_out_and_the_picture_is_kept(bucket: Studio):
    image = in_process.upload(bucket.svc, bucket.project.caller)
    sent: list[bytes] = []

    def look(recipe: Recipe, _target: object) -> None:
        sent.extend(one.path.read_bytes() for one in recipe.references)

    bucket.provider.answers.append(look)
    generation = bucket.ask()
    bucket.refer(generation, image)
    runner = bucket.runner()

    assert bucket.ended(generation).status == "success"
    assert bucket.svc.blobs.read(blob_key(image.project_id, bucket.image(generation).id)) == picture(1)
    assert [content[:3] for content in sent] == [b"\xff\xd8\xff"]
    runner.stop(30)
    bucket.settled()


def test_a_picture_that_a_killed_runner_has_stored_is_fetched_and_kept(bucket: Studio):
    now, planned = bucket.clock(), ImageId(new_id())
    key = blob_key(bucket.project.caller.project, planned)
    with bucket.svc.db.transaction() as tx:
        outbox.intend(tx, key, now)
    bucket.svc.blobs.put(key, picture(3))
    lease = {"claimed_by": str(uuid4()), "lease_until": now - 1, "started_at": now, "attempts": 1}
    generation = bucket.ask(status="processing", planned_image_id=planned, **lease)
    runner = bucket.runner()

    assert bucket.ended(generation).output_image_id == planned
    assert bucket.provider.calls == []
    runner.stop(30)
    bucket.settled()
