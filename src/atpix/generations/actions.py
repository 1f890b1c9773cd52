"""What can be done with generations. Each action opens one short transaction and orders its side effects."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from atpix import outbox
from atpix.caller import Caller
from atpix.db import Writing
from atpix.db.tables import flows as flow_rows
from atpix.generations import admission, beginning, finishing, rows
from atpix.generations.beginning import Made, Order, Precondition, anything
from atpix.generations.errors import GenerationInProgress
from atpix.generations.listing import Filter, page
from atpix.generations.references import Material
from atpix.generations.rows import Generation, Shown
from atpix.http.pages import Page, Window
from atpix.ids import FlowId, GenerationId, ImageId, blob_key
from atpix.images import aliases, flows
from atpix.images import rows as image_rows
from atpix.images.rows import Image
from atpix.projects import authentication
from atpix.services import Services

Seal = Callable[[Writing, Shown], None]
"""Runs inside the transaction, last: where an idempotent answer is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """UNSET stays as it is. A prompt or a ratio that is another generates again."""

    prompt: str | UnsetType = UNSET
    aspect_ratio: str | UnsetType = UNSET
    flow: FlowId | UnsetType | None = UNSET
    meta: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitutes:
    """What a replay has of its own. UNSET is as it was."""

    provider: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    seed: int | UnsetType | None = UNSET
    flow: FlowId | UnsetType | None = UNSET


class Cancelled(NamedTuple):
    """`before`: what was given up, if it was under way."""

    shown: Shown
    before: Generation


class Deleted(NamedTuple):
    """`kept` are those of its images that the project has a name for; `before` as of `Cancelled`."""

    gone: list[ImageId]
    kept: list[ImageId]
    before: Generation


def get(svc: Services, who: Caller, generation: GenerationId) -> Shown:
    with svc.db.read() as tx:
        return rows.shown(tx, who, rows.find(tx, who, generation))


def list_generations(svc: Services, who: Caller, wanted: Filter, window: Window) -> Page[Shown]:
    with svc.db.read() as tx:
        return page(tx, who, wanted, window)


def create(svc: Services, who: Caller, order: Order, seal: Seal) -> Made:
    """Once committed it comes to an end, whatever happens to this process.

    Raises ValidationFailed, TooManyGenerations, TooManyWaiting, BudgetExceeded, FlowNotFound, ImageNotFound,
    AliasNotFound, ComputedAliasRequiresFlow.
    """
    chosen = admission.choose(svc, who, order.provider, order.model)
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        made = beginning.first_run(tx, svc, who, order, chosen, key=who.key)
        seal(tx, made.shown)
        svc.failpoint("generation.commit")
    svc.failpoint("generation.committed")
    return made


def replay(svc: Services, who: Caller, generation: GenerationId, other: Substitutes, seal: Seal) -> Made:
    """A new generation by the same recipe: the prompt as it was used, and the images that went in.

    Raises as `create`, and GenerationNotFound, ReferenceGone.
    """
    with svc.db.read() as tx:
        source = rows.shown(tx, who, rows.find(tx, who, generation))
    return create(svc, who, _same(source, other), seal)


def _same(source: Shown, other: Substitutes) -> Order:
    old = source.generation
    elsewhere = other.provider is not UNSET and other.provider != old.provider
    model = None if elsewhere else old.model
    return Order(
        prompt=old.prompt,
        aspect_ratio=old.aspect_ratio,
        material=Material(images=source.inputs, words=False),
        flow=old.flow_id if other.flow is UNSET else other.flow,
        provider=old.provider if other.provider is UNSET else other.provider,
        model=model if other.model is UNSET else other.model,
        seed=old.seed if other.seed is UNSET else other.seed,
        auto_enhance=old.auto_enhance,
        template=old.template or "general",
        meta=old.meta,
        original_prompt=old.original_prompt,
        enhanced=old.enhanced,
    )


def regenerate(
    svc: Services, who: Caller, generation: GenerationId, seal: Seal, allowed: Precondition = anything
) -> Made:
    """Raises GenerationNotFound, GenerationInProgress, ReferenceGone, limits as `create`, and what `allowed` does."""
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        old, rate = rows.find(tx, who, generation), admission.admit(tx, svc, who)
        made = beginning.next_run(tx, svc, who, old, rate, allowed=allowed)
        seal(tx, made.shown)
        svc.failpoint("generation.commit")
    return made


def update(svc: Services, who: Caller, generation: GenerationId, change: Change, allowed: Precondition) -> Made:
    """Another flow takes what it made along; names stay where they are. Raises as `regenerate`, and FlowNotFound."""
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        old = rows.find(tx, who, generation)
        again = _runs_again(old, change)
        rate = admission.admit(tx, svc, who) if again else None
        if change.flow is not UNSET and change.flow != old.flow_id:
            old, allowed = _moved(tx, svc, who, old, change.flow, allowed), anything
        if again:
            return beginning.next_run(
                tx, svc, who, old, rate,
                prompt=change.prompt, aspect_ratio=change.aspect_ratio, meta=change.meta, allowed=allowed,
            )  # fmt: skip
        old = rows.locked(tx, who, generation)
        allowed(rows.shown(tx, who, old))
        if change.meta is not UNSET and change.meta != old.meta:
            old = _set(tx, old, {"meta": change.meta, "updated_at": _later(svc, old)})
        return Made(rows.shown(tx, who, old), None, begun=False)


def _runs_again(old: Generation, change: Change) -> bool:
    """The prompt is the same when it is what was said, and when it is what was made of that."""
    prompt = change.prompt is not UNSET and change.prompt not in {old.prompt, old.original_prompt}
    return prompt or (change.aspect_ratio is not UNSET and change.aspect_ratio != old.aspect_ratio)


def _moved(
    tx: Writing, svc: Services, who: Caller, old: Generation, flow: FlowId | None, allowed: Precondition
) -> Generation:
    """Into another flow, or out of any, with its images."""
    aliases.lock_scope(tx, who)
    if flow is not None:
        flows.ensure(tx, who, flow, svc.now())
        flows.touch(tx, flow_rows.c.id == flow, svc.now())
    old = rows.locked(tx, who, old.id)
    allowed(rows.shown(tx, who, old))
    if not old.has_ended:
        raise GenerationInProgress(old.id)
    columns: dict[str, Any] = {"flow_id": flow, "updated_at": _later(svc, old)}
    if flow is None:
        columns["flow_alias"] = None
    for image in rows.made_by(tx, old.id):
        image_rows.update(tx, image.id, flow_id=flow, updated_at=max(svc.now(), image.updated_at + 1))
    return _set(tx, old, columns)


def _set(tx: Writing, old: Generation, columns: dict[str, Any]) -> Generation:
    rows.update(tx, old.id, **columns)
    return rows.changed(old, columns)


def cancel(svc: Services, who: Caller, generation: GenerationId, seal: Seal) -> Cancelled:
    """One that has ended stays as it is. A runner at work on it finds out when it wants to finish."""
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        old = rows.locked(tx, who, generation)
        finishing.cancel(tx, old, svc.now())
        shown = rows.shown(tx, who, rows.find(tx, who, generation))
        seal(tx, shown)
    return Cancelled(shown, old)


def delete(svc: Services, who: Caller, generation: GenerationId, allowed: Precondition) -> Deleted:
    """For ever, with what all of its runs have made, but for images that the project has a name for.

    One under way is cancelled by that.
    """
    with svc.db.transaction() as tx:
        aliases.lock_scope(tx, who)
        authentication.still_valid(tx, who, svc.now())
        old = rows.find(tx, who, generation)
        if old.flow_id is not None:
            aliases.lock_scope(tx, who, old.flow_id)
            flows.touch(tx, flow_rows.c.id == old.flow_id, svc.now())
        old = rows.locked(tx, who, generation)
        allowed(rows.shown(tx, who, old))
        made = rows.made_by(tx, generation)
        gone = [image for image in made if image.alias is None]
        for image in gone:
            _delete_image(tx, svc, who, image)
        finishing.cancel(tx, old, svc.now())
        rows.delete(tx, generation)
        svc.failpoint("generation.delete")
    svc.db.withdrew()
    return Deleted([one.id for one in gone], [one.id for one in made if one.alias], old)


def _delete_image(tx: Writing, svc: Services, who: Caller, image: Image) -> None:
    image_rows.lock(tx, image.id)
    aliases.release_all(tx, who, image.id, at=svc.now())
    image_rows.delete(tx, image.id)
    outbox.delete_blob(tx, blob_key(who.project, image.id), svc.now())


def _later(svc: Services, old: Generation) -> int:
    return max(svc.now(), old.updated_at + 1)
