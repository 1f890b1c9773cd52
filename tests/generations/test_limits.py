"""Limits that hold whoever comes at once: a minute's generations, those that wait, a month's budget."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from tests import in_process
from tests.generations.api import PATH, code
from tests.generations.providers import Scripted

from atpix import windows
from atpix.db.generation_tables import generations as generation_table
from atpix.errors import AtpixError
from atpix.generations import actions
from atpix.generations.beginning import Order
from atpix.generations.references import Material
from atpix.ids import Alias
from atpix.projects.authentication import Authenticator
from atpix.providers.values import Capabilities


def test_every_answer_says_what_is_left_of_the_minute(generations, choose):
    choose(generationsPerMinute=3)

    answers = [generations.post() for _ in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"3"}
    assert len({answer.headers["x-ratelimit-reset"] for answer in answers}) == 1
    assert code(answers[3]) == (429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert generations.list()["pagination"]["total"] == 3


def test_a_refused_request_counts_for_nothing(generations, choose):
    choose(generationsPerMinute=1)

    assert generations.post(referenceImages=["@nobody"]).status_code == 404
    assert generations.post(provider="nobody").status_code == 400
    assert generations.post().status_code == 201


def test_every_run_counts(generations, raw, choose):
    choose(generationsPerMinute=3)
    made = generations.make()

    assert raw.post(f"{PATH}/{made['id']}/regenerate").status_code == 200
    assert raw.put(f"{PATH}/{made['id']}", json={"prompt": "another"}).status_code == 200
    assert raw.put(f"{PATH}/{made['id']}", json={"meta": {"free": True}}).status_code == 200
    assert code(raw.post(f"{PATH}/{made['id']}/replay")) == (429, "RATE_LIMIT_EXCEEDED")


def test_none_is_no_limit_of_its_own(generations, choose, svc):
    choose(generationsPerMinute=0)

    assert generations.post().headers["x-ratelimit-limit"] == str(svc.settings.writes_per_minute)


def test_an_answer_speaks_of_the_limit_that_is_nearer(generations, choose, svc, project):
    choose(generationsPerMinute=3)
    first = generations.post()
    most = svc.settings.writes_per_minute
    with svc.db.transaction() as tx:
        windows.count(tx, f"writes:{project.row.id}", svc.now(), period_ms=60_000, times=most - 2)

    second, refused = generations.post(), generations.post()

    told = [
        (one.headers["x-ratelimit-limit"], one.headers["x-ratelimit-remaining"]) for one in (first, second, refused)
    ]
    assert told == [("3", "2"), (str(most), "0"), (str(most), "0")]
    assert code(refused) == (429, "RATE_LIMIT_EXCEEDED")
    with svc.db.read() as tx:
        assert windows.seen(tx, f"generations:{project.row.id}", svc.now(), period_ms=60_000).n == 2


def test_of_many_at_once_exactly_as_many_pass_as_may(generations, choose):
    choose(generationsPerMinute=5)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: generations.post(wait_s=0).status_code, range(16)))

    assert sorted(answers).count(429) == 11
    assert generations.list()["pagination"]["total"] == 5


@pytest.fixture
def quiet(new_studio):
    """No runner: what is asked for waits."""
    return new_studio(generations_waiting=3, generations_per_minute=0)


def ask(studio, who=None, **order):
    return actions.create(
        studio.svc, who or studio.project.caller, Order(**{"prompt": "a fox", **order}), lambda _tx, _shown: None
    )


def tried(studio, who, **order):
    try:
        ask(studio, who, **order)
    except AtpixError as error:
        return error.code
    return "kept"


def test_a_minute_later_there_are_as_many_again(new_studio):
    studio = new_studio(generations_per_minute=1)
    ask(studio)
    assert tried(studio, None) == "RATE_LIMIT_EXCEEDED"

    studio.clock.advance(61)

    assert tried(studio, None) == "kept"


def test_no_more_may_wait_than_the_server_says(quiet):
    answers = [tried(quiet, None) for _ in range(5)]

    assert answers == ["kept"] * 3 + ["OVERLOADED"] * 2
    assert tried(quiet, quiet.new_project().caller) == "kept"


@pytest.fixture
def on_a_budget(quiet):
    """0.10 USD: two at 0.04 each, by the scripted provider's estimate."""
    return quiet.new_project(generationBudgetUsd=0.1).caller


def test_a_budget_holds_for_what_is_under_way(quiet, on_a_budget):
    assert [tried(quiet, on_a_budget) for _ in range(3)] == ["kept", "kept", "BUDGET_EXCEEDED"]


def test_of_many_at_once_the_budget_lets_exactly_those_pass_that_fit(quiet, on_a_budget):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tried(quiet, on_a_budget), range(8)))

    assert answers.count("kept") == 2
    assert answers.count("BUDGET_EXCEEDED") == 6


def test_what_was_spent_counts_until_the_month_ends(new_studio):
    studio = new_studio()
    project = studio.new_project(generationBudgetUsd=0.1)
    studio.runner()
    for _ in range(2):
        studio.ended(ask(studio, project.caller).shown.generation.id)
    assert tried(studio, project.caller) == "BUDGET_EXCEEDED"

    now = datetime.fromtimestamp(studio.clock() / 1000, UTC)
    following = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    studio.clock.advance((following - now).total_seconds() + 60)

    who = Authenticator(studio.svc.db, studio.clock, 0).look_up(project.key)
    assert tried(studio, who) == "kept"


def test_what_failed_frees_its_part_of_the_budget(quiet, on_a_budget):
    first = ask(quiet, on_a_budget).shown.generation.id
    ask(quiet, on_a_budget)

    actions.cancel(quiet.svc, on_a_budget, first, lambda _tx, _shown: None)

    assert [tried(quiet, on_a_budget) for _ in range(2)] == ["kept", "BUDGET_EXCEEDED"]


def test_a_budget_of_nothing_lets_pass_what_costs_nothing(generations, choose):
    choose(generationBudgetUsd=0)

    assert generations.post().status_code == 201


def test_what_is_refused_for_its_budget_leaves_no_flow(quiet):
    who = quiet.new_project(generationBudgetUsd=0).caller

    assert tried(quiet, who, flow_alias=Alias("@draft")) == "BUDGET_EXCEEDED"
    with quiet.svc.db.read() as tx:
        assert tx.all(generation_table.select()) == []


class Plain(Scripted):
    """Takes a prompt, and nothing else."""

    def capabilities(self, model):
        return Capabilities(aspect_ratios=frozenset({"1:1"}), max_references=0)


def test_what_a_model_cannot_do_is_a_warning(quiet):
    studio, who = quiet.with_providers(Plain()), quiet.project.caller
    image = in_process.upload(studio.svc, who)

    made = ask(studio, seed=7, aspect_ratio="21:9", material=Material(references=[image.id], mask=image.id)).shown

    said = [text.partition(":")[0] for text in made.generation.warnings]
    assert said == ["seed", "aspectRatio", "referenceImages", "mask"]
    assert [one.image_id for one in made.inputs] == [image.id, image.id]


def test_what_a_model_can_do_is_no_warning(quiet):
    assert ask(quiet, seed=7).shown.generation.warnings == []
