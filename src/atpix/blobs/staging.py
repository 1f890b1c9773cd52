"""Files that are being written: an upload under way has no key, so that nobody can see half of it."""

import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from atpix.blobs.faults import translated, unavailable

_SUFFIX = ".part"


class StagedFile:
    """An upload while it is being read. Leaving its `with` block discards it, unless a store has taken it over.

    Writes go straight to the file, so that others may read `path` between them.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size = 0
        self._descriptor: int | None = descriptor

    @classmethod
    def create(cls, folder: Path) -> Self:
        path = folder / f"{uuid4().hex}{_SUFFIX}"
        try:
            with translated():
                return cls(path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))
        except FileNotFoundError as error:  # the folder is gone: a disk that is no longer mounted
            raise unavailable() from error

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Raises StorageFull, StorageUnavailable. A full disk may take a part of a chunk, hence the loop."""
        rest = memoryview(chunk)
        with translated():
            while rest:
                written = os.write(self._open(), rest)
                self.size += written
                rest = rest[written:]

    def flush_to_disk(self) -> None:
        """Content and size survive a power cut afterwards; the name needs its folder flushed as well."""
        with translated():
            os.fsync(self._open())

    def discard(self) -> None:
        """Safe to repeat."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self.path.unlink(missing_ok=True)

    def _open(self) -> int:
        if self._descriptor is None:
            raise ValueError("This staged file was stored or discarded already.")
        return self._descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def sweep(folder: Path, age_s: float) -> int:
    """Remove what a killed process left: staged files that nobody wrote to for `age_s`. Returns how many."""
    horizon_s, swept = time.time() - age_s, 0
    try:
        entries = os.scandir(folder)
    except OSError as error:
        raise unavailable() from error
    with translated(), entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # put or discarded by its owner meanwhile
                if entry.name.endswith(_SUFFIX) and entry.stat(follow_symlinks=False).st_mtime < horizon_s:
                    Path(entry.path).unlink()
                    swept += 1
    return swept
