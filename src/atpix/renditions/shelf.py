"""The shelf of renditions: look, take the turn to make one, keep it, drop what belongs to an image.

Bytes lie on this machine's disk under a budget (`disk.py`), or in a bucket without one; what this machine knows of them
stands in the index (`index.py`). A cache: whatever goes wrong here costs a render, and never an answer.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Self

import structlog

from atpix.blobs import Blobs
from atpix.errors import Overloaded
from atpix.failpoints import Failpoint
from atpix.ids import RENDITIONS, BlobKey, ImageId, ProjectId
from atpix.renditions import index, places
from atpix.renditions.bucket import Bucket
from atpix.renditions.disk import Disk
from atpix.renditions.index import Index
from atpix.renditions.keys import Key
from atpix.renditions.locks import Locks
from atpix.renditions.places import Place
from atpix.renditions.stored import FAULTS, Disagreement, Facts, ProjectStats, Stats, Stored, Unwanted

log = structlog.get_logger("atpix.renditions")

_POLL_S = (0.005, 0.05)
_FLUSH_EVERY_S = 5.0


class Shelf:
    """One a process. `find` and `alone` are for the event loop; all else blocks and is for threads."""

    def __init__(
        self, blobs: Blobs, kept_in: Disk | Bucket, known: Index, locks: Locks, now: Callable[[], int]
    ) -> None:
        self._blobs = blobs
        self._in = kept_in
        self._index = known
        self._locks = locks
        self._now = now
        self._used: dict[str, int] = {}
        self._flush_at_s = 0.0

    @classmethod
    def open(
        cls,
        blobs: Blobs,
        *,
        data: Path,
        store: str,
        budget_bytes: int,
        now: Callable[[], int],
        failpoint: Failpoint,
    ) -> Self:
        """Nothing is touched yet. `data` is a folder of this machine's, `store` the address that `blobs` was opened at.

        The budget counts on a disk only; lifecycle rules for the prefix `renditions/` are a bucket's own.
        """
        folder = blobs.local_path(BlobKey(RENDITIONS))
        kept_in = Disk(folder.parent, budget_bytes, now, failpoint) if folder else Bucket(blobs, now, failpoint)
        known = Index(data / "renditions.db", _state(store), kept_in.reconcile)
        kept_in.index = known
        return cls(blobs, kept_in, known, Locks(data / "renditions.lock"), now)

    def close(self) -> None:
        self.flush()
        self._index.close()
        self._locks.close()

    async def find(self, key: Key) -> Stored | None:
        """Sound bytes, or nothing. What this process has served before costs a `stat`; what it has not, a thread."""
        stored = self._in.at_hand(key)
        if stored is None and not self._in.is_absent(key):
            stored = await asyncio.to_thread(self._in.look, key)
        if stored is not None:
            self._used[key.digest] = self._now()
            self._flush_in_time()
        return stored

    @asynccontextmanager
    async def alone(self, key: Key, *, within_s: float) -> AsyncIterator[Stored | None]:
        """The turn to make this rendition, among the processes of this machine and the callers in each.

        Gives what is on the shelf once it is our turn, or as soon as somebody else has put it there: then it need not
        be made. Raises Overloaded when neither happens in time.
        """
        deadline_s, pause_s = time.monotonic() + within_s, _POLL_S[0]
        while not self._taken(key):
            if (found := await self.find(key)) is not None:
                yield found
                return
            if time.monotonic() >= deadline_s:
                raise Overloaded("This rendition is being made; try again in a moment.")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _POLL_S[1])
        try:
            yield await self.find(key)
        finally:
            self._locks.let_go(key.digest)

    def _taken(self, key: Key) -> bool:
        try:
            return self._locks.take(key.digest)
        except OSError as error:  # no lock file: two processes may make the same, nothing worse
            log.warning("no_render_locks", reason=str(error))
            return True

    @contextmanager
    def target(self) -> Iterator[Path]:
        """A file to render into, beside the store's own. It goes at the end, unless it was kept.

        Raises StorageFull, StorageUnavailable.
        """
        with self._blobs.stage() as staged:
            yield staged.path

    def keep(self, key: Key, file: Path, facts: Facts, wanted: Callable[[], bool]) -> Stored | None:
        """None: there is no room for it, and the file is the caller's still, to answer with once.

        `wanted` looks, after the bytes have their place, whether the image is there still and its focal point where it
        was: a deletion that comes later than this look drops them. Raises Unwanted, and what `wanted` raises.
        """
        return self._unless_unwanted(key, self._in.keep(key, file, facts), wanted)

    def keep_original(self, key: Key, facts: Facts, wanted: Callable[[], bool]) -> Stored | None:
        """Remember that the original is the best answer."""
        return self._unless_unwanted(key, self._in.keep_original(key, facts), wanted)

    def _unless_unwanted(self, key: Key, stored: Stored | None, wanted: Callable[[], bool]) -> Stored | None:
        is_wanted = False
        try:
            is_wanted = wanted()
        finally:
            if not is_wanted and stored is not None:
                self.discard(key)
        if not is_wanted:
            raise Unwanted
        return stored

    def discard(self, key: Key) -> None:
        """Only this one: it was found damaged, or is not wanted."""
        try:
            self._in.discard(key)
        except FAULTS as error:
            log.warning("rendition_left_over", key=key.blob_key, reason=str(error))

    def drop(self, project: ProjectId, image: ImageId, *, focal_only: bool = False) -> int:
        """All of an image, or those that follow its focal point. Safe to repeat. Returns how many were known.

        Raises StorageUnavailable, Overloaded, sqlite3.Error.
        """
        return self._in.drop(project, image, focal_only=focal_only)

    def purge(self, project: ProjectId | None = None) -> int:
        """All of a project, or all. Raises as `drop` does."""
        return self._in.purge(project)

    def claim_place(self, key: Key, *, most_of_image: int | None, most_a_minute: int | None) -> Place | None:
        """Before a new rendition is made: may it be? Exact over all processes of this machine.

        `most_a_minute` counts those of the project. Hand the place to `give_back` if nothing was made. None: the index
        cannot be asked, and renders go on without a budget. Raises BudgetSpent.
        """
        try:
            with self._index.turn() as db:
                return places.claim(db, key, self._now(), most_of_image=most_of_image, most_a_minute=most_a_minute)
        except FAULTS as error:
            log.warning("index_unusable", reason=str(error))
            return None

    def give_back(self, place: Place | None) -> None:
        if place is not None:
            with _never_failing(), self._index.turn() as db:
                places.give_back(db, place)

    def made(self, project: ProjectId, image: ImageId) -> int:
        """How many renditions an image has, those that are being made among them."""
        return places.of_image(self._index, project, image, self._now())

    def made_since(self, project: ProjectId, since_ms: int, image: ImageId | None = None) -> int:
        return places.since(self._index, project, since_ms, image)

    def stats(self) -> Stats:
        rows = self._index.read("SELECT project, n, bytes FROM totals ORDER BY bytes DESC, project")
        ((oldest,),) = self._index.read("SELECT min(used_at) FROM renditions")
        projects = tuple(ProjectStats(*row) for row in rows)
        return Stats(
            sum(each.n for each in projects),
            sum(each.size_bytes for each in projects),
            self._in.budget_bytes,
            oldest,
            projects,
        )

    def disagreement(self) -> Disagreement:
        """Between index and folder, for the doctor; a bucket has none."""
        with self._index.turn() as db:
            return self._in.disagreement(db)

    def reconcile(self) -> Disagreement:
        with self._index.turn() as db:
            return self._in.reconcile(db)

    def sweep(self) -> int:
        """From time to time: write down what was used, forget what nobody needs to know. Returns how many."""
        self.flush()
        with self._index.turn() as db:
            places.forget_old(db, self._now())
            return self._in.forget_old(db)

    def flush(self) -> None:
        """Uses are written down late and together, so that a hit costs no write."""
        if not self._used:
            return
        used, self._used = self._used, {}
        with _never_failing(), self._index.turn() as db:
            index.use(db, used)

    def _flush_in_time(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._flush_at_s:
            self._flush_at_s = now_s + _FLUSH_EVERY_S
            asyncio.get_running_loop().run_in_executor(None, self.flush)


@contextmanager
def _never_failing() -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        log.warning("index_unusable", reason=str(error))


def _state(store: str) -> str:
    """The store, since this machine was switched on: what a power cut took is looked for after it."""
    boot = ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return hashlib.sha256(f"{store} {boot}".encode()).hexdigest()  # the address may hold the keys of a bucket
