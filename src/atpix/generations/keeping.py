"""The bytes of a provider's answer on their way into the store, under the image's planned key.

What is plainly no picture stops here; whether it is one is found out later, with the bytes stored: they are paid for.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from atpix.blobs import StagedFile
from atpix.generations import setbacks
from atpix.generations.work import Work, Workplace, insist
from atpix.ids import BlobKey
from atpix.images import errors as refused
from atpix.images import uploads
from atpix.imaging.sniff import DECODABLE, HEAD_BYTES, MediaType, sniff
from atpix.providers.values import ProviderFailed
from atpix.services import Services


def keep(place: Workplace, work: Work, target: StagedFile, folder: Path) -> Path:
    """Returns where they can be read. Raises ProviderFailed, StorageUnavailable, Overloaded."""
    target.size = target.path.stat().st_size
    _glance(place.svc, work, target)
    if work.claimed.who.settings.private_metadata == "keep":
        return _stored(place, work, target, folder)
    with insist(place, work, lambda: _stripped(place, work, target)) as bare:
        return _stored(place, work, bare, folder)


def type_of(path: Path) -> MediaType | None:
    with path.open("rb") as file:
        found = sniff(file.read(HEAD_BYTES))
    return found if found in DECODABLE else None


def _glance(svc: Services, work: Work, target: StagedFile) -> None:
    """What is plainly no picture is not stored at all. Raises ProviderFailed."""
    most = svc.settings.max_file_bytes
    if target.size > most:
        reason = f"The provider sent {target.size:,} bytes; {most:,} are allowed (ATPIX_MAX_FILE_BYTES)."
    elif target.size == 0:
        reason = "The provider sent an empty answer."
    elif type_of(target.path) is None:
        reason = "The provider sent something that is no picture."
    else:
        return
    raise ProviderFailed("PROVIDER_ERROR", reason, worth_retrying=setbacks.may_be_repeated(work), job_over=True)


def _stripped(place: Workplace, work: Work, target: StagedFile) -> StagedFile:
    """As of an upload, also where uploads are rejected: it is paid for. Raises ProviderFailed, Overloaded."""
    media_type = type_of(target.path)
    assert media_type is not None
    try:
        with place.examining:
            return uploads.stripped(place.svc, target, media_type)
    except (refused.InvalidImage, refused.ImageTooLarge, refused.UnsupportedFileType) as error:
        reason = f"The provider sent a picture that cannot be kept: {error.message}"
        again = setbacks.may_be_repeated(work)
        raise ProviderFailed("PROVIDER_ERROR", reason, worth_retrying=again, job_over=True) from error


def _stored(place: Workplace, work: Work, target: StagedFile, folder: Path) -> Path:
    svc = place.svc
    if (path := svc.blobs.local_path(work.key)) is None:
        path = _second_name(target.path, folder / "picture")
    insist(place, work, lambda: _put(svc, work.key, target))
    svc.failpoint("generation.stored")
    return path


def _second_name(file: Path, name: Path) -> Path:
    """A store takes its file away."""
    try:
        name.hardlink_to(file)
    except OSError:  # on another file system
        shutil.copyfile(file, name)
    return name


def _put(svc: Services, key: BlobKey, target: StagedFile) -> None:
    """What is there already was stored by an attempt whose end we did not see, or by another runner: it is kept."""
    with suppress(FileExistsError):
        svc.blobs.put(key, target)
