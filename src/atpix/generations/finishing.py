"""How a run ends: one transaction, in which everything about it becomes true at once, or nothing.

Only whoever still has the claim may end a run. Bytes of one that has lost it belong to nobody and go.
"""

from typing import Any, NamedTuple

import sqlalchemy as sa

from atpix import outbox
from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.generation_tables import generations
from atpix.db.tables import aliases as names
from atpix.generations import ledger, queue
from atpix.generations.queue import Claimed
from atpix.generations.rows import SELECT, Generation, of_row
from atpix.ids import Alias, BlobKey, FlowId, GenerationId, ImageId, blob_key
from atpix.images import aliases, rows
from atpix.images.aliases import Move
from atpix.images.rows import Image
from atpix.services import Services


class Outcome(NamedTuple):
    """What is written about a picture beside the picture."""

    model: str | None
    usage: dict[str, Any]
    cost_micro_usd: int
    warnings: list[str]


def succeed(svc: Services, claimed: Claimed, image: Image, outcome: Outcome) -> bool:
    """The image's row, its names, the generation's end and the ledger's record. False: the claim is lost, and the
    bytes are going.

    Raises StorageUnavailable, Overloaded: the commit may have happened, and the same may be tried again.
    """
    with svc.db.transaction() as tx:
        done = _succeeded(tx, svc, claimed, image, outcome)
        if not done:
            _disown(tx, claimed, svc.now())
        svc.failpoint("generation.finish")
    svc.failpoint("generation.finished")
    return done


def _succeeded(tx: Writing, svc: Services, claimed: Claimed, image: Image, outcome: Outcome) -> bool:
    run, who, now = claimed.generation, claimed.who, svc.now()
    _lock_scopes(tx, who, run)
    if not _still_mine(tx, run):
        return False
    if not outbox.fulfil(tx, blob_key(run.project_id, image.id)):  # swept: it took too long
        queue.change(tx, run, planned_image_id=None, provider_ref=None)
        queue.release(tx, run, now, now)
        return False
    rows.insert(tx, image)
    _name(tx, who, run, image.id, now)
    queue.change(
        tx,
        run,
        **_ENDED,
        status="success",
        error_code=None,
        error_message=None,
        output_image_id=image.id,
        model=outcome.model or run.model,
        usage=outcome.usage,
        cost_micro_usd=outcome.cost_micro_usd,
        warnings=outcome.warnings,
        processing_time_ms=ledger.time_taken_ms(run, now),
        updated_at=max(now, run.updated_at),
    )
    ledger.record(
        tx,
        run,
        "success",
        now,
        image=image.id,
        model=outcome.model,
        usage=outcome.usage,
        cost_micro_usd=outcome.cost_micro_usd,
    )
    return True


_ENDED: dict[str, object] = {
    "claimed_by": None,
    "lease_until": None,
    "planned_image_id": None,
    "provider_ref": None,
}


def _still_mine(tx: Writing, run: Generation) -> bool:
    """And nobody else's until the end of this transaction."""
    row = tx.one_or_none(sa.select(generations.c.id).where(generations.c.id == run.id).with_for_update(key_share=True))
    return row is not None and queue.is_mine(tx, run)


def _lock_scopes(tx: Writing, who: Caller, run: Generation) -> None:
    """In the order of everyone who moves names: the project, then its flows; before the rows that point at them."""
    if run.alias is not None or run.output_image_id is not None:
        aliases.lock_scope(tx, who)
    flows = {flow for _, flow in _names_of(tx, run.output_image_id) if flow is not None}
    if run.flow_id is not None:
        flows.add(run.flow_id)
    for flow in sorted(flows):
        aliases.lock_scope(tx, who, flow)


def _names_of(tx: Reading, image: ImageId | None) -> list[tuple[Alias, FlowId | None]]:
    if image is None:
        return []
    found = tx.all(sa.select(names.c.name, names.c.flow_id).where(names.c.image_id == image).order_by(names.c.id))
    return [(Alias(row.name), None if row.flow_id is None else FlowId(row.flow_id)) for row in found]


def _name(tx: Writing, who: Caller, run: Generation, image: ImageId, now: int) -> None:
    """A first image gets the names that were asked for; a later one those that the one before it has now.

    What was meanwhile given to another image, or taken away, stays so.
    """
    before = _output_of(tx, run.id)
    asked: list[tuple[Alias, FlowId | None]] = []
    if before is not None:
        asked = _names_of(tx, before)
    else:
        asked += [(Alias(run.alias), None)] if run.alias is not None else []
        asked += [(Alias(run.flow_alias), run.flow_id)] if run.flow_alias is not None else []
    for alias, flow in asked:
        aliases.move(tx, who, Move(alias=alias, to=image, flow=flow), at=now)


def _output_of(tx: Reading, generation: GenerationId) -> ImageId | None:
    """As it is now: it may have been deleted since the claim."""
    found = tx.scalar(sa.select(generations.c.output_image_id).where(generations.c.id == generation))
    return None if found is None else ImageId(found)


def fail(svc: Services, claimed: Claimed, code: str, message: str, warnings: list[str]) -> bool:
    """The run ends without an image. False: it was not ours any more."""
    with svc.db.transaction() as tx:
        now, run = svc.now(), claimed.generation
        mine = queue.change(tx, run, **_failed(run, code, message, now), warnings=warnings)
        if mine:
            ledger.record(tx, run, "failed", now)
        _disown(tx, claimed, now)
        return mine


def cancel(tx: Writing, run: Generation, now: int) -> bool:
    """For whoever asks for it: the run ends at once, whoever is at work on it. False: it had ended.

    A runner at work finds out when it is done, and takes the bytes away. The caller tells the provider, after the
    commit, when there is a `provider_ref`.
    """
    gone = _failed(run, "CANCELLED", "It was cancelled.", now)
    unended = (generations.c.id == run.id, generations.c.run == run.run, generations.c.status.in_(_UNENDED))
    idle = generations.c.claimed_by.is_(None)
    planned = tx.scalar(sa.select(generations.c.planned_image_id).where(*unended, idle).with_for_update())
    if tx.execute(generations.update().where(*unended).values(**gone)) == 0:
        return False
    ledger.record(tx, run, "failed", now)
    if planned is not None:
        _drop(tx, blob_key(run.project_id, ImageId(planned)), now)
    return True


_UNENDED = ("pending", "processing")


def _failed(run: Generation, code: str, message: str, now: int) -> dict[str, object]:
    return {
        **_ENDED,
        "status": "failed",
        "error_code": code,
        "error_message": message,
        "processing_time_ms": ledger.time_taken_ms(run, now),
        "updated_at": max(now, run.updated_at),
    }


def begin_anew(svc: Services, claimed: Claimed, due_at: int, *, keep_job: bool, untried: bool = False) -> bool:
    """Pending again, for another attempt. `keep_job`: the provider is at work on it still. False: not ours any more."""
    with svc.db.transaction(durable=False) as tx:
        now, run = svc.now(), claimed.generation
        if not keep_job:
            queue.change(tx, run, provider_ref=None)
        mine = queue.release(tx, run, due_at, now, untried=untried)
        if not mine:
            _disown(tx, claimed, now)
        return mine


def spoil(svc: Services, claimed: Claimed, due_at: int) -> bool:
    """What was stored is no picture: those bytes go, and another attempt plans others. False: not ours any more."""
    with svc.db.transaction() as tx:
        now, run = svc.now(), claimed.generation
        queue.change(tx, run, planned_image_id=None, provider_ref=None)
        mine = queue.release(tx, run, due_at, now)
        _disown(tx, claimed, now)
        return mine


def disown(svc: Services, claimed: Claimed) -> None:
    """The claim is lost, for all that its holder knows."""
    with svc.db.transaction() as tx:
        _disown(tx, claimed, svc.now())


def _disown(tx: Writing, claimed: Claimed, now: int) -> None:
    """The bytes that this claim has stored, or may have, go: unless whoever has taken the run over will use them."""
    row = tx.one_or_none(SELECT.where(generations.c.id == claimed.generation.id))
    if row is not None and not (now_is := of_row(row)).has_ended and now_is.planned_image_id == claimed.planned:
        return
    _drop(tx, blob_key(claimed.generation.project_id, claimed.planned), now)


def _drop(tx: Writing, key: BlobKey, now: int) -> None:
    """While an intent stands no image has the bytes. Where none does they may have come after the sweeper."""
    if outbox.fulfil(tx, key) or not outbox.owned(tx, [key]):
        outbox.delete_blob(tx, key, now)
