"""An upload, from a staged file to an image with bytes.

Bytes before row: an intent names the key, the bytes are stored, and one transaction makes the row, its names and the
end of the intent. Whatever dies in between leaves an intent, and bytes that the sweeper takes away.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from atpix import outbox
from atpix.blobs import StagedFile
from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.errors import AtpixError, Overloaded, StorageUnavailable
from atpix.ids import Alias, FlowId, ImageId, blob_key, new_id, time_ms
from atpix.images import aliases, errors, flows, rows
from atpix.images.rows import Image
from atpix.imaging import errors as imaging
from atpix.imaging.sniff import HEAD_BYTES, MediaType, sniff
from atpix.imaging.values import Examined, FocalPoint, Limits
from atpix.projects import authentication
from atpix.services import Services

OnDuplicate = Literal["new", "reuse", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What comes beside the file."""

    alias: Alias | None = None
    flow: FlowId | None = None
    flow_alias: Alias | None = None
    meta: str = "{}"
    focal_point: FocalPoint | None = None
    on_duplicate: OnDuplicate = "new"
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """`created` is false when `onDuplicate: reuse` found the same bytes."""

    image: Image
    created: bool
    location_found: bool = False


Seal = Callable[[Writing, Kept], None]
"""Runs inside the transaction, last: where an idempotent answer is stored."""


def keep(svc: Services, who: Caller, staged: StagedFile, order: Order, seal: Seal) -> Kept:
    """Check the file whole, store it, and make its row. Afterwards everything is there or nothing is.

    Raises UnsupportedFileType, InvalidImage, ImageTooLarge, PrivateMetadataFound, DuplicateImage, FlowNotFound,
    StorageUnavailable, Overloaded. `staged` is used up.
    """
    drawn, media_type = _drawn(svc, who, staged)
    with drawn:
        seen = examined(svc, drawn.path, media_type)
        with _without_private(svc, who, drawn, media_type, seen) as file:
            image = row(who, ImageId(new_id()), file.path, media_type, seen, order)
            location = seen.has_location
            if (kept := _reused_already(svc, who, image, order, seal, location=location)) is not None:
                return kept
            return _stored(svc, who, file, image, order, seal, location=location)


def _reused_already(
    svc: Services, who: Caller, image: Image, order: Order, seal: Seal, *, location: bool
) -> Kept | None:
    """Before anything is stored: whether the same bytes are here. Raises DuplicateImage."""
    with svc.db.read() as tx:
        if _duplicate(tx, who, image, order) is None:
            return None
    with svc.db.transaction() as tx:
        aliases.lock_scope(tx, who)
        authentication.still_valid(tx, who, svc.now())
        known = _duplicate(tx, who, image, order)
        return None if known is None else _reused(tx, svc, who, known, order, seal, location=location)


def _drawn(svc: Services, who: Caller, staged: StagedFile) -> tuple[StagedFile, MediaType]:
    """What the file is; an SVG is drawn into a PNG first, where the project wants that."""
    with staged.path.open("rb") as file:
        media_type = sniff(file.read(HEAD_BYTES))
    if media_type is MediaType.SVG and who.settings.rasterise_svg:
        most = limits(svc)
        return _made(svc, lambda made: svc.examiners.rasterise(staged.path, made.path, most)), MediaType.PNG
    if media_type is None or media_type not in who.settings.allowed_types:
        raise errors.UnsupportedFileType(_not_taken(media_type, who))
    return staged, media_type


def examined(svc: Services, path: Path, media_type: MediaType) -> Examined:
    """The file, checked whole. Raises UnsupportedFileType, InvalidImage, ImageTooLarge, Overloaded."""
    with _decoding():
        return svc.examiners.examine(path, media_type, limits(svc))


def limits(svc: Services) -> Limits:
    return Limits(svc.settings.max_pixels, svc.settings.max_side_px, svc.settings.max_frames)


@contextmanager
def _decoding() -> Iterator[None]:
    """The decoders' errors as the API's."""
    try:
        yield
    except imaging.ImageTooLarge as error:
        raise errors.ImageTooLarge(str(error)) from error
    except imaging.Busy as error:
        raise Overloaded("Many images are being checked right now; try again in a moment.") from error
    except imaging.UnsupportedType as error:
        raise errors.UnsupportedFileType(str(error)) from error
    except imaging.ImagingError as error:
        raise errors.InvalidImage(str(error)) from error


def _made(svc: Services, make: Callable[[StagedFile], object]) -> StagedFile:
    """A file that a decoder writes from another one."""
    made = svc.blobs.stage()
    try:
        with _decoding():
            make(made)
        made.size = made.path.stat().st_size
    except BaseException:
        made.discard()
        raise
    return made


def _not_taken(media_type: MediaType | None, who: Caller) -> str:
    found = (
        "The file is not an image of a known type" if media_type is None else f"{media_type.value} is not taken here"
    )
    return f"{found}; this project takes: {', '.join(who.settings.allowed_types)}."


def _without_private(
    svc: Services, who: Caller, staged: StagedFile, media_type: MediaType, examined: Examined
) -> StagedFile:
    """The file to store: a new one, or the same."""
    match who.settings.private_metadata:
        case "keep":
            return staged
        case "reject":
            if examined.has_location:
                raise errors.PrivateMetadataFound
            return staged
        case "strip":
            return stripped(svc, staged, media_type)


def stripped(svc: Services, staged: StagedFile, media_type: MediaType) -> StagedFile:
    """A file of its own, the pixels as they are, without what is private. Raises as `examined`."""
    return _made(svc, lambda made: svc.examiners.strip_private(staged.path, made.path, media_type))


def row(who: Caller, image: ImageId, path: Path, media_type: MediaType, seen: Examined, order: Order) -> Image:
    """The row of an image whose bytes lie at `path`, before it has any name."""
    with path.open("rb") as stored:
        sha256 = hashlib.file_digest(stored, "sha256").hexdigest()
    flow = FlowId(new_id()) if order.flow is None and order.flow_alias is not None else order.flow
    created = time_ms(image)
    return Image(
        id=image,
        project_id=who.project,
        flow_id=flow,
        source="uploaded",
        media_type=media_type.value,
        file_size=path.stat().st_size,
        width=seen.width,
        height=seen.height,
        sha256=sha256,
        focal_x=order.focal_point.x if order.focal_point else None,
        focal_y=order.focal_point.y if order.focal_point else None,
        meta=order.meta,
        filename=order.filename,
        thumbhash=seen.thumbhash,
        dominant_color=seen.dominant_color,
        has_alpha=seen.has_alpha,
        created_at=created,
        updated_at=created,
        deleted_at=None,
        generation_id=None,
        alias=None,
        alias_at=None,
        flow_names=None,
    )


def _duplicate(tx: Reading, who: Caller, image: Image, order: Order) -> Image | None:
    """The image to reuse, if that is wanted: of these bytes and, where a flow is asked for, in that flow.

    Raises DuplicateImage when any such image is refused.
    """
    match order.on_duplicate:
        case "new":
            return None
        case "reject":
            if (known := rows.by_sha256(tx, who, image.sha256)) is not None:
                raise errors.DuplicateImage(known.id)
            return None
        case "reuse":
            return rows.by_sha256(tx, who, image.sha256, flow=image.flow_id)


def _stored(
    svc: Services, who: Caller, file: StagedFile, image: Image, order: Order, seal: Seal, *, location: bool
) -> Kept:
    key = blob_key(who.project, image.id)
    with svc.db.transaction(durable=False) as tx:
        outbox.intend(tx, key, svc.now())
    svc.failpoint("upload.intent")
    svc.blobs.put(key, file)
    svc.failpoint("upload.bytes")
    try:
        with svc.db.transaction() as tx:
            kept = _committed(tx, svc, who, image, order, seal, location=location)
            svc.failpoint("upload.commit")
    except StorageUnavailable:
        raise  # the commit may have happened: the intent, if it still stands, tells the sweeper what to do
    except AtpixError:
        _give_up(svc, who, image)
        raise
    svc.failpoint("upload.committed")
    return kept


def _committed(
    tx: Writing, svc: Services, who: Caller, image: Image, order: Order, seal: Seal, *, location: bool
) -> Kept:
    key = blob_key(who.project, image.id)
    if order.alias is not None or order.on_duplicate != "new":
        aliases.lock_scope(tx, who)
    authentication.still_valid(tx, who, svc.now())
    if known := _duplicate(tx, who, image, order):  # it came while these bytes were stored
        outbox.fulfil(tx, key)
        outbox.delete_blob(tx, key, svc.now())
        return _reused(tx, svc, who, known, order, seal, location=location)
    if not outbox.fulfil(tx, key):
        raise errors.UploadExpired
    if image.flow_id is not None:
        flows.ensure(tx, who, image.flow_id, image.created_at)
        if order.flow_alias is not None:  # before the insert counts the image, in the order of deletes
            aliases.lock_scope(tx, who, image.flow_id)
    rows.insert(tx, image)
    _name(tx, svc, who, image.id, image.flow_id, order)
    kept = Kept(rows.again(tx, who, image.id), created=True, location_found=location)
    seal(tx, kept)
    return kept


def _reused(tx: Writing, svc: Services, who: Caller, known: Image, order: Order, seal: Seal, *, location: bool) -> Kept:
    """The image that has these bytes gets the names asked for and is otherwise left as it is. The scope is locked."""
    _name(tx, svc, who, known.id, known.flow_id, order)
    kept = Kept(rows.again(tx, who, known.id), created=False, location_found=location)
    seal(tx, kept)
    return kept


def _name(tx: Writing, svc: Services, who: Caller, image: ImageId, flow: FlowId | None, order: Order) -> None:
    if order.alias is not None:
        aliases.move(tx, who, aliases.Move(alias=order.alias, to=image), at=svc.now())
    if order.flow_alias is not None:
        assert flow is not None
        aliases.lock_scope(tx, who, flow)
        aliases.move(tx, who, aliases.Move(alias=order.flow_alias, to=image, flow=flow), at=svc.now())


def _give_up(svc: Services, who: Caller, image: Image) -> None:
    """The transaction was refused for a reason of its own, so nothing refers to the bytes."""
    key = blob_key(who.project, image.id)
    try:
        svc.blobs.delete(key)
        with svc.db.transaction() as tx:
            outbox.fulfil(tx, key)
    except AtpixError:
        return  # the intent still stands; the sweeper comes back to it
