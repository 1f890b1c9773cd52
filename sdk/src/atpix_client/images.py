"""The calls about images (contract 3), each as a value."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from atpix_client import answers
from atpix_client.forms import Form, Progress, Source
from atpix_client.models import Assigned, Consequences, FocalPoint, Image, Page
from atpix_client.operations import Operation, Walk, conditional_on, post, query, segment, with_json


class _Changes(Struct, rename="camel"):
    focal_point: FocalPoint | UnsetType | None = UNSET
    meta: Mapping[str, Any] | UnsetType | None = UNSET


class _Assignment(Struct, rename="camel"):
    alias: str | None
    expect_image_id: str | UnsetType | None = UNSET
    on_conflict: str | UnsetType = UNSET
    note: str | UnsetType = UNSET


def upload(  # noqa: PLR0913
    source: Source,
    *,
    filename: str | None = None,
    alias: str | None = None,
    flow_id: str | None = None,
    flow_alias: str | None = None,
    meta: Mapping[str, Any] | None = None,
    focal_point: FocalPoint | None = None,
    on_duplicate: str | None = None,
    progress: Progress | None = None,
    idempotency_key: str | None = None,
) -> Operation[Image]:
    """Sends a picture from a path, bytes or a binary file, in constant memory. `progress` is told the bytes sent and
    the size, if known. Failed attempts are repeated under one idempotency key as long as the source can be read
    again; `on_duplicate` is `new`, `reuse` or `reject`.
    """
    fields = {
        "alias": alias,
        "flowId": flow_id,
        "flowAlias": flow_alias,
        "meta": None if meta is None else msgspec.json.encode(meta).decode(),
        "focalPoint": None if focal_point is None else msgspec.json.encode(focal_point).decode(),
        "onDuplicate": on_duplicate,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    body = Form(given, source, filename, progress)
    return post("/images/upload", answers.image, body, idempotency_key)


def list_page(
    *,
    flow_id: str | None = None,
    source: str | None = None,
    alias: str | None = None,
    include_deleted: bool | None = None,
    limit: int | None = None,
    offset: int | None = None,
    cursor: str | None = None,
) -> Operation[Page[Image]]:
    """One page, newest first. `cursor`, a page's `next_cursor`, excludes `offset`."""
    where = query(
        flowId=flow_id,
        source=source,
        alias=alias,
        includeDeleted=include_deleted,
        limit=limit,
        offset=offset,
        cursor=cursor,
    )
    return Operation("GET", f"/images{where}", answers.page_of(list[Image]))


def iterate(
    *,
    flow_id: str | None = None,
    source: str | None = None,
    alias: str | None = None,
    include_deleted: bool | None = None,
    page_size: int = 100,
) -> Walk[Image]:
    """Every image, page by page as they are consumed, also while others come and go."""

    def page(cursor: str | None, offset: int | None) -> Operation[Page[Image]]:
        return list_page(
            flow_id=flow_id,
            source=source,
            alias=alias,
            include_deleted=include_deleted,
            limit=page_size,
            offset=offset,
            cursor=cursor,
        )

    return Walk(page)


def get(ref: str, *, flow_id: str | None = None) -> Operation[Image]:
    """By id or alias. With a flow its own aliases come first, and `@last`, `@first` and `@upload` work."""
    return Operation("GET", f"/images/{segment(ref)}{query(flowId=flow_id)}", answers.image)


def update(
    ref: str,
    *,
    focal_point: FocalPoint | UnsetType | None = UNSET,
    meta: Mapping[str, Any] | UnsetType = UNSET,
    if_match: str | None = None,
) -> Operation[Image]:
    """Replaces what is given; what is not given stays. `focal_point=None` clears it. `if_match` is an `etag`."""
    return _change("PUT", ref, _Changes(focal_point, meta), if_match, "application/json")


def patch(
    ref: str,
    *,
    focal_point: FocalPoint | UnsetType | None = UNSET,
    meta: Mapping[str, Any] | UnsetType | None = UNSET,
    if_match: str | None = None,
) -> Operation[Image]:
    """JSON merge patch (RFC 7396): `meta={"a": 1, "b": None}` sets `a`, removes `b` and leaves all else."""
    return _change("PATCH", ref, _Changes(focal_point, meta), if_match, "application/merge-patch+json")


def assign_alias(
    ref: str,
    alias: str | None,
    *,
    expect_image_id: str | UnsetType | None = UNSET,
    on_conflict: str | UnsetType = UNSET,
    note: str | UnsetType = UNSET,
    if_match: str | None = None,
) -> Operation[Assigned]:
    """Makes `alias` name this image; whichever had it loses it in the same step. None removes the image's alias.
    `expect_image_id` (None: "must be free") fails when the present holder is another, `on_conflict="fail"` when there
    is one.
    """
    conditional = if_match is not None or expect_image_id is not UNSET or on_conflict is not UNSET
    return with_json(
        "PUT",
        f"/images/{segment(ref)}/alias",
        answers.assigned,
        _Assignment(alias, expect_image_id, on_conflict, note),
        conditional_on(if_match),
        repeatable=not conditional,
    )


def remove_alias(ref: str, *, if_match: str | None = None) -> Operation[Image]:
    return Operation(
        "DELETE",
        f"/images/{segment(ref)}/alias",
        answers.image,
        headers=conditional_on(if_match),
        repeatable=if_match is None and not ref.startswith("@"),
    )


def delete(ref: str, *, trash: bool = False, if_match: str | None = None) -> Operation[str]:
    """For good, or with `trash` until the project's retention time is over. Returns the image's id. When an answer was
    lost and the repetition finds nothing, that is `ImageNotFound`.
    """
    return Operation(
        "DELETE",
        f"/images/{segment(ref)}{query(trash=True if trash else None)}",
        answers.deleted_id,
        headers=conditional_on(if_match),
        repeatable=if_match is None and not ref.startswith("@"),
    )


def consequences(ref: str, *, trash: bool = False) -> Operation[Consequences]:
    """What `delete` would break, with `trash` or without it. Nothing is changed."""
    where = query(trash=True if trash else None, dryRun=True)
    return Operation("DELETE", f"/images/{segment(ref)}{where}", answers.consequences)


def restore(image_id: str) -> Operation[Image]:
    """Back from the trash, without the aliases it had."""
    return post(f"/images/{segment(image_id)}/restore", answers.image)


def purge(ref: str) -> Operation[int]:
    """Forgets the renditions of an image, which are made anew when they are asked for. Returns how many there were."""
    return post(f"/images/{segment(ref)}/purge", answers.purged)


def _change(method: str, ref: str, changes: _Changes, etag: str | None, content_type: str) -> Operation[Image]:
    return with_json(
        method,
        f"/images/{segment(ref)}",
        answers.image,
        changes,
        conditional_on(etag),
        content_type=content_type,
        repeatable=etag is None,
    )
