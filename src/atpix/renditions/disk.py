"""Renditions on this machine's disk. The index is asked what there is, and the files whether it is right."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from atpix.failpoints import Failpoint
from atpix.ids import RENDITIONS, BlobKey, ImageId, ProjectId, rendition_folder
from atpix.renditions import index, places
from atpix.renditions.folder import Folder, checksum
from atpix.renditions.index import Index, Row
from atpix.renditions.keys import Key
from atpix.renditions.stored import FAULTS, Disagreement, Facts, Stored

log = structlog.get_logger("atpix.renditions")

_REMEMBERED = 20_000

Seen = tuple[int, int, int]


class Disk:
    """`index` is set before anything is asked."""

    index: Index

    def __init__(self, root: Path, budget_bytes: int, now: Callable[[], int], failpoint: Failpoint) -> None:
        self.budget_bytes: int | None = budget_bytes
        self._folder = Folder(root, budget_bytes)
        self._now = now
        self._failpoint = failpoint
        self._sound: dict[str, tuple[Stored, Seen]] = {}

    def at_hand(self, key: Key) -> Stored | None:
        """What this process has read whole before, or has written, and what nobody has touched since."""
        if (known := self._sound.get(key.digest)) is None:
            return self._original(key)
        stored, seen = known
        if stored.path is None or _seen(stored.path) != seen:
            self._sound.pop(key.digest, None)
            return None
        return stored

    def _original(self, key: Key) -> Stored | None:
        """There is no file to look at."""
        with suppress(*FAULTS):
            row = self.index.get(key.digest) if self.index.is_open else None
            if row is not None and row.is_original:
                return self._stored(key, row)
        return None

    def is_absent(self, key: Key) -> bool:
        """Microseconds, and never a file."""
        try:
            return self.index.is_open and self.index.get(key.digest) is None
        except FAULTS:
            return False

    def look(self, key: Key) -> Stored | None:
        """Read from its first byte to its last; what is not as it was written is dropped."""
        try:
            row = self.index.get(key.digest)
            if row is None or row.is_original:
                return None if row is None else self._stored(key, row)
            if self._folder.is_whole(row):
                return self._remembered(key, row)
            log.warning("rendition_damaged", key=row.name)
            self._remove(row)
        except FAULTS as error:
            log.warning("index_unusable", reason=str(error))
        return None

    def keep(self, key: Key, file: Path, facts: Facts) -> Stored | None:
        row: Row | None = None
        try:
            size, crc = checksum(file)
            name = key.file_key(crc, facts.width or 0, facts.height or 0)
            row = index.row_of(key, name, facts, self._now(), size=size, kept=False)
            with self.index.turn() as db:
                if not self._folder.reserve(db, row, self._now()):
                    return None
            self._failpoint("rendition.reserved")
            with self.index.turn() as db:
                if not index.settle(db, row):
                    return None
                self._folder.publish(file, name)
                self._failpoint("rendition.renamed")
        except FAULTS as error:
            log.warning("rendition_not_kept", key=key.blob_key, reason=str(error))
            if row is not None:
                with suppress(*FAULTS):
                    self._folder.take_back(row.name, file)
                    self._remove(row)
            return None
        self._failpoint("rendition.kept")
        return self._remembered(key, row)

    def keep_original(self, key: Key, facts: Facts) -> Stored | None:
        row = index.row_of(key, key.blob_key, facts, self._now(), size=0, kept=True, is_original=True)
        try:
            with self.index.turn() as db:
                if not self._folder.reserve(db, row, self._now()):
                    return None
        except FAULTS as error:
            log.warning("rendition_not_kept", key=key.blob_key, reason=str(error))
            return None
        return self._stored(key, row)

    def discard(self, key: Key) -> None:
        with self.index.turn() as db:
            for row in index.select(db, "digest = ?", key.digest):
                self._folder.remove(db, row)

    def _remove(self, row: Row) -> None:
        """The row, unless another took its place meanwhile."""
        with self.index.turn() as db:
            for found in index.select(db, "digest = ? AND name = ? AND made_at = ?", row.digest, row.name, row.made_at):
                self._folder.remove(db, found)

    def drop(self, project: ProjectId, image: ImageId, *, focal_only: bool) -> int:
        with self.index.turn() as db:
            rows = index.of_image(db, project, image, focal_only=focal_only)
            for row in rows:
                index.delete(db, row.digest)
            places.no_longer_of(db, project, image)
            self._folder.remove_folder(rendition_folder(project, image, focal_only=focal_only))
            self._failpoint("rendition.dropped")
        return len(rows)

    def purge(self, project: ProjectId | None) -> int:
        with self.index.turn() as db:
            condition, values = ("project = ?", (project,)) if project else ("true", ())
            count = db.execute(f"DELETE FROM renditions WHERE {condition}", values).rowcount  # noqa: S608
            self._folder.remove_folder(BlobKey(f"{RENDITIONS}/{project}" if project else RENDITIONS))
        return count

    def reconcile(self, db: sqlite3.Connection) -> Disagreement:
        return self._folder.reconcile(db, self._now())

    def disagreement(self, db: sqlite3.Connection) -> Disagreement:
        return self._folder.disagreement(db, self._now())

    def forget_old(self, db: sqlite3.Connection) -> int:
        """Room that was reserved by those who died since."""
        return self._folder.end_reservations(db, self._now())

    def _stored(self, key: Key, row: Row) -> Stored:
        return Stored(
            path=None if row.is_original else self._folder.path(row.name),
            blob_key=row.name,
            size=row.size,
            etag=key.etag,
            facts=msgspec.json.decode(row.facts, type=Facts),
            is_original=bool(row.is_original),
        )

    def _remembered(self, key: Key, row: Row) -> Stored:
        stored = self._stored(key, row)
        if stored.path is not None and (seen := _seen(stored.path)) is not None:
            if len(self._sound) >= _REMEMBERED:
                self._sound.pop(next(iter(self._sound)), None)
            self._sound[key.digest] = (stored, seen)
        return stored


def _seen(path: Path) -> Seen | None:
    try:
        info = os.stat(path)  # noqa: PTH116  a third of the time of Path.stat, on each hit
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino
