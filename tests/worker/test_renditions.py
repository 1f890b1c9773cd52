"""Renditions go with their image, and with its focal point if they follow it."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from tests import in_process
from tests.access import Access
from tests.backends import Backends, Clock
from tests.renditions.shelves import WEBP, keep, key_of, open_on

from atpix import outbox
from atpix.blobs import Blobs
from atpix.images import actions
from atpix.images.actions import Change
from atpix.images.rows import Image
from atpix.imaging.values import FocalPoint
from atpix.renditions import Key
from atpix.services import Services
from atpix.worker import run_once

DAY_S = 86_400


@pytest.fixture
def access(new_project, empty_svc: Services) -> Access:
    return new_project(into=empty_svc)


@pytest.fixture
def image(empty_svc: Services, access: Access) -> Image:
    return in_process.upload(empty_svc, access.caller)


def keys(image: Image) -> list[Key]:
    """One that follows the focal point, and one that does not."""
    return [key_of(project=image.project_id, image=image.id, follows_focus=follows) for follows in (True, False)]


@pytest.fixture
def rendered(empty_svc: Services, image: Image) -> list[Key]:
    made = keys(image)
    for key in made:
        assert keep(empty_svc.renditions, key) is not None
    return made


def left(svc: Services, rendered: list[Key]) -> list[bool]:
    return [asyncio.run(svc.renditions.find(key)) is not None for key in rendered]


def update(svc: Services, access: Access, image: Image, **change) -> None:
    actions.update(svc, access.caller, image.id, Change(**change), in_process.allowed)


def test_with_a_deleted_image_and_no_others(empty_svc: Services, access: Access, image: Image, rendered: list[Key]):
    other = keys(in_process.upload(empty_svc, access.caller))
    keep(empty_svc.renditions, other[0])
    in_process.delete(empty_svc, access.caller, image.id)

    run_once(empty_svc)

    assert left(empty_svc, rendered) == [False, False]
    assert left(empty_svc, other) == [True, False]


def test_with_a_trashed_image(empty_svc: Services, access: Access, image: Image, rendered: list[Key]):
    in_process.trash(empty_svc, access.caller, image.id)

    run_once(empty_svc)

    assert left(empty_svc, rendered) == [False, False]
    assert in_process.has_bytes(empty_svc, image)


def test_with_an_image_whose_time_in_the_trash_is_over(
    empty_svc: Services, access: Access, image: Image, rendered: list[Key], clock: Clock
):
    in_process.trash(empty_svc, access.caller, image.id)
    run_once(empty_svc)
    keep(empty_svc.renditions, rendered[0])
    clock.advance(31 * DAY_S)

    assert run_once(empty_svc).purged_images == 1

    assert left(empty_svc, rendered) == [False, False]


def test_with_a_focal_point_that_moves(empty_svc: Services, access: Access, image: Image, rendered: list[Key]):
    update(empty_svc, access, image, focal_point=FocalPoint(0.25, 0.5))

    run_once(empty_svc)

    assert left(empty_svc, rendered) == [False, True]


def test_not_with_a_focal_point_that_stays(empty_svc: Services, access: Access, image: Image, rendered: list[Key]):
    update(empty_svc, access, image, focal_point=None, meta='{"a": 1}')

    run_once(empty_svc)

    assert left(empty_svc, rendered) == [True, True]


def test_a_change_that_was_rolled_back_drops_nothing(
    empty_svc: Services, access: Access, image: Image, rendered: list[Key]
):
    def fail(_here: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_process.trash(replace(empty_svc, failpoint=fail), access.caller, image.id)
    run_once(empty_svc)

    assert left(empty_svc, rendered) == [True, True]


def test_later_when_the_store_is_away(
    empty_svc: Services, access: Access, image: Image, rendered: list[Key], clock: Clock
):
    in_process.trash(empty_svc, access.caller, image.id)
    with in_process.store_down(empty_svc):
        assert "outbox" in run_once(empty_svc).failed
    clock.advance(60)

    assert run_once(empty_svc).failed == ()

    assert left(empty_svc, rendered) == [False, False]
    with empty_svc.db.read() as tx:
        assert outbox.depth(tx) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_out_of_a_real_bucket(empty_svc: Services, access: Access, backends: Backends, clock: Clock, tmp_path):
    url = f"s3://{backends.s3.bucket}/{uuid4().hex}"
    blobs = Blobs.open(url, staging=tmp_path / "staging", options=backends.s3.options)
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    shelf, elsewhere = open_on(here, blobs, clock), open_on(there, blobs, clock)
    svc = replace(empty_svc, blobs=blobs, renditions=shelf)
    image = in_process.upload(svc, access.caller)
    made = keys(image)
    for key in made:
        assert keep(shelf, key, b"pixels") is not None
    original = key_of("w=9", project=image.project_id, image=image.id)
    shelf.keep_original(original, WEBP, lambda: True)
    found = [asyncio.run(elsewhere.find(key)) for key in (*made, original)]
    assert [(each.size, each.is_original) for each in found] == [(6, False), (6, False), (0, True)]

    in_process.delete(svc, access.caller, image.id)
    run_once(svc)

    assert in_process.keys_of(blobs) == set()
    assert left(svc, made) == [False, False]
    elsewhere.close()
    shelf.close()
