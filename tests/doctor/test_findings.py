"""Every fault is planted, found, and repaired where nothing can be lost by it."""

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests import in_process
from tests.access import Access
from tests.backends import Clock

from atpix import doctor, outbox
from atpix.db import Database
from atpix.db.tables import alias_moves, aliases, image_counts, images
from atpix.db.tables import outbox as rows
from atpix.doctor import Diagnosis
from atpix.ids import Alias, FlowId, blob_key, new_id
from atpix.images import actions
from atpix.images.aliases import Move
from atpix.images.rows import Image
from atpix.services import Services

HOUR_S = 3600


@pytest.fixture
def access(new_project, empty_svc: Services) -> Access:
    return new_project(into=empty_svc)


@pytest.fixture
def image(empty_svc: Services, access: Access) -> Image:
    """With a name in its project and one in a flow."""
    return in_process.upload(empty_svc, access.caller, alias=Alias("@hero"), flow_alias=Alias("@cover"))


def kinds(diagnosis: Diagnosis) -> list[str]:
    return [finding.kind for finding in diagnosis.findings]


def mended(svc: Services, *expected: str) -> bool:
    """Exactly this is found, all of it is repaired, and nothing is left."""
    found = doctor.examine(svc)
    assert kinds(found) == list(expected)
    assert doctor.repair(svc, found) == list(found.findings)
    return doctor.examine(svc).healthy


def needs_a_person(svc: Services, kind: str, *, deep: bool = False) -> bool:
    """Exactly this is found, and a repair leaves it as it is."""
    found = doctor.examine(svc, deep=deep)
    assert kinds(found) == [kind]
    assert found.findings[0].repair is None
    assert doctor.repair(svc, found) == []
    return kinds(doctor.examine(svc, deep=deep)) == [kind]


def execute(svc: Services, statement: sa.Executable) -> None:
    with svc.db.transaction() as tx:
        assert tx.execute(statement) != 0


def history(svc: Services, name: str) -> list[tuple]:
    query = sa.select(alias_moves).where(alias_moves.c.name == name).order_by(alias_moves.c.revision)
    with svc.db.read() as tx:
        return [(row.revision, row.previous_image_id, row.image_id) for row in tx.all(query)]


def name(svc: Services, access: Access, image: Image, alias: str) -> None:
    actions.assign_alias(svc, access.caller, image.id, lambda to: Move(alias=Alias(alias), to=to), in_process.allowed)


def test_nothing_is_wrong_with_what_the_service_itself_does(empty_svc: Services, access: Access, image: Image):
    other = in_process.upload(empty_svc, access.caller)
    name(empty_svc, access, other, "@hero")
    in_process.trash(empty_svc, access.caller, image.id)
    in_process.delete(empty_svc, access.caller, other.id)

    assert doctor.examine(empty_svc, deep=True) == Diagnosis(())


def test_a_row_without_bytes_is_reported_and_never_deleted(empty_svc: Services, image: Image):
    empty_svc.blobs.delete(blob_key(image.project_id, image.id))

    assert needs_a_person(empty_svc, "lost_bytes")


def test_bytes_of_another_size_are_reported(empty_svc: Services, image: Image):
    os.truncate(in_process.path_of(empty_svc, image), 10)

    assert needs_a_person(empty_svc, "wrong_size")


def test_changed_bytes_are_found_when_all_bytes_are_read(empty_svc: Services, image: Image):
    path = in_process.path_of(empty_svc, image)
    path.write_bytes(bytes(path.stat().st_size))

    assert doctor.examine(empty_svc).healthy
    assert needs_a_person(empty_svc, "wrong_checksum", deep=True)


def test_bytes_without_an_owner_are_deleted_once_they_are_old_enough(
    empty_svc: Services, access: Access, image: Image, clock: Clock
):
    key = blob_key(access.caller.project, new_id())
    empty_svc.blobs.put(key, b"bytes")
    assert doctor.examine(empty_svc).healthy
    clock.advance(HOUR_S + 60)

    assert mended(empty_svc, "orphan_bytes")

    assert in_process.keys_of(empty_svc.blobs) == {blob_key(image.project_id, image.id)}


def test_bytes_with_an_intent_or_an_outbox_row_have_an_owner(empty_svc: Services, access: Access, clock: Clock):
    intended, leaving = (blob_key(access.caller.project, new_id()) for _ in range(2))
    for key in (intended, leaving):
        empty_svc.blobs.put(key, b"bytes")
    clock.advance(2 * HOUR_S)
    with empty_svc.db.transaction() as tx:
        outbox.intend(tx, intended, empty_svc.now())
        outbox.delete_blob(tx, leaving, empty_svc.now())

    assert doctor.examine(empty_svc).healthy


def test_bytes_that_got_an_owner_after_the_examination_are_kept(empty_svc: Services, access: Access, clock: Clock):
    key = blob_key(access.caller.project, new_id())
    empty_svc.blobs.put(key, b"bytes")
    clock.advance(2 * HOUR_S)
    found = doctor.examine(empty_svc)
    with empty_svc.db.transaction() as tx:
        outbox.intend(tx, key, empty_svc.now())

    assert doctor.repair(empty_svc, found) == []

    assert empty_svc.blobs.size(key) == 5


def test_files_of_somebody_else_are_reported_and_those_of_desktops_ignored(empty_svc: Services, clock: Clock):
    root = Path(empty_svc.settings.storage.removeprefix("file://"))
    (root / ".DS_Store").write_bytes(b"desktop")
    (root / "holiday.jpg").write_bytes(b"mine")
    clock.advance(2 * HOUR_S)

    assert needs_a_person(empty_svc, "foreign_bytes")

    assert (root / "holiday.jpg").read_bytes() == b"mine"


def test_more_findings_than_anyone_reads_are_cut(
    empty_svc: Services, access: Access, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(doctor, "MOST", 2)
    for _ in range(3):
        empty_svc.blobs.put(blob_key(access.caller.project, new_id()), b"bytes")
    clock.advance(2 * HOUR_S)

    found = doctor.examine(empty_svc)
    assert found.cut
    assert len(found.findings) == 2
    doctor.repair(empty_svc, found)

    assert mended(empty_svc, "orphan_bytes")


def test_a_store_that_is_down_is_a_finding(empty_svc: Services, image: Image):
    with in_process.store_down(empty_svc):
        assert kinds(doctor.examine(empty_svc)) == ["store"]

    assert doctor.examine(empty_svc).healthy


def test_a_name_with_two_holders_is_reported(empty_svc: Services, access: Access, image: Image):
    other = in_process.upload(empty_svc, access.caller)
    execute(empty_svc, sa.text("DROP INDEX aliases_one_holder"))
    twice = {"project_id": image.project_id, "name": "@hero", "image_id": other.id, "assigned_at": 1}
    execute(empty_svc, aliases.insert().values(**twice))

    assert "two_holders" in kinds(doctor.examine(empty_svc))


def test_an_image_with_two_project_names_is_reported(empty_svc: Services, image: Image):
    execute(empty_svc, sa.text("DROP INDEX aliases_one_name_an_image"))
    twice = {"project_id": image.project_id, "name": "@second", "image_id": image.id, "assigned_at": 1}
    execute(empty_svc, aliases.insert().values(**twice))

    assert "two_holders" in kinds(doctor.examine(empty_svc))


def test_names_of_a_trashed_image_are_released_and_recorded(empty_svc: Services, image: Image):
    execute(empty_svc, images.update().where(images.c.id == image.id).values(deleted_at=1))

    assert mended(empty_svc, "dangling_name", "dangling_name")

    assert history(empty_svc, "@hero")[-1] == (2, image.id, None)
    assert history(empty_svc, "@cover")[-1] == (2, image.id, None)


def test_a_name_in_another_projects_flow_is_released(empty_svc: Services, new_project, image: Image):
    theirs = in_process.upload(empty_svc, new_project(into=empty_svc).caller, flow_alias=Alias("@theirs"))
    execute(empty_svc, aliases.update().where(aliases.c.name == "@cover").values(flow_id=theirs.flow_id))
    execute(empty_svc, alias_moves.update().where(alias_moves.c.name == "@cover").values(flow_id=theirs.flow_id))

    assert mended(empty_svc, "dangling_name")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_name_without_an_image_is_released(empty_svc: Services, access: Access, image: Image):
    with sqlite3.connect(empty_svc.db.sqlite_path) as raw:  # foreign keys are off here
        raw.execute("UPDATE aliases SET image_id = ? WHERE name = '@hero'", (new_id(),))
    raw.close()

    found = doctor.examine(empty_svc)
    assert set(kinds(found)) == {"damage", "dangling_name", "history"}
    doctor.repair(empty_svc, found)

    assert doctor.examine(empty_svc).healthy


@pytest.mark.parametrize("alias", ["@hero", "@cover"])
def test_a_holder_that_history_does_not_know_is_recorded(empty_svc: Services, image: Image, alias: str):
    execute(empty_svc, alias_moves.delete().where(alias_moves.c.name == alias))

    assert mended(empty_svc, "history")

    assert history(empty_svc, alias) == [(1, None, image.id)]


def test_a_name_that_is_gone_without_a_record_is_recorded(empty_svc: Services, image: Image):
    execute(empty_svc, aliases.delete().where(aliases.c.name == "@hero"))

    assert mended(empty_svc, "history")

    assert history(empty_svc, "@hero") == [(1, None, image.id), (2, image.id, None)]


def test_a_gap_is_filled_with_what_its_neighbours_know(empty_svc: Services, access: Access, image: Image):
    others = [in_process.upload(empty_svc, access.caller) for _ in range(3)]
    for other in others:
        name(empty_svc, access, other, "@hero")
    before = history(empty_svc, "@hero")
    execute(empty_svc, alias_moves.delete().where(alias_moves.c.name == "@hero", alias_moves.c.revision.in_([1, 3])))

    assert mended(empty_svc, "history")

    assert history(empty_svc, "@hero") == before


def test_the_history_of_a_flow_that_is_gone_is_complete(empty_svc: Services, image: Image):
    flow = FlowId(new_id())
    gone = {"project_id": image.project_id, "flow_id": flow, "name": "@old", "revision": 1, "image_id": image.id}
    execute(empty_svc, alias_moves.insert().values(**gone, at=1))

    assert doctor.examine(empty_svc).healthy


@pytest.mark.parametrize("wrong", [image_counts.delete(), image_counts.update().values(n=image_counts.c.n + 7)])
def test_totals_are_counted_again(empty_svc: Services, access: Access, image: Image, wrong: sa.Executable):
    second = in_process.upload(empty_svc, access.caller)
    in_process.trash(empty_svc, access.caller, second.id)
    execute(empty_svc, wrong)

    assert mended(empty_svc, "counts")


def test_uploads_that_no_worker_swept_are_swept(empty_svc: Services, access: Access, clock: Clock):
    key = blob_key(access.caller.project, new_id())
    with empty_svc.db.transaction() as tx:
        outbox.intend(tx, key, empty_svc.now())
    empty_svc.blobs.put(key, b"bytes")
    clock.advance(2 * HOUR_S)

    assert mended(empty_svc, "expired_intents")

    assert empty_svc.blobs.size(key) is None


def test_work_that_keeps_failing_is_reported_and_tried_again(empty_svc: Services, access: Access, image: Image):
    in_process.delete(empty_svc, access.caller, image.id)
    execute(empty_svc, rows.update().values(attempts=11, due_at=empty_svc.now() + 10**6, last_error="the reason"))
    with in_process.store_down(empty_svc):
        found = doctor.examine(empty_svc)
        assert "the reason" in next(each.sentence for each in found.findings if each.kind == "stuck_work")
        assert doctor.repair(empty_svc, found) == []

    assert mended(empty_svc, "stuck_work")

    assert not in_process.has_bytes(empty_svc, image)


def test_a_database_of_a_newer_release_is_left_alone(empty_svc: Services):
    execute(empty_svc, sa.text("UPDATE alembic_version SET version_num = '9999'"))

    assert needs_a_person(empty_svc, "schema")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_empty_database_is_migrated(empty_svc: Services, tmp_path: Path):
    svc = replace(empty_svc, db=Database.open(f"sqlite:///{tmp_path / 'new.db'}"))

    assert mended(svc, "schema")

    svc.db.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_damaged_file_is_reported(empty_svc: Services, image: Image):
    stricter = "replace(sql, 'n BIGINT NOT NULL', 'n BIGINT NOT NULL CHECK (n > 99)')"
    with sqlite3.connect(empty_svc.db.sqlite_path) as raw:
        raw.execute("PRAGMA writable_schema=ON")
        raw.execute(f"UPDATE sqlite_schema SET sql = {stricter} WHERE name = 'image_counts'")
    raw.close()
    db = Database.open(str(empty_svc.db.url))

    assert "damage" in kinds(doctor.examine(replace(empty_svc, db=db)))

    db.close()


def test_what_is_under_way_is_no_finding(empty_svc: Services, access: Access):
    """At every moment of an upload and of a delete, with all bytes old enough to be suspected."""
    found: list[str] = []
    later = replace(empty_svc, now=lambda: empty_svc.now() + (HOUR_S + 60) * 1000)

    def look(here: str) -> None:
        if not (empty_svc.db.is_sqlite and here.endswith(".commit")):  # its one writer is at work then: this thread
            found.extend(kinds(doctor.examine(later)))

    watched = replace(empty_svc, failpoint=look)
    image = in_process.upload(watched, access.caller, alias=Alias("@hero"))
    in_process.delete(watched, access.caller, image.id)
    look("the end")

    assert found == []
    assert in_process.has_bytes(empty_svc, image)
