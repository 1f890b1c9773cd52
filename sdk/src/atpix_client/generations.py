"""The calls about generations (contract 7), each as a value."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from atpix_client import answers
from atpix_client.errors import StillGenerating, codes
from atpix_client.generation_models import DeletedGeneration, Generation
from atpix_client.models import Image, Page
from atpix_client.operations import Following, Operation, Walk, conditional_on, post, query, segment, with_json

ImageRef = Image | str
"""An image, its id, or a name of it."""


def create(  # noqa: PLR0913
    prompt: str,
    *,
    aspect_ratio: str | None = None,
    reference_images: Sequence[ImageRef] | None = None,
    mask: ImageRef | None = None,
    flow_id: str | None = None,
    alias: str | None = None,
    flow_alias: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    auto_enhance: bool | None = None,
    template: str | None = None,
    meta: Mapping[str, Any] | None = None,
    wait_s: int = 60,
    idempotency_key: str | None = None,
) -> Operation[Generation]:
    """Makes a picture of a prompt, in which `@hero` is the image of that name. Waits up to `wait_s` seconds for its
    end, 120 at most; the generation goes on either way, see `wait` and `stream`. One that failed is returned like one
    that did not: `raise_for_status()` makes an exception of it.
    """
    body = {
        "prompt": prompt,
        "aspectRatio": aspect_ratio,
        "referenceImages": None if reference_images is None else [_ref(image) for image in reference_images],
        "mask": None if mask is None else _ref(mask),
        "flowId": flow_id,
        "alias": alias,
        "flowAlias": flow_alias,
        "provider": provider,
        "model": model,
        "seed": seed,
        "autoEnhance": auto_enhance,
        "enhancementOptions": None if template is None else {"template": template},
        "meta": meta,
    }
    return started("/generations", _given(body), wait_s, idempotency_key)


def get(generation_id: str) -> Operation[Generation]:
    return Operation("GET", f"/generations/{segment(generation_id)}", generation)


def list_page(
    *,
    flow_id: str | None = None,
    status: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    cursor: str | None = None,
) -> Operation[Page[Generation]]:
    """One page, newest first. `cursor`, a page's `next_cursor`, excludes `offset`."""
    where = query(flowId=flow_id, status=status, limit=limit, offset=offset, cursor=cursor)
    return Operation("GET", f"/generations{where}", answers.page_of(list[Generation]))


def iterate(*, flow_id: str | None = None, status: str | None = None, page_size: int = 100) -> Walk[Generation]:
    """Every generation, page by page as they are consumed."""

    def page(cursor: str | None, offset: int | None) -> Operation[Page[Generation]]:
        return list_page(flow_id=flow_id, status=status, limit=page_size, offset=offset, cursor=cursor)

    return Walk(page)


def update(
    generation_id: str,
    *,
    prompt: str | UnsetType = UNSET,
    aspect_ratio: str | UnsetType = UNSET,
    flow_id: str | UnsetType | None = UNSET,
    meta: Mapping[str, Any] | UnsetType = UNSET,
    wait_s: int = 60,
    if_match: str | None = None,
) -> Operation[Generation]:
    """Changes what is given. A new prompt or ratio generates again: a new image takes over the names of the old one.
    Should an answer be lost, the repetition may say `GenerationInProgress`. `if_match` is an `etag`.
    """
    body = _set({"prompt": prompt, "aspectRatio": aspect_ratio, "flowId": flow_id, "meta": meta})
    path = f"/generations/{segment(generation_id)}"
    headers = _prefer(wait_s) | conditional_on(if_match)
    return with_json("PUT", path, generation, body, headers, repeatable=if_match is None, patience_s=wait_s)


def regenerate(
    generation_id: str, *, wait_s: int = 60, idempotency_key: str | None = None, if_match: str | None = None
) -> Operation[Generation]:
    """The same once more: a new image, which takes over the names of the old one when it is there."""
    return started(f"/generations/{segment(generation_id)}/regenerate", None, wait_s, idempotency_key, if_match)


def replay(
    generation_id: str,
    *,
    provider: str | UnsetType = UNSET,
    model: str | UnsetType = UNSET,
    seed: int | UnsetType | None = UNSET,
    flow_id: str | UnsetType | None = UNSET,
    wait_s: int = 60,
    idempotency_key: str | None = None,
) -> Operation[Generation]:
    """Another generation by the same recipe, except for what is given, and without its names."""
    changed = _set({"provider": provider, "model": model, "seed": seed, "flowId": flow_id})
    return started(f"/generations/{segment(generation_id)}/replay", changed, wait_s, idempotency_key)


def cancel(generation_id: str) -> Operation[Generation]:
    """Under way it fails at once, of `CANCELLED`; one that has ended stays as it is."""
    return post(f"/generations/{segment(generation_id)}/cancel", generation)


def delete(generation_id: str, *, if_match: str | None = None) -> Operation[DeletedGeneration]:
    """With the images it made, except for those that the project has a name for."""
    return Operation(
        "DELETE",
        f"/generations/{segment(generation_id)}",
        answers.data_of(DeletedGeneration),
        headers=conditional_on(if_match),
        repeatable=if_match is None,
    )


def stream(generation_id: str, *, timeout_s: float | None = None) -> Following[Generation]:
    """The generation as it is now, and again after every change until it has ended. Connections that break are taken
    up again. Raises `StillGenerating` after `timeout_s`, within a few seconds, and `GenerationNotFound` when somebody
    deletes it.
    """
    return Following(
        Operation("GET", f"/generations/{segment(generation_id)}/events", answers.event_of(Generation)),
        ended=lambda generation: generation.has_ended,
        late=lambda waited_s: StillGenerating(generation_id, waited_s),
        deleted=lambda: codes.of_generation("GENERATION_NOT_FOUND", f"Generation {generation_id} was deleted."),
        timeout_s=timeout_s,
    )


def wait(generation_id: str, *, timeout_s: float | None = 300.0) -> Following[Generation]:
    """The generation when it has ended, well or not, across broken connections and restarts of the server. Raises
    `StillGenerating` after `timeout_s`, within a few seconds, or what kept it from the server all that time. Without a
    time-out a server that does not answer from the beginning is given up after a few attempts.
    """
    return stream(generation_id, timeout_s=timeout_s)


def started(
    path: str,
    body: Mapping[str, object] | None,
    wait_s: int,
    idempotency_key: str | None,
    if_match: str | None = None,
) -> Operation[Generation]:
    """A POST that makes the server generate, and may last as long as the server was asked to wait."""
    headers = _prefer(wait_s) | conditional_on(if_match)
    return post(path, generation, body, idempotency_key, headers=headers, patience_s=wait_s)


def generation(answer: answers.Answer) -> Generation:
    return msgspec.structs.replace(answers.data_of(Generation)(answer), etag=answer.headers.get("etag"))


def _prefer(wait_s: int) -> dict[str, str]:
    """RFC 7240."""
    return {"Prefer": f"wait={wait_s}"}


def _ref(image: ImageRef) -> str:
    return image.id if isinstance(image, Image) else image


def _set(body: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not UNSET}


def _given(body: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}
