"""The last transaction: everything about a run becomes true at once, or nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests import in_process
from tests.access import Access
from tests.generations.providers import failed
from tests.generations.studio import Studio

from atpix.db import Database
from atpix.db.generation_tables import generations
from atpix.db.tables import flows
from atpix.errors import StorageUnavailable
from atpix.generations import finishing
from atpix.ids import Alias, FlowId, GenerationId, ImageId, new_id
from atpix.images import aliases
from atpix.images import flows as image_flows
from atpix.images.aliases import Move
from atpix.projects import actions
from atpix.providers.values import Queued


def new_flow(studio: Studio) -> FlowId:
    flow = FlowId(new_id())
    with studio.svc.db.transaction() as tx:
        image_flows.ensure(tx, studio.project.caller, flow, studio.clock())
    return flow


def holder(studio: Studio, name: str, flow: FlowId | None = None) -> ImageId | None:
    with studio.svc.db.read() as tx:
        return aliases.holder(tx, studio.project.caller, Alias(name), flow)


def move(studio: Studio, name: str, to: ImageId, flow: FlowId | None = None) -> None:
    with studio.svc.db.transaction() as tx:
        aliases.lock_scope(tx, studio.project.caller, flow)
        aliases.move(tx, studio.project.caller, Move(alias=Alias(name), to=to, flow=flow), at=studio.clock())


def made(studio: Studio, **columns: object) -> tuple[GenerationId, ImageId]:
    generation = studio.ask(**columns)
    runner = studio.runner()
    output = studio.ended(generation).output_image_id
    assert output is not None
    runner.stop(30)
    return generation, output


def remade(studio: Studio, generation: GenerationId) -> ImageId:
    studio.again(generation)
    runner = studio.runner()
    output = studio.ended(generation).output_image_id
    assert output is not None
    runner.stop(30)
    return output


def test_the_image_has_the_names_that_were_asked_for_and_the_flow(studio: Studio):
    flow = new_flow(studio)
    before = in_process.upload(studio.svc, studio.project.caller, alias=Alias("@hero"))

    generation, output = made(studio, alias="@hero", flow_id=flow, flow_alias="@cover")

    image = studio.image(generation)
    assert (image.alias, image.flow_aliases, image.flow_id) == ("@hero", ["@cover"], flow)
    assert holder(studio, "@hero") == output != before.id


def test_regenerating_moves_every_name_of_the_old_image_to_the_new_one(studio: Studio):
    flow, other = new_flow(studio), new_flow(studio)
    generation, first = made(studio, alias="@hero", flow_id=flow, flow_alias="@cover")
    move(studio, "@also", first, other)

    second = remade(studio, generation)

    assert first != second
    assert {holder(studio, "@hero"), holder(studio, "@cover", flow), holder(studio, "@also", other)} == {second}
    assert sorted(studio.images()) == sorted([first, second])
    assert studio.row(generation).run == 2


def test_a_name_that_another_image_was_given_meanwhile_stays_there(studio: Studio):
    generation, _first = made(studio, alias="@hero")
    other = in_process.upload(studio.svc, studio.project.caller)
    move(studio, "@hero", other.id)

    remade(studio, generation)

    assert holder(studio, "@hero") == other.id


def test_a_run_after_one_that_failed_gets_the_names_that_were_asked_for(studio: Studio):
    studio.provider.answers.append(failed())
    generation = studio.ask(alias="@hero")
    runner = studio.runner()
    assert studio.ended(generation).status == "failed"
    runner.stop(30)

    assert remade(studio, generation) == holder(studio, "@hero")


Deed = Callable[[Studio, GenerationId], None]


def deletes(studio: Studio, generation: GenerationId) -> None:
    with studio.svc.db.transaction() as tx:
        tx.execute(generations.delete().where(generations.c.id == generation))


def cancels(studio: Studio, generation: GenerationId) -> None:
    with studio.svc.db.transaction() as tx:
        assert finishing.cancel(tx, studio.row(generation), studio.clock())


def deletes_the_flow(studio: Studio, generation: GenerationId) -> None:
    with studio.svc.db.transaction() as tx:
        tx.execute(flows.delete().where(flows.c.id == studio.row(generation).flow_id))


@pytest.mark.parametrize("deed", [deletes, cancels, deletes_the_flow])
def test_what_nobody_wants_any_more_when_its_picture_comes_leaves_nothing(studio: Studio, deed: Deed):
    gate, generation, runner = studio.held_up(flow_id=new_flow(studio), alias="@hero")

    deed(studio, generation)
    gate.let_through()
    studio.until(lambda: runner.held == 0)

    assert studio.images() == []
    assert holder(studio, "@hero") is None


@pytest.mark.parametrize("deed", [deletes, cancels])
def test_a_job_that_was_handed_in_meanwhile_is_cancelled_at_its_provider(studio: Studio, deed: Deed):
    gate, generation, runner = studio.held_up(then=Queued("job-1", 3600))

    deed(studio, generation)
    gate.let_through()
    studio.until(lambda: runner.held == 0)

    assert studio.provider.cancelled == ["job-1"]


def test_one_that_waits_can_be_cancelled_and_is_never_begun(studio: Studio):
    generation = studio.ask()

    cancels(studio, generation)
    runner = studio.runner()
    runner.stop(30)

    row = studio.row(generation)
    assert (row.status, row.error_code, studio.provider.calls) == ("failed", "CANCELLED", [])


def test_one_that_waits_for_another_attempt_can_be_cancelled(studio: Studio):
    studio.provider.answers.append(failed(worth_retrying=True, retry_after_s=60))
    generation = studio.ask()
    runner = studio.runner()
    studio.until(lambda: studio.row(generation).status == "pending" and studio.row(generation).attempts == 1)

    cancels(studio, generation)
    studio.clock.advance(61)
    runner.wake()
    runner.stop(30)

    assert studio.row(generation).error_code == "CANCELLED"
    assert len(studio.provider.calls) == 1


def test_one_that_has_ended_cannot_be_cancelled(studio: Studio):
    generation, _output = made(studio)

    with studio.svc.db.transaction() as tx:
        assert not finishing.cancel(tx, studio.row(generation), studio.clock())

    assert studio.row(generation).status == "success"


def test_a_run_that_was_cancelled_and_begun_anew_has_the_new_runs_image(studio: Studio):
    gate, generation, runner = studio.held_up()

    cancels(studio, generation)
    studio.again(generation, error_code=None, error_message=None)
    runner.wake()
    row = studio.ended(generation)
    gate.let_through()
    runner.stop(30)

    assert (row.status, row.run) == ("success", 2)
    assert studio.images() == [row.output_image_id]
    assert [call.identity for call in studio.provider.calls] == [f"{generation}-1", f"{generation}-2"]


def test_a_key_that_is_revoked_meanwhile_stops_nothing(studio: Studio):
    gate, generation, _ = studio.held_up(alias="@hero")

    actions.revoke_key(studio.svc, studio.project.caller.key)
    gate.let_through()

    assert studio.ended(generation).status == "success"
    assert holder(studio, "@hero") is not None


FAULTS = ["claimed", "planned", "stored", "finish", "finished"]


@pytest.mark.parametrize("point", FAULTS)
def test_a_fault_of_our_own_anywhere_ends_with_one_image_and_one_answered_call(new_studio, point: str):
    studio = new_studio()
    left = [2]

    def faulty(here: str) -> None:
        if here == f"generation.{point}" and left[0]:
            left[0] -= 1
            raise StorageUnavailable("It is away for a moment.")

    studio.svc = replace(studio.svc, failpoint=faulty)
    generation = studio.ask(alias="@hero")
    runner = studio.runner()

    def goes_on() -> bool:
        studio.clock.advance(5)  # until its pause, or the lease of what was dropped, has ended
        studio.hurry(runner)
        return studio.row(generation).status in {"success", "failed"}

    studio.until(goes_on)

    assert studio.row(generation).status == "success"
    assert len(studio.images()) == len(studio.provider.calls) == 1
    runner.stop(30)
    studio.settled()


def test_a_database_that_answers_nobody_for_a_while_loses_no_picture(new_studio, tmp_path):
    studio = new_studio(database_timeout_s=0.1)
    gate, generation, runner = studio.held_up()

    other = Database.open(studio.svc.settings.database)
    with other.transaction() as tx:
        if tx.dialect == "postgresql":
            tx.execute(sa.text("LOCK TABLE generations IN ACCESS EXCLUSIVE MODE"))
        gate.let_through()
        studio.until(lambda: len(in_process.keys_of(studio.svc.blobs)) == 1)
    other.close()

    studio.until(lambda: runner.held == 0)
    assert studio.row(generation).status == "success"
    assert len(studio.provider.calls) == 1
    runner.stop(30)
    studio.settled()


def test_the_record_of_a_run_says_who_and_what_and_how_much(studio: Studio):
    flow = new_flow(studio)
    generation, output = made(studio, flow_id=flow)
    second = remade(studio, generation)

    caller = studio.project.caller
    assert [
        (one.project_id, one.generation_id, one.run, one.image_id, one.flow_id, one.key_id, one.provider, one.model)
        for one in studio.ledger()
    ] == [
        (caller.project, generation, 1, output, flow, caller.key, "scripted", "scripted-1"),
        (caller.project, generation, 2, second, flow, caller.key, "scripted", "scripted-1"),
    ]
    assert {(one.outcome, one.cost_micro_usd, one.usage["images"]) for one in studio.ledger()} == {
        ("success", 40_000, 1)
    }


def test_a_run_that_failed_or_was_cancelled_is_recorded_at_no_cost(studio: Studio):
    studio.provider.answers.append(failed("CONTENT_BLOCKED"))
    first, second = studio.ask(), studio.ask(due_at=studio.clock() + 60_000)
    cancels(studio, second)
    studio.runner()
    studio.ended(first)

    assert {(one.generation_id, one.outcome, one.cost_micro_usd) for one in studio.ledger()} == {
        (first, "failed", 0), (second, "failed", 0),
    }  # fmt: skip


def test_projects_do_not_see_one_another_in_what_is_made(studio: Studio):
    other: Access = studio.new_project()
    first, second = studio.ask(alias="@hero"), studio.ask(other, alias="@hero")
    studio.runner()
    for generation in (first, second):
        studio.ended(generation)

    assert studio.image(first).project_id != studio.image(second, other).project_id
    assert studio.image(first).alias == studio.image(second, other).alias == "@hero"
