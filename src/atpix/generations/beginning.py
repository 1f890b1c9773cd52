"""The beginning of a run, within a transaction that may do more than this: the first of a new generation, or another.

Locks come in one order: the minute's window, the project, the flow, the generation, the images that go in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from atpix.caller import Caller
from atpix.db import Writing
from atpix.db.tables import flows as flow_rows
from atpix.errors import ValidationFailed
from atpix.generations import admission, references, rows
from atpix.generations.admission import Chosen
from atpix.generations.errors import GenerationInProgress
from atpix.generations.prompts import names
from atpix.generations.references import Ingredient, Material
from atpix.generations.rows import Generation, Input, Shown
from atpix.ids import Alias, FlowId, GenerationId, KeyId, new_id
from atpix.images import flows
from atpix.services import Services
from atpix.windows import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for. `original_prompt` and `enhanced`: of a prompt that was enhanced before."""

    prompt: str
    aspect_ratio: str = "16:9"
    material: Material = field(default_factory=Material)
    flow: FlowId | None = None
    alias: Alias | None = None
    flow_alias: Alias | None = None
    provider: str | None = None
    model: str | None = None
    seed: int | None = None
    auto_enhance: bool = True
    template: str = "general"
    meta: str = "{}"
    original_prompt: str | None = None
    enhanced: bool = False


Precondition = Callable[[Shown], None]
"""Looks at the generation as it is inside the transaction, and raises to stop the write."""


def anything(_shown: Shown) -> None:
    """The precondition of who has none."""


class Made(NamedTuple):
    """`rate`: what is left of this minute, None without a limit. `begun` is false when only the record has changed."""

    shown: Shown
    rate: Rate | None
    begun: bool = True


def first_run(tx: Writing, svc: Services, who: Caller, order: Order, chosen: Chosen, *, key: KeyId | None) -> Made:
    """A new generation. `key` None: nobody asked with one. Raises as `actions.create`."""
    rate = admission.admit(tx, svc, who)
    generation, now = GenerationId(new_id()), svc.now()
    flow = FlowId(new_id()) if order.flow is None and order.flow_alias is not None else order.flow
    if flow is not None:
        flows.ensure(tx, who, flow, now)
        flows.touch(tx, flow_rows.c.id == flow, now)
    into = references.resolve(tx, who, order.material, order.prompt, flow, chosen.capable)
    row = Generation(
        id=generation,
        project_id=who.project,
        flow_id=flow,
        key_id=key,
        status="pending",
        run=1,
        prompt=order.prompt,
        original_prompt=order.original_prompt,
        auto_enhance=order.auto_enhance,
        template=order.template,
        aspect_ratio=order.aspect_ratio,
        provider=chosen.name,
        model=chosen.model,
        seed=order.seed,
        alias=order.alias,
        flow_alias=order.flow_alias,
        meta=order.meta,
        warnings=[],
        error_code=None,
        error_message=None,
        output_image_id=None,
        planned_image_id=None,
        provider_ref=None,
        claimed_by=None,
        lease_until=None,
        due_at=now,
        attempts=0,
        enhanced=order.enhanced,
        usage=None,
        cost_micro_usd=None,
        processing_time_ms=None,
        started_at=None,
        created_at=now,
        updated_at=now,
    )
    row = _priced(tx, svc, who, row, chosen, into)
    rows.insert(tx, row)
    return Made(_with_inputs(tx, who, row, into), rate)


def next_run(  # noqa: PLR0913  what it is asked for, each by its name
    tx: Writing, svc: Services, who: Caller, before: Generation, rate: Rate | None, *,
    prompt: str | UnsetType = UNSET, aspect_ratio: str | UnsetType = UNSET, meta: str | UnsetType = UNSET,
    allowed: Precondition = anything,
) -> Made:  # fmt: skip
    """The same record once more. What it made stays its output until the new image is there.

    `admit` comes before. Without a new prompt the same images go in, whatever their names mean now. Raises as
    `actions.regenerate`.
    """
    chosen = admission.choose(svc, who, before.provider, before.model)
    if before.flow_id is not None:
        flows.touch(tx, flow_rows.c.id == before.flow_id, svc.now())
    old = rows.locked(tx, who, before.id)
    allowed(rows.shown(tx, who, old))
    if not old.has_ended:
        raise GenerationInProgress(old.id)
    said = old.original_prompt or old.prompt
    wanted = said if prompt is UNSET else prompt
    earlier = rows.inputs_of(tx, old)
    same = wanted == said
    material = Material(images=earlier if same else _without(earlier, names(said)), words=not same)
    into = references.resolve(tx, who, material, wanted, old.flow_id, chosen.capable)
    _not_itself(into, old)
    changes = _fresh(old, svc.now()) | {
        "prompt": wanted,
        "aspect_ratio": old.aspect_ratio if aspect_ratio is UNSET else aspect_ratio,
        "meta": old.meta if meta is UNSET else meta,
    }
    row = _priced(tx, svc, who, rows.changed(old, changes), chosen, into)
    rows.update(tx, row.id, **changes, warnings=row.warnings, cost_micro_usd=row.cost_micro_usd)
    return Made(_with_inputs(tx, who, row, into), rate)


def _fresh(old: Generation, now: int) -> dict[str, Any]:
    """As a new one, but for what is kept over runs. Names that its image got once are not taken back from others."""
    named = {"alias": None, "flow_alias": None} if old.status == "success" else {}
    return named | {
        "status": "pending",
        "run": old.run + 1,
        "original_prompt": None,
        "enhanced": False,
        "error_code": None,
        "error_message": None,
        "planned_image_id": None,
        "provider_ref": None,
        "claimed_by": None,
        "lease_until": None,
        "due_at": now,
        "attempts": 0,
        "usage": None,
        "processing_time_ms": None,
        "started_at": None,
        "updated_at": max(now, old.updated_at + 1),
    }


def _priced(
    tx: Writing, svc: Services, who: Caller, row: Generation, chosen: Chosen, into: list[Ingredient]
) -> Generation:
    """With its estimate, which the budget allows, and its warnings. Raises BudgetExceeded."""
    recipe = admission.recipe_of(row, into)
    cost = admission.estimate(chosen, recipe)
    admission.within_budget(tx, svc, who, cost)
    return rows.changed(row, {"cost_micro_usd": cost, "warnings": admission.warnings(chosen, recipe)})


def _with_inputs(tx: Writing, who: Caller, row: Generation, into: list[Ingredient]) -> Shown:
    rows.insert_inputs(tx, row.id, row.run, [one.row for one in into])
    return rows.shown(tx, who, row)


def _without(earlier: list[Input], words: tuple[Alias, ...]) -> list[Input]:
    """Those that a new prompt leaves in: what the old one named goes with it."""
    return [one for one in earlier if one.role == "mask" or one.alias is None or Alias(one.alias) not in words]


def _not_itself(into: list[Ingredient], old: Generation) -> None:
    for one in into:
        if one.image.generation_id == old.id:
            raise ValidationFailed.at(
                "prompt", f"{one.row.alias} is what this generation made; make a new one from it instead."
            )
