"""Writes to a local folder that survive a power cut. Why not obstore's: docs/decisions/local-writes.md."""

import errno
import os
from pathlib import Path

from atpix.blobs.faults import translated
from atpix.blobs.staging import StagedFile

STAGING = ".staging"
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def publish(staged: StagedFile, root: Path, final: Path) -> None:
    """Give the staged bytes their name: whole, durable, and never over an older file (FileExistsError).

    The order is the promise: content first, then the name, then the folders that hold the name.
    """
    with translated():
        staged.flush_to_disk()
        try:
            _link(staged.path, final)
        except FileNotFoundError:
            final.parent.mkdir(parents=True, exist_ok=True)
            _link(staged.path, final)
            for folder in reversed(final.relative_to(root).parents[1:]):
                _flush(root / folder)
        _flush(final.parent)
    staged.discard()


def remove(path: Path) -> None:
    """Safe to repeat. Durable, or a power cut would bring back bytes that nobody owns any more."""
    with translated():
        try:
            path.unlink()
        except FileNotFoundError:
            return
        _flush(path.parent)


def usable(root: Path) -> bool:
    return root.is_dir() and os.access(root / STAGING, os.W_OK | os.X_OK)


def _link(staged: Path, final: Path) -> None:
    """link(2) refuses an existing name, rename(2) replaces it. Without hard links the name is reserved first."""
    try:
        os.link(staged, final)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        os.close(os.open(final, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))
        staged.replace(final)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
