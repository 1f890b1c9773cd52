"""What a disk or a bucket throws, told as the two outcomes a caller can act on."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError

from atpix.errors import StorageFull, StorageUnavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def translated() -> Iterator[None]:
    """Raises StorageFull or StorageUnavailable, with the real cause chained for the log.

    FileNotFoundError and FileExistsError pass: they speak of a key, not of the store's health.
    """
    try:
        yield
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        raise (StorageFull() if error.errno in _FULL else unavailable()) from error
    except BaseError as error:
        raise unavailable() from error


def unavailable() -> StorageUnavailable:
    return StorageUnavailable("The store of image bytes cannot be reached. Try again in a few seconds.")
