"""Images without a server: for tests of what works beneath one, and of what nobody asks for over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.photographs import photo

from atpix.blobs import Blobs
from atpix.caller import Caller
from atpix.ids import ImageId, blob_key
from atpix.images import actions, uploads
from atpix.images.rows import Image
from atpix.services import Services

_numbers = count()


def upload(svc: Services, who: Caller, **order) -> Image:
    """Another photograph each time."""
    with svc.blobs.stage() as staged:
        staged.write(photo(next(_numbers)))
        return uploads.keep(svc, who, staged, uploads.Order(**order), lambda _tx, _kept: None).image


def delete(svc: Services, who: Caller, image: ImageId) -> None:
    actions.delete(svc, who, image, allowed)


def trash(svc: Services, who: Caller, image: ImageId) -> None:
    actions.trash(svc, who, image, allowed)


def allowed(_image: Image) -> None:
    """No precondition."""


def has_bytes(svc: Services, image: Image) -> bool:
    return svc.blobs.size(blob_key(image.project_id, image.id)) is not None


def path_of(svc: Services, image: Image) -> Path:
    path = svc.blobs.local_path(blob_key(image.project_id, image.id))
    assert path is not None
    return path


@contextmanager
def store_down(svc: Services) -> Iterator[None]:
    """A file stands where the store's folder was: a disk that is not mounted."""
    root = Path(svc.settings.storage.removeprefix("file://"))
    away = root.with_name("away")
    root.rename(away)
    root.write_bytes(b"")
    try:
        yield
    finally:
        root.unlink()
        away.rename(root)


def keys_of(blobs: Blobs) -> set[str]:
    return {info.key for info in blobs.list()}


Upload = Callable[..., Image]
