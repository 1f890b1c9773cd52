"""What can be done with images. Each action opens one short transaction and orders its side effects."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from atpix import outbox
from atpix.caller import Caller
from atpix.db import Writing
from atpix.http.pages import Page, Window
from atpix.ids import Alias, FlowId, ImageId, ImageRef, blob_key
from atpix.images import aliases, meta, rows
from atpix.images.aliases import Move
from atpix.images.errors import HolderChanged, ImageNotFound
from atpix.images.listing import Filter, page
from atpix.images.rows import Found, Image
from atpix.imaging.values import FocalPoint
from atpix.projects import authentication
from atpix.services import Services

Precondition = Callable[[Image], None]
"""Looks at the image as it is inside the transaction, and raises to stop the write."""


@dataclass(frozen=True, slots=True)
class Assigned:
    image: Image
    displaced: ImageId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """UNSET stays as it is. `meta` replaces as a whole, `meta_patch` is merged into what is there."""

    focal_point: FocalPoint | UnsetType | None = UNSET
    meta: str | UnsetType = UNSET
    meta_patch: dict[str, object] | UnsetType = UNSET


def get(svc: Services, who: Caller, ref: ImageRef, flow: FlowId | None = None) -> Found:
    with svc.db.read() as tx:
        return rows.find(tx, who, ref, flow)


def list_images(svc: Services, who: Caller, wanted: Filter, window: Window) -> Page[Image]:
    with svc.db.read() as tx:
        return page(tx, who, wanted, window)


def update(svc: Services, who: Caller, ref: ImageRef, change: Change, allowed: Precondition) -> Image:
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        image = rows.find_one(tx, who, ref).image
        rows.lock(tx, image.id)
        image = rows.find(tx, who, image.id).image
        allowed(image)
        if columns := _changed(image, change):
            rows.update(tx, image.id, updated_at=max(svc.now(), image.updated_at + 1), **columns)
        if "focal_x" in columns:
            outbox.drop_renditions(tx, who.project, image.id, svc.now(), focal_only=True)
        svc.failpoint("update.commit")
        return rows.again(tx, who, image.id)


def _changed(image: Image, change: Change) -> dict[str, object]:
    columns: dict[str, object] = {}
    if change.focal_point is not UNSET and change.focal_point != image.focal_point:
        point = change.focal_point
        columns |= {"focal_x": point.x, "focal_y": point.y} if point else {"focal_x": None, "focal_y": None}
    text = change.meta
    if change.meta_patch is not UNSET:
        text = meta.merged(image.meta, change.meta_patch)
    if text is not UNSET and text != image.meta:
        columns["meta"] = text
    return columns


def assign_alias(
    svc: Services, who: Caller, ref: ImageRef, asked: Callable[[ImageId], Move], allowed: Precondition
) -> Assigned:
    """Make the name mean this image. Whichever image had it before loses it, in the same step."""
    with svc.db.transaction() as tx:
        image = _locked(tx, svc, who, ref, allowed)
        displaced = aliases.move(tx, who, asked(image.id), at=svc.now())
        svc.failpoint("alias.commit")
        return Assigned(rows.again(tx, who, image.id), displaced)


def remove_alias(
    svc: Services,
    who: Caller,
    ref: ImageRef,
    allowed: Precondition,
    *,
    expect: ImageId | UnsetType | None = UNSET,
    note: str | None = None,
) -> Image:
    """Take its project alias from an image. `expect`: whom the caller believes to hold it."""
    with svc.db.transaction() as tx:
        image = _locked(tx, svc, who, ref, allowed)
        holder = image.id if image.alias is not None else None
        if expect is not UNSET and expect != holder:
            raise HolderChanged(image.alias or "The name", holder)
        aliases.remove(tx, who, image.id, at=svc.now(), note=note)
        svc.failpoint("alias.commit")
        return rows.again(tx, who, image.id)


def delete(svc: Services, who: Caller, ref: ImageRef, allowed: Precondition) -> ImageId:
    """For ever; a trashed image too, by its id. The row goes now, its bytes by work that is committed with it."""
    with svc.db.transaction() as tx:
        image = _locked(tx, svc, who, ref, allowed, trashed=True)
        aliases.release_all(tx, who, image.id, at=svc.now())
        rows.delete(tx, image.id)
        outbox.delete_blob(tx, blob_key(who.project, image.id), svc.now())
        svc.failpoint("delete.commit")
    svc.db.withdrew()
    return image.id


def trash(svc: Services, who: Caller, ref: ImageRef, allowed: Precondition) -> ImageId:
    """Out of sight until restored or until the project's retention time is over.

    Its names are released, and its renditions go: they would be made again.
    """
    with svc.db.transaction() as tx:
        image = _locked(tx, svc, who, ref, allowed)
        aliases.release_all(tx, who, image.id, at=svc.now())
        rows.update(tx, image.id, deleted_at=svc.now())
        outbox.drop_renditions(tx, who.project, image.id, svc.now())
        svc.failpoint("trash.commit")
    svc.db.withdrew()
    return image.id


def restore(svc: Services, who: Caller, image: ImageId, seal: Callable[[Writing, Image], None]) -> Image:
    """Out of the trash, without the names it had. An image that is not trashed stays as it is."""
    with svc.db.transaction() as tx:
        found = _locked(tx, svc, who, image, lambda _image: None, trashed=True)
        if found.deleted_at is not None:
            rows.update(tx, image, deleted_at=None)
        restored = rows.again(tx, who, image)
        seal(tx, restored)
        svc.failpoint("restore.commit")
        return restored


def _locked(
    tx: Writing, svc: Services, who: Caller, ref: ImageRef, allowed: Precondition, *, trashed: bool = False
) -> Image:
    """The image, with its project's names and itself locked against other writers."""
    aliases.lock_scope(tx, who)
    authentication.still_valid(tx, who, svc.now())
    image = _any(tx, who, ref) if trashed else rows.find_one(tx, who, ref).image
    rows.lock(tx, image.id)
    image = _any(tx, who, image.id)
    allowed(image)
    return image


def _any(tx: Writing, who: Caller, ref: ImageRef) -> Image:
    """A trashed image is found by its id."""
    if isinstance(ref, Alias):
        return rows.find_one(tx, who, ref).image
    if (image := rows.by_id(tx, who, ref)) is not None:
        return image
    raise ImageNotFound(ref)
