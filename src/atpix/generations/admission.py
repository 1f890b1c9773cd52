"""Whether a generation may begin: who would make it, and the project's limits and budget.

Limits are counted inside the transaction that makes the generation, under locks, so that they are exact over processes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix import windows
from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.generation_tables import generations, usage_records
from atpix.errors import ValidationFailed
from atpix.generations.errors import BudgetExceeded, TooManyGenerations, TooManyWaiting
from atpix.generations.references import Ingredient
from atpix.generations.rows import Generation
from atpix.ids import ProjectId
from atpix.images import aliases
from atpix.providers.registry import UnknownProvider
from atpix.providers.values import AspectRatio, Capabilities, Provider, Recipe, Reference, UnknownModel
from atpix.services import Services
from atpix.windows import Rate

_MINUTE_MS = 60_000
_MICRO = 1_000_000

_WAITING = (
    sa.select(generations.c.id)
    .where(generations.c.project_id == bindparam("project"), generations.c.status == "pending")
    .offset(bindparam("others"))
    .limit(1)
)
_SPENT = (
    sa.select(sa.func.coalesce(sa.func.sum(usage_records.c.cost_micro_usd), 0))
    .where(usage_records.c.project_id == bindparam("project"), usage_records.c.at >= bindparam("month"))
    .scalar_subquery()
)
_PROMISED = (
    sa.select(sa.func.coalesce(sa.func.sum(generations.c.cost_micro_usd), 0))
    .where(generations.c.project_id == bindparam("project"), generations.c.status.in_(("pending", "processing")))
    .scalar_subquery()
)
_COMMITTED = sa.select(_SPENT + _PROMISED)
"""One statement: what ends meanwhile is seen under way or in the ledger, never in neither."""


class Chosen(NamedTuple):
    """Who makes it, and what they can."""

    provider: Provider
    name: str
    model: str | None
    capable: Capabilities


def choose(svc: Services, who: Caller, name: str | None, model: str | None) -> Chosen:
    """The request wins over the project, the project over the server. Raises ValidationFailed."""
    usual = who.settings.provider or svc.providers.default
    try:
        provider = svc.providers.named(name or usual)
    except UnknownProvider as error:
        raise _unavailable("provider", error, asked=name is not None) from None
    mine = who.settings.model if (name or usual) == usual else None
    chosen = model or mine or provider.default_model
    try:
        return Chosen(provider, name or usual, chosen, provider.capabilities(chosen))
    except UnknownModel as error:
        raise _unavailable("model", error, asked=model is not None) from None


def _unavailable(field: str, error: Exception, *, asked: bool) -> ValidationFailed:
    """A field is named to whoever has sent it; a setting to all others."""
    if asked:
        return ValidationFailed.at(field, str(error))
    return ValidationFailed(f"By the settings of this project, which PATCH /projects/{{id}} changes, {field}: {error}")


def admit(tx: Writing, svc: Services, who: Caller, *, runs: int = 1) -> Rate | None:
    """Counts it in this minute, once however many `runs` it is; all must have room to wait. The first statements
    of the transaction, so that its locks come in one order.

    Raises TooManyGenerations, TooManyWaiting.
    """
    rate = _rate(tx, svc, who)
    _require_room(tx, svc, who, runs)
    if who.settings.generation_budget_usd is not None:
        aliases.lock_scope(tx, who)
    return rate


def would_admit(tx: Reading, svc: Services, who: Caller) -> None:
    """As `admit`, at this moment and without counting or locking: who is over a limit is refused without a write."""
    if (limit := _limit(svc, who)) != 0:
        window = windows.seen(tx, _of_minute(who), svc.now(), period_ms=_MINUTE_MS)
        if window.n >= limit:
            raise TooManyGenerations(Rate(limit, window), svc.now())
    _require_room(tx, svc, who)


def _require_room(tx: Reading, svc: Services, who: Caller, runs: int = 1) -> None:
    most = svc.settings.generations_waiting
    if runs > most or tx.one_or_none(_WAITING, {"project": who.project, "others": most - runs}) is not None:
        raise TooManyWaiting(most)


def _limit(svc: Services, who: Caller) -> int:
    """A minute; 0: none."""
    mine = who.settings.generations_per_minute
    return svc.settings.generations_per_minute if mine is None else mine


def _of_minute(who: Caller) -> str:
    return f"generations:{who.project}"


def _rate(tx: Writing, svc: Services, who: Caller) -> Rate | None:
    """None: without limit."""
    if (limit := _limit(svc, who)) == 0:
        return None
    now = svc.now()
    rate = Rate(limit, windows.count(tx, _of_minute(who), now, period_ms=_MINUTE_MS))
    if rate.window.n > limit:
        raise TooManyGenerations(rate, now)
    return rate


def within_budget(tx: Reading, svc: Services, who: Caller, estimate_micro_usd: int) -> None:
    """`admit` has locked the project's row, so that of two that come together one sees the other.

    Raises BudgetExceeded.
    """
    budget = who.settings.generation_budget_usd
    if budget is not None and committed(tx, who.project, svc.now()) + estimate_micro_usd > round(budget * _MICRO):
        raise BudgetExceeded(budget)


def committed(tx: Reading, project: ProjectId, now: int) -> int:
    """Micro-dollars of this calendar month (UTC): what was spent, and the estimates of what is under way."""
    today = datetime.fromtimestamp(now / 1000, UTC)
    month = datetime(today.year, today.month, 1, tzinfo=UTC)
    return int(tx.scalar(_COMMITTED, {"project": project, "month": int(month.timestamp() * 1000)}))


def estimate(chosen: Chosen, recipe: Recipe) -> int:
    return max(0, chosen.provider.estimate_micro_usd(recipe))


def recipe_of(row: Generation, into: Sequence[Ingredient]) -> Recipe:
    """For an estimate: the references have no files yet."""
    pictures = {role: [_reference(one) for one in into if one.row.role == role] for role in ("reference", "mask")}
    return Recipe(
        identity=f"{row.id}/{row.run}",
        prompt=row.prompt,
        aspect_ratio=cast("AspectRatio", row.aspect_ratio),
        model=row.model,
        seed=row.seed,
        references=tuple(pictures["reference"]),
        mask=next(iter(pictures["mask"]), None),
    )


def _reference(one: Ingredient) -> Reference:
    image = one.image
    return Reference(Path(), image.media_type, image.width, image.height, image.sha256, one.row.alias)


def warnings(chosen: Chosen, recipe: Recipe) -> list[str]:
    """What was asked for and cannot be had of this model, in sentences."""
    capable, model = chosen.capable, f"{chosen.name} ({chosen.model})" if chosen.model else chosen.name
    said = []
    if recipe.seed is not None and not capable.seed:
        said.append(f"seed: {model} takes none; the same request may make another picture.")
    if recipe.aspect_ratio not in capable.aspect_ratios:
        there = ", ".join(sorted(capable.aspect_ratios))
        said.append(f"aspectRatio: {model} does not make {recipe.aspect_ratio}, but {there}; the nearest is made.")
    if recipe.references and capable.max_references == 0:
        said.append(f"referenceImages: {model} takes none; they have no part in the picture.")
    if recipe.mask is not None and not capable.mask:
        said.append(f"mask: {model} takes none; the whole picture may change.")
    return said
