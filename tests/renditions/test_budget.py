"""The byte budget holds at every moment, over all processes, and those that are asked for stay."""

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

from tests.renditions.shelves import WEBP, OpenShelf, bytes_of, files_of, found, keep, key_of

from atpix.ids import ImageId
from atpix.renditions import index

KEEPS = """
    import sys, time
    from pathlib import Path
    from tests.renditions.shelves import keep, key_of, open_on

    folder, image, first, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    shelf = open_on(folder, f"file://{folder / 'blobs'}", lambda: time.time_ns() // 1_000_000, 50_000)
    kept = sum(keep(shelf, key_of(f"w={n}", image=image), bytes(500 + n % 1500)) is not None
               for n in range(first, first + count))
    shelf.close()
    print(kept)
"""


def keeping(folder: Path, image: ImageId, first: int, count: int) -> subprocess.Popen:
    script = [sys.executable, "-c", textwrap.dedent(KEEPS), str(folder), image, str(first), str(count)]
    return subprocess.Popen(script, stdout=subprocess.PIPE, text=True)


class Watch:
    """Looks at the folder as often as it can."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stop = threading.Event()
        self.most_bytes = 0
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._stop.is_set():
            self.most_bytes = max(self.most_bytes, bytes_of(self._folder))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_it_holds_while_three_processes_keep_600_different_renditions_of_one_image(
    tmp_path: Path, image: ImageId, on_disk: OpenShelf
):
    with Watch(tmp_path) as watch:
        processes = [keeping(tmp_path, image, first, 200) for first in (0, 200, 400)]
        kept = [int(process.communicate(timeout=60)[0]) for process in processes]

    assert kept == [200] * 3
    assert 40_000 < watch.most_bytes <= 50_000
    shelf = on_disk(budget_bytes=50_000)
    assert shelf.stats().size_bytes == bytes_of(tmp_path) <= 50_000
    assert shelf.disagreement() == (0, 0)


def test_10_000_different_renditions_of_one_image_never_weigh_more(image: ImageId, on_disk: OpenShelf):
    """By what the index counts, after each of them: files are the test's above."""
    shelf = on_disk(budget_bytes=20_000)
    most_bytes = 0
    with shelf._index.turn() as db:
        for number in range(10_000):
            key = key_of(f"w={number}", image=image)
            row = index.row_of(key, key.file_key(0, 1, 1), WEBP, number, size=100 + number % 7, kept=True)
            assert shelf._in._folder.reserve(db, row, number)
            most_bytes = max(most_bytes, index.totals(db)[1])

    assert most_bytes <= 20_000
    assert 190 <= shelf.stats().n <= 200


def test_the_least_recently_used_goes_first(on_disk: OpenShelf, clock):
    shelf = on_disk(budget_bytes=30)
    first, second, third, fourth = (key_of() for _ in range(4))
    for key in (first, second, third):
        keep(shelf, key, bytes(10))
        clock.advance(1)
    assert found(shelf, first) is not None
    shelf.flush()

    keep(shelf, fourth, bytes(10))

    assert [found(shelf, key) is not None for key in (first, second, third, fourth)] == [True, False, True, True]


def test_what_another_process_uses_stays_as_well(on_disk: OpenShelf, clock):
    one, other = on_disk(budget_bytes=20), on_disk(budget_bytes=20)
    old, young, new = (key_of() for _ in range(3))
    keep(one, old, bytes(10))
    clock.advance(1)
    keep(one, young, bytes(10))
    clock.advance(1)
    found(other, old)
    other.flush()

    keep(one, new, bytes(10))

    assert [found(one, key) is not None for key in (old, young, new)] == [True, False, True]


def test_what_is_larger_than_the_budget_is_not_kept_and_evicts_nothing(on_disk: OpenShelf):
    shelf = on_disk(budget_bytes=30)
    small, large = key_of(), key_of()
    keep(shelf, small, bytes(30))

    assert keep(shelf, large, bytes(31)) is None

    assert found(shelf, small) is not None
    assert found(shelf, large) is None


def test_no_budget_keeps_nothing(tmp_path: Path, on_disk: OpenShelf):
    assert keep(on_disk(budget_bytes=0), key_of()) is None
    assert files_of(tmp_path) == []


def test_a_smaller_budget_holds_from_the_next_start_of_the_machine_or_the_next_rendition(
    tmp_path: Path, on_disk: OpenShelf
):
    before = on_disk()
    for _ in range(10):
        keep(before, key_of(), bytes(10))

    keep(on_disk(budget_bytes=50), key_of(), bytes(10))

    assert bytes_of(tmp_path) == 50


def test_empty_folders_go_with_what_was_in_them(tmp_path: Path, on_disk: OpenShelf):
    shelf = on_disk(budget_bytes=10)
    for _ in range(3):
        keep(shelf, key_of(), bytes(10))

    folders = [path for path in (tmp_path / "blobs" / "renditions").rglob("*") if path.is_dir()]
    assert len(folders) == 4  # project, two digits, image, part
