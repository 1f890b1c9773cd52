"""What time ends: abandoned uploads, trash, half-written files, stored answers."""

import os
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests import in_process
from tests.access import Access
from tests.backends import Clock

from atpix import doctor, outbox, worker
from atpix.db.tables import images, upload_intents
from atpix.http import idempotency
from atpix.ids import blob_key, new_id
from atpix.images import actions, retention
from atpix.images.errors import UploadExpired
from atpix.projects import actions as projects
from atpix.projects.preferences import SettingsPatch
from atpix.services import Services
from atpix.worker import Report, run_once

HOUR_S = 3600
DAY_S = 24 * HOUR_S


@pytest.fixture
def access(new_project, empty_svc: Services) -> Access:
    return new_project(into=empty_svc)


def abandon(svc: Services, access: Access) -> str:
    """Bytes and their intent, as an upload leaves them that dies before its row."""
    key = blob_key(access.caller.project, new_id())
    with svc.db.transaction() as tx:
        outbox.intend(tx, key, svc.now())
    svc.blobs.put(key, b"bytes")
    return key


def test_bytes_of_an_abandoned_upload_go_after_an_hour_and_not_before(
    empty_svc: Services, access: Access, clock: Clock
):
    key = abandon(empty_svc, access)

    clock.advance(HOUR_S - 60)
    assert run_once(empty_svc) == Report()
    assert empty_svc.blobs.size(key) == 5
    clock.advance(120)
    assert run_once(empty_svc) == Report(swept_intents=1, deleted_blobs=1)

    assert empty_svc.blobs.size(key) is None


def test_more_abandoned_uploads_than_one_transaction_takes_are_all_swept(
    empty_svc: Services, access: Access, clock: Clock
):
    with empty_svc.db.transaction() as tx:
        for _ in range(250):
            outbox.intend(tx, blob_key(access.caller.project, new_id()), empty_svc.now())
    clock.advance(2 * HOUR_S)

    assert run_once(empty_svc) == Report(swept_intents=250, deleted_blobs=250)


def test_an_intent_whose_image_exists_takes_no_bytes_along(empty_svc: Services, access: Access, clock: Clock):
    image = in_process.upload(empty_svc, access.caller)
    with empty_svc.db.transaction() as tx:
        outbox.intend(tx, blob_key(image.project_id, image.id), empty_svc.now())
    clock.advance(2 * HOUR_S)

    assert run_once(empty_svc) == Report(swept_intents=1)

    assert in_process.has_bytes(empty_svc, image)


@pytest.mark.parametrize("moment", ["upload.intent", "upload.bytes"])
def test_an_upload_that_comes_back_after_the_sweep_fails_and_leaves_nothing(
    empty_svc: Services, access: Access, clock: Clock, moment: str
):
    def interrupted(here: str) -> None:
        if here == moment:
            clock.advance(2 * HOUR_S)
            assert run_once(empty_svc).swept_intents == 1

    with pytest.raises(UploadExpired):
        in_process.upload(replace(empty_svc, failpoint=interrupted), access.caller)

    assert in_process.keys_of(empty_svc.blobs) == set()
    assert doctor.examine(empty_svc).healthy


def test_trash_is_kept_for_the_projects_own_time(empty_svc: Services, new_project, clock: Clock):
    short, long = new_project(into=empty_svc), new_project(into=empty_svc)
    projects.update_project(empty_svc, short.row.id, settings=SettingsPatch(trash_retention_days=2))
    gone, kept = (in_process.upload(empty_svc, access.caller) for access in (short, long))
    in_process.trash(empty_svc, short.caller, gone.id)
    in_process.trash(empty_svc, long.caller, kept.id)

    clock.advance(2 * DAY_S - 60)
    assert run_once(empty_svc).purged_images == 0
    clock.advance(120)
    assert run_once(empty_svc)._replace(forgotten_keys=0) == Report(purged_images=1, deleted_blobs=1)
    assert not in_process.has_bytes(empty_svc, gone)
    assert in_process.has_bytes(empty_svc, kept)
    clock.advance(29 * DAY_S)
    assert run_once(empty_svc).purged_images == 1

    assert in_process.keys_of(empty_svc.blobs) == set()
    assert doctor.examine(empty_svc).healthy


def test_an_image_restored_at_the_last_moment_stays(empty_svc: Services, access: Access, clock: Clock):
    image = in_process.upload(empty_svc, access.caller)
    in_process.trash(empty_svc, access.caller, image.id)
    clock.advance(31 * DAY_S)
    with empty_svc.db.read() as tx:
        found = retention.expired(tx, empty_svc.now(), most=10)
    actions.restore(empty_svc, access.caller, image.id, lambda _tx, _image: None)

    with empty_svc.db.transaction() as tx:
        assert retention.purge(tx, access.caller.project, found[access.caller.project], empty_svc.now()) == 0

    assert actions.get(empty_svc, access.caller, image.id).image.id == image.id


def test_a_trashed_image_that_has_a_name_waits_for_the_doctor(empty_svc: Services, access: Access, clock: Clock):
    image = in_process.upload(empty_svc, access.caller, alias="@hero")
    with empty_svc.db.transaction() as tx:
        tx.execute(images.update().where(images.c.id == image.id).values(deleted_at=empty_svc.now()))
    clock.advance(31 * DAY_S)
    assert run_once(empty_svc).purged_images == 0

    doctor.repair(empty_svc, doctor.examine(empty_svc))

    assert run_once(empty_svc).failed == ()
    assert not in_process.has_bytes(empty_svc, image)
    assert doctor.examine(empty_svc).healthy


def test_half_written_files_go_after_an_hour(empty_svc: Services):
    old, fresh = empty_svc.blobs.stage(), empty_svc.blobs.stage()
    past_s = old.path.stat().st_mtime - 2 * HOUR_S
    os.utime(old.path, (past_s, past_s))

    assert run_once(empty_svc) == Report(swept_staged=1)

    assert not old.path.exists()
    assert fresh.path.exists()
    old.discard()
    fresh.discard()


def test_stored_answers_are_forgotten_after_a_day(empty_svc: Services, access: Access, clock: Clock):
    for number in range(120):
        idempotency.claim(empty_svc, access.caller, f"old-{number}")
    clock.advance(DAY_S - 60)
    idempotency.claim(empty_svc, access.caller, "young")
    assert run_once(empty_svc) == Report()
    clock.advance(120)

    assert run_once(empty_svc) == Report(forgotten_keys=120)


def test_a_step_that_fails_does_not_stop_the_others(empty_svc: Services, access: Access):
    image = in_process.upload(empty_svc, access.caller)
    in_process.delete(empty_svc, access.caller, image.id)
    staging = in_process.path_of(empty_svc, image).parents[2] / ".staging"
    staging.rename(staging.with_name(".elsewhere"))

    assert run_once(empty_svc) == Report(deleted_blobs=1, failed=("staged",))


def test_a_worker_that_is_told_to_stop_leaves_the_rest_to_others(empty_svc: Services, access: Access, clock: Clock):
    abandon(empty_svc, access)
    clock.advance(2 * HOUR_S)

    assert run_once(empty_svc, stopped=lambda: True) == Report()

    with empty_svc.db.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(upload_intents)) == 1
    assert worker.run_once(empty_svc) == Report(swept_intents=1, deleted_blobs=1)
