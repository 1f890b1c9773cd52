"""What is kept is found, by every process, until it is dropped: on a disk and in a bucket alike."""

from pathlib import Path

import pytest
from tests.renditions.shelves import PROJECT, WEBP, OpenShelf, found, keep, key_of, open_on

from atpix.blobs import Blobs
from atpix.errors import Overloaded
from atpix.ids import ImageId, ProjectId, new_id
from atpix.imaging.values import FocalPoint
from atpix.renditions import Facts, Shelf, Unwanted


def is_stored(shelf: Shelf, key) -> bool:
    return found(shelf, key) is not None


def content(shelf: Shelf, stored) -> bytes:
    return stored.path.read_bytes() if stored.path else shelf._blobs.read(stored.blob_key)


def test_nothing_is_found_before_it_is_kept(shelf: Shelf):
    assert found(shelf, key_of()) is None


def test_what_is_kept_is_found(shelf: Shelf):
    key = key_of()
    facts = Facts(media_type="image/webp", width=40, height=30, focus=FocalPoint(0.5, 0.25), quality=77)

    kept = keep(shelf, key, b"pixels", facts)

    assert found(shelf, key) == kept
    assert content(shelf, kept) == b"pixels"
    assert (kept.size, kept.media_type, kept.width, kept.height) == (6, "image/webp", 40, 30)
    assert (kept.facts, kept.etag, kept.is_original) == (facts, key.etag, False)


def test_another_process_finds_it_too(open_shelf: OpenShelf):
    key = key_of()
    kept = keep(open_shelf(), key)

    assert found(open_shelf(), key) == kept


def test_another_machine_finds_it_in_the_bucket_without_having_been_told(in_bucket: OpenShelf):
    key = key_of()
    kept = keep(in_bucket("here"), key)

    there = found(in_bucket("there"), key)

    assert (there.blob_key, there.size, there.etag, there.media_type) == (
        kept.blob_key,
        kept.size,
        kept.etag,
        kept.media_type,
    )


def test_that_the_original_is_the_best_answer_is_remembered(open_shelf: OpenShelf):
    key = key_of()
    kept = open_shelf().keep_original(key, WEBP, lambda: True)

    assert kept.is_original
    assert kept.path is None
    assert found(open_shelf(), key) == kept


def test_another_machine_learns_of_the_bucket_that_the_original_is_best(in_bucket: OpenShelf):
    key = key_of()
    in_bucket("here").keep_original(key, WEBP, lambda: True)

    assert found(in_bucket("there"), key).is_original


def test_a_second_render_takes_the_place_of_the_first(shelf: Shelf):
    key = key_of()
    keep(shelf, key, b"first")
    keep(shelf, key, b"second")

    assert content(shelf, found(shelf, key)) == b"second"
    assert shelf.stats().n == 1
    assert shelf.stats().size_bytes == 6


def test_renditions_go_with_their_image_and_no_others(shelf: Shelf, image: ImageId):
    mine = [key_of(f"w={n}", image=image, follows_focus=n == 1) for n in range(3)]
    other = key_of()
    for key in (*mine, other):
        keep(shelf, key)

    assert shelf.drop(PROJECT, image) == 3
    assert shelf.drop(PROJECT, image) == 0

    assert [is_stored(shelf, key) for key in (*mine, other)] == [False, False, False, True]


def test_those_that_follow_the_focal_point_go_when_it_moves(shelf: Shelf, image: ImageId):
    follows, does_not = key_of(image=image, follows_focus=True), key_of(image=image)
    keep(shelf, follows)
    keep(shelf, does_not)

    assert shelf.drop(PROJECT, image, focal_only=True) == 1

    assert not is_stored(shelf, follows)
    assert is_stored(shelf, does_not)


def test_a_drop_in_one_process_is_seen_by_another_that_has_served_it(open_shelf: OpenShelf, image: ImageId):
    one, other = open_shelf(), open_shelf()
    key = key_of(image=image)
    keep(one, key)
    assert is_stored(other, key)

    one.drop(PROJECT, image)

    assert not is_stored(other, key)


def test_a_render_that_ends_after_its_image_went_leaves_nothing(shelf: Shelf):
    key = key_of()
    with shelf.target() as file:
        file.write_bytes(b"pixels")
        with pytest.raises(Unwanted):
            shelf.keep(key, file, WEBP, lambda: False)
    with pytest.raises(Unwanted):
        shelf.keep_original(key, WEBP, lambda: False)

    assert not is_stored(shelf, key)
    assert shelf.stats().n == 0
    assert list(shelf._blobs.list("renditions")) == []


def test_a_look_that_fails_leaves_nothing_either(shelf: Shelf):
    def wanted() -> bool:
        raise Overloaded("busy")

    with shelf.target() as file:
        file.write_bytes(b"pixels")
        with pytest.raises(Overloaded):
            shelf.keep(key_of(), file, WEBP, wanted)

    assert shelf.stats().n == 0


def test_a_target_goes_unless_it_was_kept(shelf: Shelf):
    with shelf.target() as file:
        file.write_bytes(b"pixels")

    assert not file.exists()


def test_a_purge_takes_a_project_or_all(shelf: Shelf):
    other = ProjectId(new_id())
    ours, theirs = key_of(), key_of(project=other)
    keep(shelf, ours)
    keep(shelf, theirs)

    assert shelf.purge(other) == 1
    assert [is_stored(shelf, key) for key in (ours, theirs)] == [True, False]
    assert shelf.purge() == 1
    assert shelf.stats().n == 0


def test_figures_are_told_by_project(shelf: Shelf, clock):
    other = ProjectId(new_id())
    keep(shelf, key_of(), b"1234")
    clock.advance(60)
    keep(shelf, key_of("w=1"), b"12")
    keep(shelf, key_of(project=other), b"123")

    stats = shelf.stats()

    assert (stats.n, stats.size_bytes) == (3, 9)
    assert stats.projects == ((PROJECT, 2, 6), (other, 1, 3))
    assert 60_000 <= clock() - stats.oldest_use_ms < 90_000


def test_a_bucket_that_is_away_costs_the_place_and_not_the_file(tmp_path: Path, clock):
    dead = Blobs.open(
        "s3://none", staging=tmp_path / "s", timeout_s=1, retries=0, options={"endpoint": "http://127.0.0.1:9"}
    )
    shelf = open_on(tmp_path, dead, clock)
    with shelf.target() as file:
        file.write_bytes(b"pixels")
        assert shelf.keep(key_of(), file, WEBP, lambda: True) is None
        assert file.read_bytes() == b"pixels"
    assert found(shelf, key_of()) is None
    shelf.close()


def test_what_a_bucket_said_it_has_not_is_not_asked_again_at_once(in_bucket: OpenShelf):
    here, there = in_bucket("here"), in_bucket("there")
    key = key_of()
    assert not is_stored(here, key)
    assert here._in.is_absent(key)

    keep(here, key)
    assert is_stored(here, key)
    assert is_stored(there, key)


def test_rows_of_a_bucket_that_nobody_needs_are_forgotten(in_bucket: OpenShelf, clock):
    shelf = in_bucket()
    old, used = key_of(), key_of()
    keep(shelf, old)
    keep(shelf, used)
    clock.advance(6 * 86_400)
    assert is_stored(shelf, used)
    clock.advance(2 * 86_400)

    assert shelf.sweep() == 1

    assert shelf.stats().n == 1
    assert is_stored(shelf, old), "the bucket still has it"
