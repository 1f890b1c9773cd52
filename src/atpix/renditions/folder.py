"""The folder of renditions and the index of it: what is in the one is counted in the other.

Room is reserved in the index before a file gets its name: a crash leaves at most room that is counted and not used,
never bytes that nobody counts. Whoever changes the folder has the index's turn.
"""

import os
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from atpix.blobs.faults import translated, unavailable
from atpix.ids import RENDITIONS, BlobKey
from atpix.renditions import index, keys
from atpix.renditions.index import Row
from atpix.renditions.stored import Disagreement, Facts

STALE_MS = 600_000
"""After this time whoever reserved room is dead."""
_MOST_ROWS = 200_000
_BATCH = 64
_CHUNK_BYTES = 2**20
_MEDIA_TYPES = {"json": "application/json", "thumbhash": "text/plain", "blurhash": "text/plain", "lqip": "image/webp"}


def media_type_of(output: str) -> str:
    """For what is known by its name alone."""
    return _MEDIA_TYPES.get(output, f"image/{output}")


def checksum(path: Path) -> tuple[int, int]:
    """Size and CRC-32, which finds what a power cut leaves; it guards against nobody. Raises OSError."""
    size, crc = 0, 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
    return size, crc


class Folder:
    """`root` is the store's. What takes a connection runs within the index's turn."""

    def __init__(self, root: Path, budget_bytes: int) -> None:
        self.root = root
        self.budget_bytes = budget_bytes

    def path(self, name: str) -> Path:
        return self.root / name

    def is_whole(self, row: Row) -> bool:
        """Read from its first byte to its last."""
        named = keys.read(row.name)
        try:
            return named is not None and checksum(self.path(row.name)) == (row.size, named.checksum)
        except OSError:
            return False

    def reserve(self, db: sqlite3.Connection, row: Row, now: int) -> bool:
        """Room for it, at the cost of those that were not used for longest. False: there is none."""
        if row.size > self.budget_bytes:
            return False
        for old in index.select(db, "digest = ?", row.digest):
            self.remove(db, old)
        if not self.make_room(db, row.size, now):
            return False
        index.insert(db, row)
        return True

    def make_room(self, db: sqlite3.Connection, size: int, now: int) -> bool:
        count, held = index.totals(db)
        while held + size > self.budget_bytes or count >= _MOST_ROWS:
            coldest = "kept OR made_at < ? ORDER BY used_at LIMIT ?"
            rows = index.select(db, coldest, now - STALE_MS, _BATCH)
            if not rows:
                return False
            for row in rows:
                self.remove(db, row)
                count, held = count - 1, held - row.size
                if held + size <= self.budget_bytes and count < _MOST_ROWS:
                    break
        return True

    def remove(self, db: sqlite3.Connection, row: Row) -> None:
        """The file first: until the commit its room counts. Raises StorageUnavailable."""
        if not row.is_original:
            with translated():
                self.path(row.name).unlink(missing_ok=True)
            self._remove_empty(self.path(row.name).parent)
        index.delete(db, row.digest)

    def end_reservations(self, db: sqlite3.Connection, now: int) -> int:
        """Of those who died before their file had its name, or before they could say so. Returns how many."""
        rows = index.select(db, "NOT kept AND made_at < ?", now - STALE_MS)
        for row in rows:
            self.remove(db, row)
        return len(rows)

    def publish(self, file: Path, name: BlobKey) -> None:
        """Raises OSError; the file is the caller's still."""
        final = self.path(name)
        try:
            file.replace(final)
        except FileNotFoundError:
            final.parent.mkdir(parents=True, exist_ok=True)
            file.replace(final)

    def take_back(self, name: BlobKey, file: Path) -> None:
        """The commit failed after `publish`: the file is the caller's again. Raises OSError."""
        if not file.exists():
            self.path(name).replace(file)

    def remove_folder(self, folder: BlobKey) -> None:
        """With all that is in it, counted or not. Raises StorageUnavailable."""
        with translated(), suppress(FileNotFoundError):
            shutil.rmtree(self.path(folder))
        self._remove_empty(self.path(folder).parent)

    def _remove_empty(self, folder: Path) -> None:
        while folder != self.root:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return
            folder = folder.parent

    def reconcile(self, db: sqlite3.Connection, now: int) -> Disagreement:
        """Let the index say what is there. Strangers in the folder are left alone: the doctor tells of them.

        Raises StorageUnavailable.
        """
        there = dict(self._files())
        uncounted = vanished = 0
        for row in index.select(db, "NOT is_original"):
            if row.kept and there.get(row.name, (-1, 0))[0] == row.size:
                del there[row.name]
            elif row.kept or row.made_at < now - STALE_MS:
                vanished += 1
                index.delete(db, row.digest)
            else:
                there.pop(row.name, None)
        for name, (size, modified_ms) in there.items():
            if (found := _row_from(BlobKey(name), size, modified_ms)) is not None:
                uncounted += 1
                for other in index.select(db, "digest = ?", found.digest):
                    self.remove(db, other)
                index.insert(db, found)
        self.make_room(db, 0, now)
        return Disagreement(uncounted, vanished)

    def disagreement(self, db: sqlite3.Connection, now: int) -> Disagreement:
        """What `reconcile` would change, nothing changed. Raises StorageUnavailable."""
        there = {name: size for name, (size, _) in self._files() if _row_from(BlobKey(name), size, 0)}
        vanished = 0
        for row in index.select(db, "NOT is_original"):
            is_there = there.pop(row.name, None) == row.size
            vanished += not is_there and (bool(row.kept) or row.made_at < now - STALE_MS)
        return Disagreement(len(there), vanished)

    def _files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Names from the root on, with their size and time in Unix milliseconds.

        Raises StorageUnavailable: an empty place where a disk is mounted otherwise says nothing.
        """
        if not self.root.is_dir():
            raise unavailable()
        for folder, _, files in os.walk(self.root / RENDITIONS):
            for file in files:
                path = Path(folder, file)
                with suppress(FileNotFoundError):
                    info = path.stat()
                    yield path.relative_to(self.root).as_posix(), (info.st_size, int(info.st_mtime * 1000))


def _row_from(name: BlobKey, size: int, modified_ms: int) -> Row | None:
    """What its name tells of a file whose row was lost. Its content is looked at when it is first asked for."""
    named = keys.read(name)
    if named is None or named.checksum is None:
        return None
    facts = Facts(media_type=media_type_of(named.key.output), width=named.width or None, height=named.height or None)
    return index.row_of(named.key, name, facts, modified_ms, size=size, kept=True)
