"""The doctor and the cache: litter of images that are gone, files and rows that do not agree."""

import shutil
from pathlib import Path

import pytest
from tests import in_process
from tests.access import Access
from tests.backends import Clock
from tests.renditions.shelves import keep, key_of

from atpix import doctor
from atpix.images.rows import Image
from atpix.renditions import Stored
from atpix.services import Services

HOUR_S = 3600


@pytest.fixture
def access(new_project, empty_svc: Services) -> Access:
    return new_project(into=empty_svc)


@pytest.fixture
def image(empty_svc: Services, access: Access) -> Image:
    return in_process.upload(empty_svc, access.caller)


def render(svc: Services, image: Image) -> Stored:
    stored = keep(svc.renditions, key_of(project=image.project_id, image=image.id))
    assert stored is not None
    return stored


def mended(svc: Services, *kinds: str) -> bool:
    found = doctor.examine(svc)
    assert [finding.kind for finding in found.findings] == list(kinds)
    assert doctor.repair(svc, found) == list(found.findings)
    return doctor.examine(svc).healthy


def test_nothing_is_wrong_with_renditions_of_an_image_that_is_there(empty_svc: Services, image: Image, clock: Clock):
    render(empty_svc, image)
    clock.advance(2 * HOUR_S)

    assert doctor.examine(empty_svc, deep=True).healthy


def test_nor_with_those_that_are_about_to_be_dropped(empty_svc: Services, access: Access, image: Image, clock: Clock):
    other = in_process.upload(empty_svc, access.caller)
    render(empty_svc, image)
    render(empty_svc, other)
    in_process.trash(empty_svc, access.caller, image.id)
    in_process.delete(empty_svc, access.caller, other.id)
    clock.advance(2 * HOUR_S)

    assert doctor.examine(empty_svc).healthy


@pytest.mark.parametrize("leave", [in_process.trash, in_process.delete])
def test_those_of_an_image_that_is_gone_are_dropped(
    empty_svc: Services, access: Access, image: Image, clock: Clock, leave
):
    leave(empty_svc, access.caller, image.id)
    doctor.repair(empty_svc, doctor.examine(empty_svc))  # the outbox is worked off
    stored = render(empty_svc, image)
    assert doctor.examine(empty_svc).healthy, "it may be a render that is ending just now"
    clock.advance(2 * HOUR_S)

    assert mended(empty_svc, "orphan_renditions")

    assert not stored.path.exists()


def test_files_that_are_gone_are_counted_no_more(empty_svc: Services, image: Image):
    render(empty_svc, image)
    shutil.rmtree(Path(empty_svc.settings.storage.removeprefix("file://")) / "renditions")

    assert mended(empty_svc, "rendition_index")

    assert empty_svc.renditions.stats().n == 0


def test_files_that_nobody_counts_are_counted(empty_svc: Services, image: Image):
    stored = render(empty_svc, image)
    away = stored.path.with_name("away")
    stored.path.rename(away)
    empty_svc.renditions.reconcile()
    away.rename(stored.path)

    assert mended(empty_svc, "rendition_index")

    assert empty_svc.renditions.stats().size_bytes == stored.size


def test_strangers_among_renditions_need_a_person(empty_svc: Services, image: Image, clock: Clock):
    stored = render(empty_svc, image)
    (stored.path.parent / "holiday.jpg").write_bytes(b"mine")
    clock.advance(2 * HOUR_S)

    (finding,) = doctor.examine(empty_svc).findings

    assert (finding.kind, finding.repair) == ("foreign_bytes", None)


def test_an_index_that_cannot_be_used_is_a_finding(empty_svc: Services):
    (empty_svc.settings.data / "renditions.db").mkdir()

    (finding,) = doctor.examine(empty_svc).findings

    assert (finding.kind, finding.repair) == ("rendition_index", None)
