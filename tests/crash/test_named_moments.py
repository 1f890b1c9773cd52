"""Killed at every named moment of every write: the outcome is all of it or nothing of it."""

import os
import subprocess
import sys
from collections.abc import Callable
from uuid import uuid4

import httpx2
import pytest
from tests import in_process
from tests.access import Access
from tests.crash.conftest import Mortal, let_claims_run_out, settled
from tests.photographs import photo
from tests.wire import Wire

from atpix import outbox
from atpix.db.tables import images
from atpix.ids import Alias, blob_key, new_id
from atpix.images.rows import Image
from atpix.services import Services


def view(raw: Wire) -> object:
    """All that the API shows of a project's images."""
    listed = raw.get("/api/v1/images", params={"includeDeleted": "true", "limit": "100"})
    assert listed.status_code == 200
    return listed.json()


def named(raw: Wire, alias: str) -> str | None:
    answer = raw.get(f"/api/v1/images/{alias}")
    return answer.json()["data"]["id"] if answer.status_code == 200 else None


UPLOADS = ["upload.intent", "upload.bytes", "upload.commit", "upload.committed"]


@pytest.mark.parametrize(
    ("mortal", "point"),
    [*(("sqlite", point) for point in UPLOADS), ("postgresql", "upload.commit")],
    indirect=["mortal"],
)
def test_an_upload_is_there_whole_or_not_at_all_and_its_retry_makes_no_second_image(
    mortal: Mortal, access: Access, raw: Wire, point: str
):
    old = in_process.upload(mortal.svc, access.caller, alias=Alias("@hero"))
    before = view(raw)
    key = {"Idempotency-Key": uuid4().hex}

    def upload() -> httpx2.Response:
        form = {"alias": "@hero", "flowAlias": "@cover", "meta": '{"a": 1}'}
        return raw.post("/api/v1/images/upload", data=form, files={"file": photo(7)}, headers=key)

    mortal.dies_at(point, upload)
    kept = point == "upload.committed"
    hero = raw.get("/api/v1/images/@hero").json()["data"]
    assert (view(raw) == before) is not kept
    assert (hero["id"] == old.id) is not kept
    assert hero.get("flowAliases") == (["@cover"] if kept else [])
    assert raw.get(f"{access.cdn}/@hero").status_code == 200
    assert settled(mortal.svc)

    let_claims_run_out(mortal.svc)
    answers = [upload(), upload()]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == ["true" if kept else None, "true"]
    assert {answer.json()["data"]["id"] for answer in answers} == {named(raw, "@hero")}
    assert view(raw)["pagination"]["total"] == 2
    assert settled(mortal.svc)


Request = Callable[[Wire, Image], httpx2.Response]
REQUESTS: dict[str, Request] = {
    "update.commit": lambda raw, image: raw.put(f"/api/v1/images/{image.id}", json={"meta": {"new": True}}),
    "alias.commit": lambda raw, image: raw.put(f"/api/v1/images/{image.id}/alias", json={"alias": "@other"}),
    "delete.commit": lambda raw, image: raw.delete(f"/api/v1/images/{image.id}"),
    "trash.commit": lambda raw, image: raw.delete(f"/api/v1/images/{image.id}?trash=true"),
}


@pytest.mark.parametrize(
    ("mortal", "point"),
    [*(("sqlite", point) for point in REQUESTS), ("postgresql", "alias.commit")],
    indirect=["mortal"],
)
def test_a_change_that_was_killed_has_changed_nothing_and_can_be_made_again(
    mortal: Mortal, access: Access, raw: Wire, point: str
):
    image = in_process.upload(mortal.svc, access.caller, alias=Alias("@hero"), flow_alias=Alias("@cover"))
    other = in_process.upload(mortal.svc, access.caller, alias=Alias("@other"))
    before = view(raw)

    mortal.dies_at(point, lambda: REQUESTS[point](raw, image))

    assert view(raw) == before
    assert (named(raw, "@hero"), named(raw, "@other")) == (image.id, other.id)
    assert raw.get(f"{access.cdn}/@hero").content == raw.get(f"{access.cdn}/{image.id}").content
    assert settled(mortal.svc)
    assert REQUESTS[point](raw, image).status_code == 200
    assert view(raw) != before
    assert settled(mortal.svc)


@pytest.mark.parametrize("mortal", ["sqlite"], indirect=True)
def test_a_restore_that_was_killed_leaves_the_image_in_the_trash(mortal: Mortal, access: Access, raw: Wire):
    image = in_process.upload(mortal.svc, access.caller, alias=Alias("@hero"))
    in_process.trash(mortal.svc, access.caller, image.id)
    before = view(raw)
    key = {"Idempotency-Key": uuid4().hex}

    def restore() -> httpx2.Response:
        return raw.post(f"/api/v1/images/{image.id}/restore", headers=key)

    mortal.dies_at("restore.commit", restore)
    assert view(raw) == before
    let_claims_run_out(mortal.svc)

    assert restore().json()["data"]["id"] == image.id
    assert raw.get(f"/api/v1/images/{image.id}").status_code == 200
    assert settled(mortal.svc)


@pytest.mark.parametrize("point", ["worker.claimed", "worker.deleted", "worker.swept", "worker.purged"])
def test_a_worker_that_was_killed_is_succeeded_by_another(
    empty_svc: Services, new_access: Callable[[Services], Access], point: str
):
    """No server runs here: its own worker would be faster now and then, and leave nothing to be killed at."""
    caller = new_access(empty_svc).caller
    deleted, trashed = (in_process.upload(empty_svc, caller) for _ in range(2))
    abandoned = blob_key(caller.project, new_id())
    with empty_svc.db.transaction() as tx:
        outbox.intend(tx, abandoned, 0)
        tx.execute(images.update().where(images.c.id == trashed.id).values(deleted_at=0))
    empty_svc.blobs.put(abandoned, b"bytes")
    in_process.delete(empty_svc, caller, deleted.id)

    settings = empty_svc.settings.model_copy(update={"failpoint": point})
    environment = {f"ATPIX_{name.upper()}": str(value) for name, value in settings if name != "s3_secret_access_key"}
    killed = subprocess.run(
        [sys.executable, "-m", "tests.crash.one_round"], env=os.environ | environment, check=False, timeout=60
    )

    assert killed.returncode == -9
    assert settled(empty_svc)
    assert in_process.keys_of(empty_svc.blobs) == set()
