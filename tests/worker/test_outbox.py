"""Work that was committed is done, however often it fails and whoever does it."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest
import sqlalchemy as sa
from tests import in_process
from tests.access import Access
from tests.backends import Backends, Clock

from atpix import outbox, worker
from atpix.blobs import Blobs
from atpix.db.tables import outbox as rows
from atpix.errors import StorageUnavailable
from atpix.ids import BlobKey, blob_key
from atpix.services import Services
from atpix.worker import Report, run_once


@pytest.fixture
def access(new_project, empty_svc: Services) -> Access:
    return new_project(into=empty_svc)


def waiting(svc: Services) -> list[sa.Row]:
    with svc.db.read() as tx:
        return list(tx.all(sa.select(rows).order_by(rows.c.id)))


def add(svc: Services, *keys: str) -> None:
    with svc.db.transaction() as tx:
        for key in keys:
            outbox.delete_blob(tx, BlobKey(key), svc.now())


def test_the_file_of_a_deleted_image_goes_with_the_next_iteration(empty_svc: Services, access: Access):
    image = in_process.upload(empty_svc, access.caller)
    in_process.delete(empty_svc, access.caller, image.id)
    assert in_process.has_bytes(empty_svc, image)

    assert run_once(empty_svc) == Report(deleted_blobs=1)

    assert not in_process.has_bytes(empty_svc, image)
    assert waiting(empty_svc) == []


def test_while_the_store_is_down_the_file_waits_and_afterwards_another_process_deletes_it(
    empty_svc: Services, access: Access, clock: Clock
):
    image = in_process.upload(empty_svc, access.caller)
    in_process.delete(empty_svc, access.caller, image.id)

    with in_process.store_down(empty_svc):
        assert "outbox" in run_once(empty_svc).failed
        (job,) = waiting(empty_svc)
        assert job.attempts == 1
        assert job.last_error.startswith("STORAGE_UNAVAILABLE")
        assert job.due_at > empty_svc.now()
    clock.advance(60)
    later = Services.open(empty_svc.settings, now=clock)
    try:
        assert run_once(later) == Report(deleted_blobs=1)
    finally:
        later.close()

    assert not in_process.has_bytes(empty_svc, image)


def test_a_bucket_that_refuses_connections_is_asked_again_later(
    empty_svc: Services, backends: Backends, clock: Clock, tmp_path
):
    url = f"s3://{backends.s3.bucket}/{uuid4().hex}"
    good = Blobs.open(url, staging=tmp_path / "staging", options=backends.s3.options)
    dead = backends.s3.options | {"endpoint": "http://127.0.0.1:9"}
    svc = replace(empty_svc, blobs=Blobs.open(url, staging=tmp_path / "staging", options=dead, timeout_s=1, retries=0))
    key = blob_key(str(uuid4()), str(uuid4()))
    good.put(key, b"bytes")
    add(svc, key)

    with pytest.raises(StorageUnavailable):
        worker.deliver(svc)
    clock.advance(60)

    assert worker.deliver(replace(svc, blobs=good)) == 1
    assert good.size(key) is None


def test_a_row_that_fails_for_ever_does_not_block_the_others(empty_svc: Services, clock: Clock):
    with empty_svc.db.transaction() as tx:
        tx.execute(rows.insert().values(kind="sing", payload={"key": "a/b"}, created_at=0, due_at=0))
    add(empty_svc, "not a key", "project/ab/image")

    for _ in range(4):
        run_once(empty_svc)
        clock.advance(60)

    reasons = {job.kind: job.last_error for job in waiting(empty_svc)}
    assert reasons == {
        "sing": "INTERNAL_ERROR: This release does not know how to sing.",
        "delete_blob": "ValueError",
    }


def test_what_is_claimed_is_nobody_elses_until_the_lease_is_over(empty_svc: Services, clock: Clock):
    add(empty_svc, "project/ab/image")

    with empty_svc.db.transaction() as tx:
        (job,) = outbox.claim(tx, empty_svc.now(), most=10)
    assert worker.deliver(empty_svc) == 0
    clock.advance(outbox.LEASE_MS / 1000)

    assert worker.deliver(empty_svc) == 1
    assert job.key == "project/ab/image"
    assert waiting(empty_svc) == []


def test_several_workers_share_the_work(empty_svc: Services):
    add(empty_svc, *(f"project/ab/{number}" for number in range(450)))

    with ThreadPoolExecutor(3) as threads:
        shares = list(threads.map(worker.deliver, [empty_svc] * 3))

    assert sum(shares) == 450
    assert waiting(empty_svc) == []


def test_pauses_grow_to_half_a_minute():
    pauses = [worker.backoff_s(failures) for failures in range(100)]

    assert 0.5 <= pauses[0] <= 1
    assert max(pauses) <= 30
    assert min(pauses[5:]) >= 15


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_idle_worker_does_not_touch_the_write_lock(empty_svc: Services):
    other = sqlite3.connect(empty_svc.db.sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert run_once(empty_svc) == Report()
    finally:
        other.close()
