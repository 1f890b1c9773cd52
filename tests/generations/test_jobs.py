"""Jobs that providers have queued: asked after until they end, and given up where nobody wants or knows them."""

from contextlib import closing

import sqlalchemy as sa
from tests.generations.providers import Gate, failed
from tests.generations.studio import Studio
from tests.providers.conftest import Answer, StandIn
from tests.providers.standins import fal

from atpix.generations import finishing
from atpix.providers.fal import Fal
from atpix.providers.values import Queued


def test_a_job_that_a_provider_has_queued_is_asked_after_and_holds_no_thread(studio: Studio):
    studio.provider.answers.extend([Queued("job-1", 0), Queued("job-1", 0), Queued("job-1", 0)])
    generation = studio.ask()
    studio.runner()

    row = studio.ended(generation)

    assert (row.status, row.provider_ref) == ("success", None)
    assert (len(studio.provider.calls), studio.provider.polls) == (1, ["job-1"] * 3)


def test_a_poll_that_fails_is_repeated_and_a_job_that_is_over_is_begun_anew(studio: Studio):
    studio.provider.answers.extend(
        [
            Queued("job-1", 0),
            failed(worth_retrying=True, retry_after_s=0),
            failed(worth_retrying=True, retry_after_s=0, job_over=True),
            Queued("job-2", 0),
        ]
    )
    generation = studio.ask()
    studio.runner()

    assert studio.ended(generation).status == "success"
    assert (len(studio.provider.calls), studio.provider.polls) == (2, ["job-1", "job-1", "job-2"])
    assert studio.provider.cancelled == []


def test_a_job_that_takes_too_long_is_cancelled_at_its_provider(studio: Studio):
    polled = Gate(Queued("job-1", 0))
    studio.provider.answers.extend([Queued("job-1", 0), polled, *[Queued("job-1", 0)] * 1000])
    generation = studio.ask()
    runner = studio.runner()
    assert polled.reached.wait(30)

    studio.clock.advance(301)
    polled.let_through()
    row = studio.ended(generation)
    runner.stop(30)

    assert (row.status, row.error_code) == ("failed", "PROVIDER_TIMEOUT")
    assert studio.provider.cancelled == ["job-1"]


def test_a_job_that_cannot_be_asked_after_any_more_is_cancelled_with_its_run(studio: Studio):
    studio.provider.answers.extend([Queued("job-1", 0), failed()])
    generation = studio.ask()
    studio.runner()

    assert studio.ended(generation).error_code == "PROVIDER_ERROR"
    studio.until(lambda: studio.provider.cancelled == ["job-1"])


def test_a_cancelled_job_is_not_asked_after_any_more(studio: Studio):
    polled = Gate(Queued("job-1", 0))
    studio.provider.answers.extend([Queued("job-1", 0), polled])
    generation = studio.ask()
    runner = studio.runner()
    assert polled.reached.wait(30)

    with studio.svc.db.transaction() as tx:
        assert finishing.cancel(tx, studio.row(generation), studio.clock())
    polled.let_through()
    studio.until(lambda: runner.held == 0)

    assert studio.provider.polls == ["job-1"]
    assert studio.row(generation).error_code == "CANCELLED"


def takes_no_jobs(studio: Studio) -> None:
    """The database refuses whatever would be asked after."""
    with studio.svc.db.transaction() as tx:
        if tx.dialect == "postgresql":
            tx.execute(sa.text("ALTER TABLE generations ADD CHECK (provider_ref IS NULL)"))
        else:
            refuse = "BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed'); END"
            when = "BEFORE UPDATE ON generations WHEN NEW.provider_ref IS NOT NULL"
            tx.execute(sa.text(f"CREATE TRIGGER takes_no_jobs {when} {refuse}"))


def test_a_job_that_the_database_does_not_take_is_cancelled_at_its_provider(new_studio):
    with closing(StandIn()) as stand_in:
        stand_in.answers = [fal.accepted(), Answer({"status": "CANCELLATION_REQUESTED"}, 202)]
        studio = new_studio(fal_api_key=fal.KEY, fal_base_url=stand_in.url)
        studio.with_providers(Fal(studio.svc.settings))
        takes_no_jobs(studio)
        generation = studio.ask(provider="fal")
        runner = studio.runner()

        row = studio.ended(generation)
        runner.stop(30)

    assert (row.status, row.error_code, row.provider_ref) == ("failed", "INTERNAL_ERROR", None)
    assert [(asked.method, asked.path) for asked in stand_in.transcript] == [
        ("POST", "/fal-ai/flux/schnell"),
        ("PUT", f"{fal.JOB}/cancel"),
    ]
    studio.settled()
