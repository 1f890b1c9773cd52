"""Blobs: image bytes by key, on obstore. Disk, memory, S3, GCS and Azure differ by URL only."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from atpix.blobs import disk, opening, reading, staging
from atpix.blobs.faults import translated, unavailable
from atpix.blobs.reading import BlobStream
from atpix.blobs.staging import StagedFile
from atpix.errors import StorageUnavailable
from atpix.ids import BlobKey

if TYPE_CHECKING:  # obstore has it for type checkers only
    from obstore.store import ObjectStore

# What every store and every file system keeps as it is; no segment begins with a dot, so `..` and `.staging`
# are no keys.
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._=,-]{0,199}(?:/[A-Za-z0-9_-][A-Za-z0-9._=,-]{0,199})*", re.ASCII)
_KEY_BYTES = 900  # S3 takes 1,024 with the prefix

_PART_BYTES = 5 * 2**20  # S3's least size of a part
_PARTS_AT_ONCE = 4  # with the size above: the memory of one upload


class BlobInfo(NamedTuple):
    key: BlobKey
    size: int
    modified_ms: int


class Blobs:
    """Every method may raise StorageUnavailable, and those that write StorageFull.

    A key is written once. A wrong key is our own mistake (ValueError), as is writing one twice (FileExistsError).
    Open it in the process that uses it: obstore's threads do not survive a fork.
    """

    def __init__(self, store: "ObjectStore", staging_folder: Path, root: Path | None = None) -> None:
        self._store = store
        self._staging = staging_folder
        self._root = root

    @classmethod
    def open(
        cls,
        url: str,
        *,
        timeout_s: float = 20,
        retries: int = 3,
        staging: Path | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Self:
        """A folder (plain, or `file://` and then the path as it is), `memory://`, `s3://bucket/prefix`, `gs://…`, `az://…`.

        `timeout_s` is how long a server may be silent, to each of `retries` + 1 attempts. One request carries up to
        5 MiB, so it is also how long that much may take to send. `options` are obstore's for S3: `access_key_id`,
        `secret_access_key`, `endpoint`, `region`; empty ones count as not given. `staging` is used by all but folders.
        Raises ValueError, with a sentence for the operator, when the URL or a folder cannot be used.
        """
        if "://" not in url or url.startswith("file://"):
            return cls._open_folder(Path(url.removeprefix("file://")).absolute())
        store = opening.bucket(url, options or {}, timeout_s=timeout_s, retries=retries)
        return cls(store, _made(staging or _own_temporary_folder()))

    @classmethod
    def _open_folder(cls, root: Path) -> Self:
        """Uploads are staged inside, on the same file system, so that storing one is giving it a name."""
        staging_folder = _made(root / disk.STAGING)
        return cls(LocalStore(root), staging_folder, root)

    def stage(self) -> StagedFile:
        """A fresh file for bytes that are still arriving."""
        return StagedFile.create(self._staging)

    def put(self, key: BlobKey, body: StagedFile | bytes) -> None:
        """Durable when it returns. A staged file is used up; on failure it stays the caller's.

        Raises FileExistsError: exactly on a disk, at best effort elsewhere, where keys must be unique by themselves.
        """
        _checked(key)
        if self._root is None:
            self._upload(key, body)
        elif isinstance(body, StagedFile):
            disk.publish(body, self._root, self._root / key)
        else:
            with self.stage() as staged:
                staged.write(body)
                disk.publish(staged, self._root, self._root / key)

    def _upload(self, key: BlobKey, body: StagedFile | bytes) -> None:
        if self.size(key) is not None:
            raise FileExistsError(key)
        source, size = (body.path, body.size) if isinstance(body, StagedFile) else (body, len(body))
        try:
            obstore.put(self._store, key, source, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        except (BaseError, OSError) as error:
            if not self._arrived(key, size):
                raise unavailable() from error
        if isinstance(body, StagedFile):
            body.discard()

    def _arrived(self, key: BlobKey, size: int) -> bool:
        """A PUT whose answer was lost may have happened. Nobody else writes this key, so the right size means ours."""
        try:
            return self.size(key) == size
        except StorageUnavailable:
            return False

    def overwrite(self, key: BlobKey, body: Path | bytes) -> None:
        """For renditions in a bucket: what can be made again may be written again. Nothing is asked first."""
        with translated():
            obstore.put(self._store, _checked(key), body, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)

    def delete(self, key: BlobKey) -> None:
        """Safe to repeat: what is already gone counts as deleted."""
        _checked(key)
        if self._root is not None:
            disk.remove(self._root / key)
            return
        with translated(), suppress(FileNotFoundError):
            obstore.delete(self._store, key)

    def size(self, key: BlobKey) -> int | None:
        """In bytes; None when there is no such key."""
        with translated():
            try:
                return obstore.head(self._store, _checked(key))["size"]
            except FileNotFoundError:
                return None

    def list(self, prefix: str = "") -> Iterator[BlobInfo]:
        """All blobs below `prefix`, which matches whole segments only; a page at a time, in no order."""
        hidden = f"{disk.STAGING}/"
        with translated():
            for page in obstore.list(self._store, prefix or None, chunk_size=500):
                for meta in page:
                    if not meta["path"].startswith(hidden):
                        modified_ms = int(meta["last_modified"].timestamp() * 1000)
                        yield BlobInfo(BlobKey(meta["path"]), meta["size"], modified_ms)

    def local_path(self, key: BlobKey) -> Path | None:
        """Where the bytes are, for the server's path-send; None when this store has no files. Not looked up."""
        _checked(key)
        return self._root / key if self._root is not None else None

    def read(self, key: BlobKey) -> bytes:
        """The whole of it, for what is known to be small. Raises FileNotFoundError."""
        with translated():
            return bytes(obstore.get(self._store, _checked(key)).bytes())

    async def stream(self, key: BlobKey, start: int = 0, end: int | None = None) -> BlobStream:
        """The bytes from `start` up to, not including, `end`. Raises FileNotFoundError before the first of them."""
        _checked(key)
        if start < 0 or (end is not None and end <= start):
            raise ValueError(f"No bytes from {start} to {end}.")
        if self._root is not None:
            return await BlobStream.begun(reading.from_disk(self._root / key, start, end))
        return await BlobStream.begun(reading.from_bucket(self._store, key, start, end))

    def delete_staged_older_than(self, age_s: float) -> int:
        """Sweep what killed processes left half-written. Returns how many."""
        return staging.sweep(self._staging, age_s)

    def check(self) -> None:
        """One cheap question that fails when writes would: for readiness. Raises StorageUnavailable."""
        if self._root is not None:
            if not disk.usable(self._root):
                raise unavailable()
            return
        with translated():
            for _ in obstore.list(self._store, "readiness"):
                return


def _checked(key: BlobKey) -> BlobKey:
    if len(key) > _KEY_BYTES or not _KEY.fullmatch(key):
        raise ValueError(f"Not a key of a blob: {key!r}")
    return key


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ValueError(f"The storage folder {folder} cannot be used: {error.strerror}.") from None
    return folder


def _own_temporary_folder() -> Path:
    """Uploads are private, and the system's folder is shared: one that somebody else prepared for us is refused."""
    folder = _made(Path(tempfile.gettempdir()) / f"atpix-staging-{os.geteuid()}")
    if folder.stat().st_uid != os.geteuid():
        raise ValueError(f"The storage folder {folder} cannot be used: it belongs to another user.")
    return folder
