"""Renditions in a bucket, found by their key alone: nothing is listed but to drop an image's.

What this machine remembers in its index spares it a question; what another machine has made is found by asking. A row
may outlive its object (an image that was deleted over there): look-ups of the image come first, so nobody sees it, and
it goes when it was not used for a week, or when there are too many.
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from atpix.blobs import Blobs
from atpix.failpoints import Failpoint
from atpix.ids import RENDITIONS, BlobKey, ImageId, ProjectId, rendition_folder
from atpix.renditions import index, keys, places
from atpix.renditions.folder import media_type_of
from atpix.renditions.index import Index, Row
from atpix.renditions.keys import Key
from atpix.renditions.stored import FAULTS, Disagreement, Facts, Stored

log = structlog.get_logger("atpix.renditions")

_ABSENT_FOR_S = 2.0
_MOST_ABSENT = 10_000
_MOST_ROWS = 100_000
_UNUSED_MS = 7 * 86_400_000


class Bucket:
    """`index` is set before anything is asked. Objects of no bytes say that the original is the best answer."""

    index: Index
    budget_bytes: int | None = None

    def __init__(self, blobs: Blobs, now: Callable[[], int], failpoint: Failpoint) -> None:
        self._blobs = blobs
        self._now = now
        self._failpoint = failpoint
        self._absent: dict[str, float] = {}

    def at_hand(self, key: Key) -> Stored | None:
        """From the index, in microseconds."""
        if not self.index.is_open:
            return None
        try:
            row = self.index.get(key.digest)
        except FAULTS:
            return None
        return None if row is None else _stored(key, row)

    def is_absent(self, key: Key) -> bool:
        """The bucket said so a moment ago. Whoever waits for a render must not ask again and again."""
        return self._absent.get(key.digest, 0.0) > time.monotonic()

    def look(self, key: Key) -> Stored | None:
        """What this machine does not know the bucket may."""
        try:
            if (row := self.index.get(key.digest)) is not None:
                return _stored(key, row)
            size = self._blobs.size(key.blob_key)
            if size is not None:
                return self._noted(key, Facts(media_type=media_type_of(key.output)), size)
        except FAULTS as error:
            log.warning("renditions_unreachable", reason=str(error))
            return None
        if len(self._absent) >= _MOST_ABSENT:
            self._absent.clear()
        self._absent[key.digest] = time.monotonic() + _ABSENT_FOR_S
        return None

    def keep(self, key: Key, file: Path, facts: Facts) -> Stored | None:
        """The file stays the caller's."""
        return self._put(key, file, facts)

    def keep_original(self, key: Key, facts: Facts) -> Stored | None:
        return self._put(key, b"", facts)

    def _put(self, key: Key, body: Path | bytes, facts: Facts) -> Stored | None:
        try:
            size = body.stat().st_size if isinstance(body, Path) else 0
            self._blobs.overwrite(key.blob_key, body)
        except FAULTS as error:
            log.warning("rendition_not_kept", key=key.blob_key, reason=str(error))
            return None
        self._failpoint("rendition.kept")
        self._absent.pop(key.digest, None)
        return self._noted(key, facts, size)

    def _noted(self, key: Key, facts: Facts, size: int) -> Stored:
        row = index.row_of(key, key.blob_key, facts, self._now(), size=size, kept=True, is_original=size == 0)
        try:
            with self.index.turn() as db:
                index.insert(db, row)
        except FAULTS as error:
            log.warning("index_unusable", reason=str(error))
        return _stored(key, row)

    def discard(self, key: Key) -> None:
        self._blobs.delete(key.blob_key)
        with self.index.turn() as db:
            index.delete(db, key.digest)

    def drop(self, project: ProjectId, image: ImageId, *, focal_only: bool) -> int:
        self._delete_below(rendition_folder(project, image, focal_only=focal_only))
        self._failpoint("rendition.dropped")
        with self.index.turn() as db:
            rows = index.of_image(db, project, image, focal_only=focal_only)
            for row in rows:
                index.delete(db, row.digest)
            places.no_longer_of(db, project, image)
        return len(rows)

    def purge(self, project: ProjectId | None) -> int:
        count = self._delete_below(BlobKey(f"{RENDITIONS}/{project}" if project else RENDITIONS))
        with self.index.turn() as db:
            condition, values = ("project = ?", (project,)) if project else ("true", ())
            db.execute(f"DELETE FROM renditions WHERE {condition}", values)  # noqa: S608
        return count

    def _delete_below(self, prefix: BlobKey) -> int:
        count = 0
        for info in self._blobs.list(prefix):
            if keys.read(info.key) is not None:
                self._blobs.delete(info.key)
                count += 1
        return count

    def reconcile(self, db: sqlite3.Connection) -> Disagreement:
        """Of another bucket, or of none."""
        db.execute("DELETE FROM renditions")
        return Disagreement(0, 0)

    def disagreement(self, _db: sqlite3.Connection) -> Disagreement:
        return Disagreement(0, 0)

    def forget_old(self, db: sqlite3.Connection) -> int:
        before = index.totals(db)[0]
        db.execute("DELETE FROM renditions WHERE used_at < ?", (self._now() - _UNUSED_MS,))
        beyond = "SELECT digest FROM renditions ORDER BY used_at DESC LIMIT -1 OFFSET ?"
        db.execute(f"DELETE FROM renditions WHERE digest IN ({beyond})", (_MOST_ROWS,))  # noqa: S608
        return before - index.totals(db)[0]


def _stored(key: Key, row: Row) -> Stored:
    return Stored(
        path=None,
        blob_key=row.name,
        size=row.size,
        etag=key.etag,
        facts=msgspec.json.decode(row.facts, type=Facts),
        is_original=bool(row.is_original),
    )
