"""Killed at every moment of keeping and dropping: nothing half-visible, nothing uncounted, and it can be done again."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tests.renditions.shelves import PROJECT, OpenShelf, bytes_of, files_of, found, keep, key_of

from atpix.ids import ImageId
from atpix.renditions import Key, Shelf

DIES = """
    import sys, time
    from pathlib import Path
    from atpix.failpoints import failpoint
    from tests.renditions.shelves import keep, key_of, open_on

    folder, project, image, point = Path(sys.argv[1]), *sys.argv[2:5]
    shelf = open_on(folder, f"file://{folder / 'blobs'}", lambda: time.time_ns() // 1_000_000, 100,
                    failpoint=failpoint(point))
    if point == "rendition.dropped":
        shelf.drop(project, image)
    keep(shelf, key_of("w=2", image=image, project=project), bytes(60))
"""


def dies(folder: Path, image: ImageId, point: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(DIES), str(folder), PROJECT, image, point]
    assert subprocess.run(command, check=False, timeout=60).returncode == -9


@pytest.fixture
def shelf(on_disk: OpenShelf) -> Shelf:
    """With room for one of them at a time."""
    return on_disk(budget_bytes=100)


@pytest.fixture
def old(image: ImageId) -> Key:
    return key_of("w=1", image=image)


@pytest.fixture
def new(image: ImageId) -> Key:
    return key_of("w=2", image=image)


@pytest.mark.parametrize("point", ["rendition.reserved", "rendition.renamed", "rendition.kept"])
def test_a_kill_while_keeping(tmp_path: Path, shelf: Shelf, image: ImageId, old: Key, new: Key, point: str):
    keep(shelf, old, bytes(60))

    dies(tmp_path, image, point)

    assert (found(shelf, new) is not None) is (point == "rendition.kept")
    assert found(shelf, old) is None, "it had to make room"
    assert bytes_of(tmp_path) <= shelf.stats().size_bytes <= 100
    assert keep(shelf, new, bytes(60)).path.read_bytes() == bytes(60)
    assert shelf.stats().size_bytes == bytes_of(tmp_path) == 60


@pytest.mark.parametrize("point", ["rendition.reserved", "rendition.renamed"])
def test_room_that_a_dead_process_reserved_is_room_again_after_a_while(
    tmp_path: Path, shelf: Shelf, image: ImageId, old: Key, clock, point: str
):
    dies(tmp_path, image, point)
    assert keep(shelf, old, bytes(60)) is None
    clock.advance(601)

    assert shelf.sweep() == 1

    assert files_of(tmp_path) == []
    assert shelf.disagreement() == (0, 0)
    assert keep(shelf, old, bytes(60)) is not None


def test_a_kill_while_dropping(tmp_path: Path, shelf: Shelf, image: ImageId, old: Key):
    keep(shelf, old, bytes(60))

    dies(tmp_path, image, "rendition.dropped")

    assert found(shelf, old) is None
    shelf.drop(PROJECT, image)
    assert (shelf.stats().n, files_of(tmp_path)) == (0, [])
    assert shelf.disagreement() == (0, 0)
