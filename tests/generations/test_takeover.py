"""Runners come and go; what they had goes on."""

from uuid import uuid4

from tests.generations.providers import Gate, picture
from tests.generations.studio import Studio

from atpix import doctor, outbox
from atpix.generations.lives import Life
from atpix.ids import GenerationId, ImageId, blob_key, new_id
from atpix.providers.values import Queued


def left_by(studio: Studio, runner: str, *, lease_s: int = 60, **columns: object) -> GenerationId:
    """What a runner had when it was killed."""
    now = studio.clock()
    planned = ImageId(new_id())
    with studio.svc.db.transaction() as tx:
        outbox.intend(tx, blob_key(studio.project.caller.project, planned), now)
    lease = {"claimed_by": runner, "lease_until": now + lease_s * 1000, "started_at": now, "attempts": 1}
    return studio.ask(status="processing", planned_image_id=planned, **lease, **columns)


def grave(studio: Studio) -> str:
    """Of a runner whose process is gone: its file is there, and nobody holds its lock."""
    runner = str(uuid4())
    folder = studio.svc.settings.data / "runners" / runner
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    return runner


def test_a_dead_runner_of_this_machine_is_succeeded_at_once(studio: Studio):
    dead = grave(studio)
    asked = [left_by(studio, dead) for _ in range(3)]

    studio.runner()

    assert {studio.ended(one).status for one in asked} == {"success"}
    assert not (studio.svc.settings.data / "runners" / dead).exists()
    assert {studio.row(one).attempts for one in asked} == {2}


def test_a_runner_of_another_machine_is_succeeded_when_its_lease_has_ended(studio: Studio):
    generation = left_by(studio, str(uuid4()), lease_s=120)
    mark = studio.ask()
    runner = studio.runner()
    studio.ended(mark)
    assert studio.row(generation).status == "processing"

    studio.clock.advance(121)
    studio.until(lambda: studio.hurry(runner) or studio.row(generation).status == "success")

    assert len(studio.provider.calls) == 2


def test_a_runner_that_lives_keeps_what_it_has(studio: Studio):
    gate, generation, first = studio.held_up()

    second = studio.runner()
    studio.ended(studio.ask())
    assert studio.row(generation).claimed_by == first.id
    second.stop(30)
    gate.let_through()

    assert studio.ended(generation).attempts == 1


def test_bytes_that_are_there_are_not_asked_for_again(studio: Studio):
    generation = left_by(studio, grave(studio), cost_micro_usd=5)
    row = studio.row(generation)
    studio.svc.blobs.put(blob_key(row.project_id, row.planned_image_id), picture(3))

    studio.runner()

    done = studio.ended(generation)
    assert (done.status, done.output_image_id, done.cost_micro_usd) == ("success", row.planned_image_id, 5)
    assert studio.provider.calls == []


def test_a_plan_that_was_swept_is_made_anew(studio: Studio):
    generation = left_by(studio, grave(studio))
    old = studio.row(generation)
    with studio.svc.db.transaction() as tx:
        outbox.fulfil(tx, blob_key(old.project_id, old.planned_image_id))

    studio.runner()

    assert studio.ended(generation).output_image_id != old.planned_image_id


def test_a_job_at_a_provider_is_asked_after_by_whoever_takes_over(studio: Studio):
    generation = left_by(studio, grave(studio), provider_ref="job-7")

    studio.runner()

    assert studio.ended(generation).status == "success"
    assert (studio.provider.calls, studio.provider.polls) == ([], ["job-7"])


def test_one_that_was_away_for_an_hour_still_gets_its_call(studio: Studio):
    generation = left_by(studio, grave(studio))
    studio.clock.advance(3000)

    studio.runner()

    assert studio.ended(generation).status == "success"


def test_what_kills_every_runner_is_given_up(studio: Studio):
    generation = left_by(studio, grave(studio))
    studio.set(generation, attempts=5)

    studio.runner()

    assert studio.ended(generation).error_code == "PROVIDER_ERROR"
    assert studio.provider.calls == []


def test_stopping_waits_for_the_call_under_way_and_gives_back_the_rest(new_studio):
    studio = new_studio(generation_threads=1)
    gate = Gate(then=Queued("job-1", 3600))
    studio.provider.answers.append(gate)
    first, second = studio.ask(), studio.ask()
    runner = studio.runner()
    assert gate.reached.wait(30)

    gate.let_through()
    studio.until(lambda: studio.row(second).status == "success")
    runner.stop(30)

    row = studio.row(first)
    assert (row.status, row.provider_ref, row.claimed_by, row.attempts) == ("pending", "job-1", None, 0)
    assert list((studio.svc.settings.data / "runners").iterdir()) == []
    studio.runner()
    assert studio.ended(first).status == "success"
    assert (len(studio.provider.calls), studio.provider.polls) == (2, ["job-1"])
    studio.settled()


def test_a_runner_that_is_still_at_work_when_it_should_stop_keeps_its_claim_and_ends_it(studio: Studio):
    gate, generation, first = studio.held_up()
    first.stop(0)

    second = studio.runner()
    studio.ended(studio.ask())
    assert studio.row(generation).claimed_by == first.id
    gate.let_through()

    assert studio.ended(generation).status == "success"
    assert len(studio.provider.calls) == 2
    second.stop(30)


def test_the_folder_of_a_runner_goes_with_it(studio: Studio):
    runner = studio.runner()
    studio.ended(studio.ask())

    runner.stop(30)
    runner.stop(30)

    assert list((studio.svc.settings.data / "runners").iterdir()) == []
    life = Life(studio.svc.settings.data, str(uuid4()))
    life.bury(lambda dead: (_ for _ in ()).throw(AssertionError(dead)))
    life.end()


def test_the_doctor_sees_what_nobody_comes_for_and_puts_it_back(studio: Studio):
    generation = left_by(studio, str(uuid4()))
    studio.clock.advance(360)

    (finding,) = doctor.examine(studio.svc).findings
    doctor.repair(studio.svc, doctor.Diagnosis((finding,)))

    assert finding.kind == "stuck_work"
    assert studio.row(generation).status == "pending"
    assert doctor.examine(studio.svc).healthy
