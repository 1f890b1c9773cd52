"""Who is next. The rows of `generations` are the queue: pending ones are claimed for a lease, by one runner each.

Limits hold over processes and machines, because claims take turns and count what is under way: rows being processed.
Whose turn it is says `turns`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix import outbox
from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.generation_tables import generation_inputs, generations
from atpix.db.tables import organizations, projects
from atpix.generations import rows, turns
from atpix.generations.rows import Generation, Input
from atpix.generations.turns import Limits, is_pending, is_processing
from atpix.ids import BlobKey, GenerationId, ImageId, KeyId, blob_key, new_id
from atpix.projects import preferences

LEASE_MS = 60_000
_CLAIMS_LOCK = 0x61747069780001  # of PostgreSQL's advisory locks: "atpix" and a number

_NEXT = (
    sa.select(*rows.COLUMNS, projects.c.slug, organizations.c.slug, projects.c.settings)
    .join(projects, projects.c.id == generations.c.project_id)
    .join(organizations, organizations.c.id == projects.c.organization_id)
    .where(
        is_pending,
        generations.c.provider == bindparam("provider"),
        generations.c.project_id == bindparam("project"),
        generations.c.due_at <= bindparam("now", type_=sa.BigInteger),
        generations.c.updated_at <= bindparam("left_alone_since", type_=sa.BigInteger),
    )
    .order_by(generations.c.due_at, generations.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=generations, skip_locked=True, key_share=True)
)
_MINE = sa.and_(
    generations.c.id == bindparam("generation"),
    generations.c.run == bindparam("of_run"),
    is_processing,
    generations.c.claimed_by == bindparam("runner"),
    generations.c.attempts == bindparam("attempt"),
)


class Taken(NamedTuple):
    """`left`: something is due still, for when there is room."""

    claimed: list["Claimed"]
    left: bool
    next_due_at: int | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """Ours until the lease ends. `was_planned`: an earlier attempt may have stored the bytes already."""

    generation: Generation
    who: Caller
    inputs: tuple[Input, ...]
    was_planned: bool

    @property
    def planned(self) -> ImageId:
        assert self.generation.planned_image_id is not None
        return self.generation.planned_image_id


def claim(tx: Writing, runner: str, limits: Limits, now: int, free: int) -> Taken:
    """Take up to `free`, each with a planned image whose intent is part of the same transaction."""
    if tx.dialect == "postgresql":
        tx.scalar(sa.select(sa.func.pg_advisory_xact_lock(_CLAIMS_LOCK)))
    quotas, left, next_due_at = turns.plan(tx, limits, now, free)
    taken: list[sa.Row[Any]] = []
    for head, quota in quotas.items():
        names = {"provider": head.provider, "project": head.project, "now": now, "most": quota}
        names["left_alone_since"] = turns.left_alone_since(limits, head.provider, now)
        found = tx.all(_NEXT, names)
        turns.count_calls(tx, limits, head.provider, len(found), now)
        taken += found
        left = left or len(found) == quota
    return Taken(_marked(tx, runner, now, taken), left, next_due_at)


def _marked(tx: Writing, runner: str, now: int, taken: list[sa.Row[Any]]) -> list[Claimed]:
    if not taken:
        return []
    width = len(rows.COLUMNS)
    keys = {row.id: blob_key(row.project_id, row.planned_image_id) for row in taken if row.planned_image_id is not None}
    standing = outbox.standing(tx, set(keys.values()))
    inputs = _inputs(tx, [row.id for row in taken])
    claimed = []
    for row in taken:
        old, again = Generation(*row[:width]), keys.get(row.id) in standing
        new = msgspec.structs.replace(
            old,
            status="processing",
            claimed_by=runner,
            lease_until=now + LEASE_MS,
            started_at=now if old.started_at is None else old.started_at,
            attempts=old.attempts + 1,
            planned_image_id=old.planned_image_id if again else ImageId(new_id()),
            updated_at=max(now, old.updated_at),
        )
        who = _caller(old, *row[width:])
        claimed.append(Claimed(new, who, inputs.get((old.id, old.run), ()), again))
    tx.execute(_CLAIM, [_claim_values(one.generation) for one in claimed])
    outbox.intend_all(tx, [blob_key(one.generation.project_id, one.planned) for one in claimed], now)
    return claimed


_CLAIMED_COLUMNS = ("claimed_by", "lease_until", "started_at", "attempts", "planned_image_id", "updated_at")
_CLAIM = (
    generations.update()
    .where(generations.c.id == bindparam("generation"))
    .values(status="processing", **{name: bindparam(f"new_{name}") for name in _CLAIMED_COLUMNS})
)


def _claim_values(generation: Generation) -> dict[str, Any]:
    new = {f"new_{name}": getattr(generation, name) for name in _CLAIMED_COLUMNS}
    return {"generation": generation.id, **new}


def _inputs(tx: Reading, ids: Collection[GenerationId]) -> dict[tuple[GenerationId, int], tuple[Input, ...]]:
    table = generation_inputs.c
    query = (
        sa.select(table.generation_id, table.run, *(table[name] for name in Input._fields))
        .where(table.generation_id.in_(ids))
        .order_by(table.generation_id, table.run, table.position)
    )
    found: dict[tuple[GenerationId, int], tuple[Input, ...]] = {}
    for row in tx.all(query):
        name = GenerationId(row.generation_id), row.run
        found[name] = (*found.get(name, ()), Input(row.position, row.role, row.image_id, row.alias, row.sha256))
    return found


def _caller(generation: Generation, project_slug: str, organization_slug: str, settings: dict[str, Any]) -> Caller:
    """Whoever asked, as what is done in their name is recorded. Rows take the key that is none: of a live URL."""
    return Caller(
        key=cast("KeyId", generation.key_id),
        project=generation.project_id,
        organization_slug=organization_slug,  # type: ignore[arg-type]
        project_slug=project_slug,  # type: ignore[arg-type]
        scopes=frozenset(),
        settings=preferences.read_back(settings),
    )


def renew(tx: Writing, runner: str, held: Mapping[GenerationId, BlobKey], now: int) -> None:
    """The leases, and the intents of the bytes. A row that somebody has in his hands is left for the next time."""
    mine = (generations.c.id.in_(held), is_processing, generations.c.claimed_by == runner)
    found = _locked(tx, *mine, skip=True)
    if found:
        tx.execute(generations.update().where(generations.c.id.in_(found)).values(lease_until=now + LEASE_MS))
        outbox.renew_intents(tx, [held[one] for one in found], now)


def _locked(tx: Writing, *which: sa.ColumnElement[bool], skip: bool) -> list[GenerationId]:
    """In the order of everyone who locks several."""
    query = sa.select(generations.c.id).where(*which).order_by(generations.c.id)
    return [GenerationId(row.id) for row in tx.all(query.with_for_update(skip_locked=skip, key_share=True))]


def change(tx: Writing, claimed: Generation, **columns: object) -> bool:
    """Write into the row, if it is still ours. False: cancelled, deleted, or taken over by another."""
    statement = generations.update().where(_MINE).values(**columns)
    return tx.execute(statement, token(claimed)) == 1


def is_mine(tx: Reading, claimed: Generation) -> bool:
    return tx.one_or_none(sa.select(generations.c.id).where(_MINE), token(claimed)) is not None


def token(claimed: Generation) -> dict[str, Any]:
    """What tells this claim from every other one: runners, runs and attempts change."""
    return {
        "generation": claimed.id,
        "of_run": claimed.run,
        "runner": claimed.claimed_by,
        "attempt": claimed.attempts,
    }


def release(tx: Writing, claimed: Generation, due_at: int, now: int, *, untried: bool = False) -> bool:
    """Pending again. What was untried does not count as an attempt. False: it is not ours any more."""
    attempts = claimed.attempts - 1 if untried else claimed.attempts
    free = {"status": "pending", "claimed_by": None, "lease_until": None, "attempts": attempts}
    return change(tx, claimed, **free, due_at=due_at, updated_at=max(now, claimed.updated_at))


def expired(tx: Reading, before: int) -> int:
    """How many were left by a runner that is gone: their lease ended before then."""
    left = sa.select(sa.func.count()).select_from(generations).where(is_processing, generations.c.lease_until < before)
    return int(tx.scalar(left))


def take_over(tx: Writing, now: int, *, of: str | None = None) -> int:
    """What dead runners had is pending again, in its old place: those of `of`, or all whose lease has passed.

    Returns how many.
    """
    dead = generations.c.lease_until < now if of is None else generations.c.claimed_by == of
    found = _locked(tx, is_processing, dead, skip=of is None)
    free = {"status": "pending", "claimed_by": None, "lease_until": None, "updated_at": now}
    if found:
        tx.execute(generations.update().where(generations.c.id.in_(found)).values(**free))
    return len(found)
