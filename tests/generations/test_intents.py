"""Bytes that are to come: their intents live as long as the run, and nothing of them is left over."""

import sqlalchemy as sa
from tests.generations.providers import LONG_S
from tests.generations.studio import Studio

from atpix import outbox
from atpix.db.tables import upload_intents
from atpix.generations import queue
from atpix.ids import BlobKey, GenerationId, blob_key
from atpix.worker import run_once


def planned(studio: Studio, generation: GenerationId) -> BlobKey:
    row = studio.row(generation)
    assert row.planned_image_id is not None
    return blob_key(row.project_id, row.planned_image_id)


def intended_at(studio: Studio, key: BlobKey) -> int:
    with studio.svc.db.read() as tx:
        return tx.scalar(sa.select(upload_intents.c.created_at).where(upload_intents.c.blob_key == key))


def test_a_call_that_takes_longer_than_an_intent_lives_is_made_once(new_studio):
    studio = new_studio(intent_ttl_s=5)
    gate, generation, runner = studio.held_up(renew_every_s=0.01)

    for _ in range(3):
        studio.clock.advance(4)
        later = studio.clock()
        studio.until(lambda: intended_at(studio, planned(studio, generation)) >= later)  # noqa: B023
        run_once(studio.svc)
    gate.let_through()

    assert studio.ended(generation).status == "success"
    assert len(studio.provider.calls) == 1
    runner.stop(LONG_S)
    studio.settled()


def test_bytes_that_come_after_the_sweeper_go_and_the_next_attempt_plans_others(studio: Studio):
    gate, generation, _ = studio.held_up()

    old = planned(studio, generation)
    with studio.svc.db.transaction() as tx:
        outbox.sweep_abandoned(tx, studio.clock() + 1, studio.clock(), most=10)
    run_once(studio.svc)
    gate.let_through()

    row = studio.ended(generation)
    assert (row.status, row.attempts) == ("success", 2)
    assert planned_of_image(studio, generation) != old


def planned_of_image(studio: Studio, generation: GenerationId) -> BlobKey:
    return blob_key(studio.project.caller.project, studio.image(generation).id)


def test_a_run_that_was_ended_for_being_late_leaves_no_bytes_behind_the_sweeper(studio: Studio):
    gate, generation, runner = studio.held_up()

    studio.clock.advance(301)
    runner.wake()
    assert studio.ended(generation).error_code == "PROVIDER_TIMEOUT"
    run_once(studio.svc)
    gate.let_through()

    runner.stop(LONG_S)


def test_a_row_that_somebody_else_has_in_hand_does_not_hold_up_the_leases_of_others(studio: Studio):
    first, second = studio.ask(), studio.ask()
    runner = studio.runner(start=False)
    with studio.svc.db.transaction() as tx:
        taken = queue.claim(tx, runner.id, runner._limits, studio.clock(), 2)
    held = {one.generation.id: blob_key(one.generation.project_id, one.planned) for one in taken.claimed}
    studio.clock.advance(10)
    later = studio.clock()

    def renew() -> None:
        with studio.svc.db.transaction() as tx:
            queue.renew(tx, runner.id, held, studio.clock())

    if studio.svc.db.is_sqlite:
        renew()
    else:
        with studio.svc.db.transaction() as tx:
            tx.one_or_none(sa.text("SELECT id FROM generations WHERE id = :id FOR UPDATE"), {"id": first})
            renew()

    assert studio.row(second).lease_until >= later + queue.LEASE_MS
