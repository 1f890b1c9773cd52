"""The calls about scopes of live URLs (contract 8), each as a value. The URLs themselves: `live_urls`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import field

from atpix_client import answers
from atpix_client.models import Model, Page
from atpix_client.operations import Operation, Walk, conditional_on, post, query, segment, with_json


class LiveScope(Model, frozen=True, kw_only=True):
    id: str
    project_id: str
    slug: str
    url: str
    """What its live URLs begin with."""
    allow_new_generations: bool
    new_generations_limit: int
    current_generations: int
    last_generated_at: datetime | None
    meta: dict[str, Any]
    created_at: datetime
    updated_at: datetime

    etag: str | None = None
    """For `if_match=`. Taken from the answer's header, so scopes of a list have none."""


class DeletedScope(Model, frozen=True, kw_only=True):
    id: str
    slug: str
    images_kept: int
    """Pictures that its URLs had made; they stay in the project."""
    cancelled: int = 0
    """Those that were being made, and are not any more."""


class StartedPicture(Model, frozen=True, kw_only=True):
    generation_id: str
    image_id: str
    """The picture that is served until the new one is there."""


class SkippedPicture(Model, frozen=True, kw_only=True):
    image_id: str
    code: str
    message: str
    """Why it cannot be made again: what went into it is deleted, or its provider is gone."""


class RegeneratedScope(Model, frozen=True, kw_only=True):
    scope: str
    started: list[StartedPicture]
    under_way: int
    """So many were being made again already."""
    skipped: list[SkippedPicture] = field(default_factory=list)


def create(
    slug: str,
    *,
    allow_new_generations: bool | None = None,
    new_generations_limit: int | None = None,
    meta: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Operation[LiveScope]:
    """The slug is part of its URLs and never changes. At most `new_generations_limit` of them have a picture made."""
    body = {"slug": slug} | _given(allow_new_generations, new_generations_limit, meta)
    return post("/live/scopes", scope, body, idempotency_key)


def get(slug: str) -> Operation[LiveScope]:
    return Operation("GET", _path(slug), scope)


def list_page(
    *, limit: int | None = None, offset: int | None = None, cursor: str | None = None
) -> Operation[Page[LiveScope]]:
    """One page, newest first. `cursor`, a page's `next_cursor`, excludes `offset`."""
    where = query(limit=limit, offset=offset, cursor=cursor)
    return Operation("GET", f"/live/scopes{where}", answers.page_of(list[LiveScope]))


def iterate(*, page_size: int = 100) -> Walk[LiveScope]:
    return Walk(lambda cursor, offset: list_page(limit=page_size, offset=offset, cursor=cursor))


def update(
    slug: str,
    *,
    allow_new_generations: bool | None = None,
    new_generations_limit: int | None = None,
    meta: Mapping[str, Any] | None = None,
    if_match: str | None = None,
) -> Operation[LiveScope]:
    """What is None stays; `meta` replaces as a whole. `if_match` is an `etag`."""
    body = _given(allow_new_generations, new_generations_limit, meta)
    return with_json("PUT", _path(slug), scope, body, conditional_on(if_match), repeatable=if_match is None)


def delete(slug: str, *, if_match: str | None = None) -> Operation[DeletedScope]:
    """Its URLs end at once; what they have made stays in the project."""
    decode = answers.data_of(DeletedScope)
    return Operation("DELETE", _path(slug), decode, headers=conditional_on(if_match), repeatable=False)


def regenerate(
    slug: str, *, image_id: str | None = None, idempotency_key: str | None = None, if_match: str | None = None
) -> Operation[RegeneratedScope]:
    """One of its pictures again, or every one. Its URLs show the old ones until the new ones are there."""
    body = {} if image_id is None else {"imageId": image_id}
    decode, headers = answers.data_of(RegeneratedScope), conditional_on(if_match)
    return post(f"{_path(slug)}/regenerate", decode, body, idempotency_key, headers=headers)


def scope(answer: answers.Answer) -> LiveScope:
    return msgspec.structs.replace(answers.data_of(LiveScope)(answer), etag=answer.headers.get("etag"))


def _given(allow: bool | None, limit: int | None, meta: Mapping[str, Any] | None) -> dict[str, object]:  # noqa: FBT001
    fields = {"allowNewGenerations": allow, "newGenerationsLimit": limit, "meta": meta}
    return {name: value for name, value in fields.items() if value is not None}


def _path(slug: str) -> str:
    return f"/live/scopes/{segment(slug)}"
