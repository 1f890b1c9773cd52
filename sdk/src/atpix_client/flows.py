"""The calls about flows (contract 6), each as a value."""

from collections.abc import Mapping
from typing import Any

import msgspec

from atpix_client import answers, generations
from atpix_client.generation_models import DeletedFlow, Flow, Generation
from atpix_client.models import Image, Page
from atpix_client.operations import Operation, Walk, conditional_on, post, query, segment, with_json


def create(*, meta: Mapping[str, Any] | None = None, idempotency_key: str | None = None) -> Operation[Flow]:
    """An empty one. Uploads and generations that name an unknown flow make it themselves."""
    return post("/flows", flow, {} if meta is None else {"meta": meta}, idempotency_key)


def get(flow_id: str) -> Operation[Flow]:
    return Operation("GET", _path(flow_id), flow)


def list_page(
    *, limit: int | None = None, offset: int | None = None, cursor: str | None = None
) -> Operation[Page[Flow]]:
    """One page, newest first. `cursor`, a page's `next_cursor`, excludes `offset`."""
    where = query(limit=limit, offset=offset, cursor=cursor)
    return Operation("GET", f"/flows{where}", answers.page_of(list[Flow]))


def iterate(*, page_size: int = 100) -> Walk[Flow]:
    return Walk(lambda cursor, offset: list_page(limit=page_size, offset=offset, cursor=cursor))


def update(flow_id: str, *, meta: Mapping[str, Any], if_match: str | None = None) -> Operation[Flow]:
    """Replaces `meta` as a whole."""
    return _changed("PUT", _path(flow_id), {"meta": meta}, if_match)


def images(
    flow_id: str, *, limit: int | None = None, offset: int | None = None, cursor: str | None = None
) -> Operation[Page[Image]]:
    """One page of its images, uploaded and generated, newest first."""
    where = query(limit=limit, offset=offset, cursor=cursor)
    return Operation("GET", f"{_path(flow_id)}/images{where}", answers.page_of(list[Image]))


def iterate_images(flow_id: str, *, page_size: int = 100) -> Walk[Image]:
    return Walk(lambda cursor, offset: images(flow_id, limit=page_size, offset=offset, cursor=cursor))


def generations_of(
    flow_id: str, *, limit: int | None = None, offset: int | None = None, cursor: str | None = None
) -> Operation[Page[Generation]]:
    """One page of its generations, newest first."""
    where = query(limit=limit, offset=offset, cursor=cursor)
    return Operation("GET", f"{_path(flow_id)}/generations{where}", answers.page_of(list[Generation]))


def iterate_generations(flow_id: str, *, page_size: int = 100) -> Walk[Generation]:
    return Walk(lambda cursor, offset: generations_of(flow_id, limit=page_size, offset=offset, cursor=cursor))


def assign_aliases(flow_id: str, aliases: Mapping[str, str | None], *, if_match: str | None = None) -> Operation[Flow]:
    """Names of this flow and the ids of the images they are to mean; None takes a name away. All of them or none."""
    return _changed("PUT", f"{_path(flow_id)}/aliases", {"aliases": aliases}, if_match)


def remove_alias(flow_id: str, alias: str, *, if_match: str | None = None) -> Operation[Flow]:
    """Takes one name away; its image stays."""
    return Operation(
        "DELETE",
        f"{_path(flow_id)}/aliases/{segment(alias)}",
        flow,
        headers=conditional_on(if_match),
        repeatable=False,
    )


def regenerate(flow_id: str, *, wait_s: int = 60, idempotency_key: str | None = None) -> Operation[Generation]:
    """The newest generation once more: a new image, which takes over the names of the old one."""
    return generations.started(f"{_path(flow_id)}/regenerate", None, wait_s, idempotency_key)


def delete(flow_id: str, *, if_match: str | None = None) -> Operation[DeletedFlow]:
    """For good, with its generations and images. Images that the project has a name for stay, without a flow."""
    return Operation(
        "DELETE",
        _path(flow_id),
        answers.data_of(DeletedFlow),
        headers=conditional_on(if_match),
        repeatable=if_match is None,
    )


def flow(answer: answers.Answer) -> Flow:
    return msgspec.structs.replace(answers.data_of(Flow)(answer), etag=answer.headers.get("etag"))


def _changed(method: str, path: str, body: Mapping[str, object], if_match: str | None) -> Operation[Flow]:
    return with_json(method, path, flow, body, conditional_on(if_match), repeatable=if_match is None)


def _path(flow_id: str) -> str:
    return f"/flows/{segment(flow_id)}"
