"""From a pending row to an image, by a runner."""

from tests.generations.providers import picture
from tests.generations.studio import Studio

from atpix.ids import blob_key


def test_a_pending_generation_becomes_an_image_with_its_bytes_and_a_record(studio: Studio):
    generation = studio.ask()
    studio.runner()

    row = studio.ended(generation)

    image = studio.image(generation)
    assert (row.status, row.error_code, row.attempts) == ("success", None, 1)
    assert (image.source, image.generation_id, image.media_type) == ("generated", generation, "image/png")
    assert studio.svc.blobs.read(blob_key(image.project_id, image.id)) == picture(1)
    assert (row.model, row.usage, row.cost_micro_usd) == ("scripted-1", {"seed": 7, "images": 1}, 40_000)
    assert [(one.generation_id, one.outcome, one.image_id) for one in studio.ledger()] == [
        (generation, "success", image.id)
    ]
    assert (row.claimed_by, row.lease_until, row.planned_image_id) == (None, None, None)
