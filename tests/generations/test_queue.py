"""Who is next: limits that hold over runners, and nobody who waits for ever."""

from collections import Counter

import sqlalchemy as sa
from tests.generations.providers import Gate, Scripted
from tests.generations.studio import Studio

from atpix.db.generation_tables import generations
from atpix.generations import queue, turns
from atpix.generations.queue import Taken
from atpix.generations.turns import Limits
from atpix.ids import new_id
from atpix.settings import ProviderLimit


def limits(studio: Studio, at_once: int = 8) -> Limits:
    providers = studio.svc.providers
    return Limits(providers.limit, frozenset(providers.names), at_once, unknown_after_ms=300_000)


def claim(studio: Studio, free: int = 100, *, at_once: int = 8) -> Taken:
    with studio.svc.db.transaction() as tx:
        return queue.claim(tx, new_id(), limits(studio, at_once), studio.clock(), free)


def flood(studio: Studio, count: int, **columns: object) -> None:
    one = studio.row(studio.ask(**columns))
    rows = [
        {name: getattr(one, name) for name in type(one).__struct_fields__} | {"id": new_id()} for _ in range(count - 1)
    ]
    with studio.svc.db.transaction() as tx:
        tx.execute(generations.insert(), rows)


def test_a_flood_of_one_project_does_not_delay_another(studio: Studio):
    flood(studio, 200)
    studio.clock.advance(1)
    other = studio.new_project()
    last = studio.ask(other)

    taken = claim(studio, free=3)

    by_project = Counter(one.generation.project_id for one in taken.claimed)
    assert by_project == {studio.project.caller.project: 2, other.caller.project: 1}
    assert taken.left
    assert last in {one.generation.id for one in taken.claimed}


def test_the_project_with_the_fewest_under_way_goes_first(studio: Studio):
    flood(studio, 20)
    assert len(claim(studio, free=4).claimed) == 4
    others = [studio.new_project() for _ in range(3)]
    asked = {studio.ask(other) for other in others}

    assert {one.generation.id for one in claim(studio, free=3).claimed} == asked


def test_of_one_project_the_oldest_goes_first(studio: Studio):
    asked = []
    for _ in range(5):
        studio.clock.advance(1)
        asked.append(studio.ask())

    assert [one.generation.id for one in claim(studio, free=3).claimed] == asked[:3]


def test_a_projects_own_limit_counts_over_its_providers_and_claims(studio: Studio):
    busy, relaxed = studio.new_project(generationsAtOnce=3), studio.new_project()
    for project in (busy, relaxed):
        for _ in range(5):
            studio.ask(project)

    taken = [claim(studio, at_once=4) for _ in range(3)]

    by_project = Counter(one.generation.project_id for each in taken for one in each.claimed)
    assert by_project == {busy.caller.project: 3, relaxed.caller.project: 4}
    assert [len(each.claimed) for each in taken] == [7, 0, 0]
    assert all(each.left for each in taken)


def test_a_providers_limit_counts_over_projects(studio: Studio):
    studio.with_providers(scripted=ProviderLimit(at_once=2))
    for project in (studio.project, studio.new_project()):
        for _ in range(3):
            studio.ask(project)

    assert [len(claim(studio).claimed) for _ in range(2)] == [2, 0]


def test_two_runners_together_keep_to_the_limit(studio: Studio):
    project = studio.new_project(generationsAtOnce=3)
    gates = [Gate() for _ in range(3)]
    studio.provider.answers.extend(gates)
    asked = [studio.ask(project) for _ in range(12)]
    runners = [studio.runner() for _ in range(2)]
    for gate in gates:
        assert gate.reached.wait(30)

    for runner in runners:
        runner.wake()
    assert claim(studio).claimed == []
    for gate in gates:
        gate.let_through()

    assert {studio.ended(one).status for one in asked} == {"success"}
    assert studio.provider.most_at_once == 3
    assert len(studio.provider.calls) == 12


def test_no_more_than_so_many_a_minute_are_asked_of_a_provider(studio: Studio):
    studio.with_providers(scripted=ProviderLimit(at_once=10, per_minute=2))
    for _ in range(5):
        studio.ask()

    assert [len(claim(studio).claimed) for _ in range(2)] == [2, 0]
    studio.clock.advance(61)
    assert [len(claim(studio).claimed) for _ in range(2)] == [2, 0]
    studio.clock.advance(61)
    assert [len(claim(studio).claimed) for _ in range(2)] == [1, 0]


def test_what_waits_for_its_time_is_not_claimed_before(studio: Studio):
    studio.ask(due_at=studio.clock() + 5000)

    early = claim(studio)
    studio.clock.advance(6)

    assert (early.claimed, early.left) == ([], False)
    assert early.next_due_at is not None
    assert len(claim(studio).claimed) == 1


def test_what_is_asked_of_a_provider_that_nobody_has_fails_in_the_end(studio: Studio):
    generation = studio.ask(provider="unheard-of")
    runner = studio.runner()
    assert claim(studio).claimed == []

    studio.clock.advance(301)
    runner.wake()

    row = studio.ended(generation)
    assert (row.status, row.error_code) == ("failed", "PROVIDER_ERROR")
    assert "unheard-of" in row.error_message


def test_each_provider_has_its_own_queue(studio: Studio):
    class Slow(Scripted):
        name = "slow"

    studio.with_providers(studio.provider, Slow(), slow=ProviderLimit(at_once=1))
    for provider in ("slow", "slow", "scripted"):
        studio.ask(provider=provider)

    assert sorted(one.generation.provider for one in claim(studio).claimed) == ["scripted", "slow"]


def test_a_long_queue_is_looked_into_by_its_index(studio: Studio):
    """However long it is, its rows are not read."""
    if studio.svc.db.is_sqlite:
        with studio.svc.db.read() as tx:
            steps = [row.detail for row in tx.all(sa.text(f"EXPLAIN QUERY PLAN {turns._HEADS}"))]
        looks = [step for step in steps if step.startswith(("SCAN g", "SEARCH g"))]
        assert len(looks) == 5
        assert all("generations_pending" in look for look in looks)


def test_what_was_given_back_to_wait_for_its_provider_does_not_fail_at_once(studio: Studio):
    """A runner that ends gives it back in its old place, which may be long ago."""
    long_ago = studio.clock() - 400_000
    studio.ask(provider="unheard-of", due_at=long_ago)
    assert claim(studio).claimed == []

    studio.clock.advance(301)

    assert len(claim(studio).claimed) == 1
