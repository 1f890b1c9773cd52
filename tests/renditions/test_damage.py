"""Half-written, damaged, lost: never served, and made again."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.renditions.shelves import WEBP, OpenShelf, bytes_of, files_of, found, keep, key_of

from atpix.renditions import Shelf

PIXELS = bytes(range(256)) * 20


def zeros_in_the_middle(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(1000)
        file.write(bytes(1000))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: os.truncate(path, 100),
    "longer": lambda path: path.write_bytes(PIXELS + b"more"),
    "zeros in the middle": zeros_in_the_middle,
    "gone": Path.unlink,
    "the folder is gone": lambda path: [each.unlink() for each in path.parent.iterdir()] and path.parent.rmdir(),
}


@pytest.fixture
def shelf(on_disk: OpenShelf) -> Shelf:
    return on_disk()


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("reader", ["new", "has served it"])
def test_a_damaged_file_is_not_served_but_made_again(
    on_disk: OpenShelf, tmp_path: Path, damage: Callable[[Path], object], reader: str
):
    writer, other = on_disk(), on_disk()
    key = key_of()
    path = keep(writer, key, PIXELS).path
    if reader == "has served it":
        assert found(other, key) is not None

    damage(path)

    assert found(other, key) is None
    assert found(writer, key) is None
    assert writer.stats().n == 0
    assert files_of(tmp_path) == []
    assert keep(other, key, PIXELS).path.read_bytes() == PIXELS
    assert found(writer, key) is not None


LOSS: dict[str, Callable[[Path], object]] = {
    "removed": lambda path: [path.with_name(path.name + end).unlink(missing_ok=True) for end in ("", "-wal", "-shm")],
    "garbage": lambda path: path.write_bytes(b"garbage" * 1000),
    "cut": lambda path: os.truncate(path, 5000),
}


@pytest.mark.parametrize("loss", LOSS.values(), ids=LOSS)
def test_an_index_that_is_lost_is_made_again_from_the_folder(
    on_disk: OpenShelf, tmp_path: Path, loss: Callable[[Path], object]
):
    before = on_disk()
    keys = [key_of() for _ in range(5)]
    kept = [keep(before, key, PIXELS) for key in keys]
    before.close()
    loss(tmp_path / "renditions.db")

    after = on_disk()

    assert [found(after, key) for key in keys] == kept
    assert (after.stats().n, after.stats().size_bytes) == (5, bytes_of(tmp_path))
    assert after.disagreement() == (0, 0)


def test_a_process_goes_on_when_the_index_is_lost_under_it(on_disk: OpenShelf, tmp_path: Path):
    one, other = on_disk(), on_disk()
    keys = [key_of() for _ in range(3)]
    keep(one, keys[0], PIXELS)
    found(other, keys[0])
    LOSS["removed"](tmp_path / "renditions.db")

    keep(one, keys[1], PIXELS)
    keep(other, keys[2], PIXELS)

    assert [found(one, key) is not None for key in keys] == [True] * 3
    assert one.stats() == other.stats()
    assert other.disagreement() == (0, 0)


def test_a_damaged_file_is_noticed_when_the_index_was_lost_too(on_disk: OpenShelf, tmp_path: Path):
    before = on_disk()
    key = key_of()
    path = keep(before, key, PIXELS).path
    before.close()
    (tmp_path / "renditions.db").unlink()
    zeros_in_the_middle(path)

    assert found(on_disk(), key) is None
    assert files_of(tmp_path) == []


def test_after_the_machine_was_off_files_and_rows_that_it_took_are_found(on_disk: OpenShelf, tmp_path: Path):
    """A power cut takes the index's last commits, or files, in any order."""
    before = on_disk(store="on the day before")
    kept, without_row, without_file = (key_of() for _ in range(3))
    for key in (kept, without_row, without_file):
        keep(before, key, PIXELS)
    stored = found(before, without_file)
    before.close()
    with sqlite3.connect(tmp_path / "renditions.db") as db:
        db.execute("DELETE FROM renditions WHERE digest = ?", (without_row.digest,))
    db.close()
    stored.path.unlink()

    after = on_disk()

    assert [found(after, key) is not None for key in (kept, without_row, without_file)] == [True, True, False]
    assert after.stats().size_bytes == bytes_of(tmp_path)


def test_a_lost_index_makes_no_room_for_more_than_the_budget(on_disk: OpenShelf, tmp_path: Path):
    before = on_disk()
    for _ in range(10):
        keep(before, key_of(), bytes(100))
    before.close()
    (tmp_path / "renditions.db").unlink()

    assert on_disk(budget_bytes=500).stats().size_bytes == bytes_of(tmp_path) == 500


def test_an_index_of_another_release_is_made_again(on_disk: OpenShelf, tmp_path: Path):
    before = on_disk()
    key = key_of()
    keep(before, key)
    before.close()
    with sqlite3.connect(tmp_path / "renditions.db") as db:
        db.execute("ALTER TABLE renditions ADD COLUMN mood TEXT")
        db.execute("PRAGMA user_version = 99")
    db.close()

    assert found(on_disk(), key) is not None


def test_a_disk_that_is_not_mounted_is_not_taken_for_an_empty_one(on_disk: OpenShelf, tmp_path: Path):
    before = on_disk(store="on the day before")
    key = key_of()
    keep(before, key)
    before.close()
    root = tmp_path / "blobs"
    after = on_disk()
    root.rename(tmp_path / "away")

    assert found(after, key) is None
    (tmp_path / "away").rename(root)

    assert found(after, key) is not None


def test_files_of_somebody_else_are_left_alone(on_disk: OpenShelf, tmp_path: Path):
    holiday = tmp_path / "blobs" / "renditions" / "holiday.jpg"
    holiday.parent.mkdir(parents=True)
    holiday.write_bytes(b"mine")
    shelf = on_disk(budget_bytes=10)

    keep(shelf, key_of(), bytes(10))
    keep(shelf, key_of(), bytes(10))

    assert holiday.read_bytes() == b"mine"
    assert shelf.stats().n == 1
    assert shelf.disagreement() == (0, 0)


def test_an_index_that_cannot_be_written_costs_the_place_and_not_the_file(on_disk: OpenShelf, tmp_path: Path):
    """A folder stands where the file belongs; chmod does not stop root."""
    (tmp_path / "renditions.db").mkdir()
    shelf = on_disk()
    with shelf.target() as file:
        file.write_bytes(PIXELS)
        assert shelf.keep(key_of(), file, WEBP, lambda: True) is None
        assert file.read_bytes() == PIXELS
    assert found(shelf, key_of()) is None
    assert shelf.claim_place(key_of(), most_of_image=1, most_a_minute=1) is None
    assert files_of(tmp_path) == []
