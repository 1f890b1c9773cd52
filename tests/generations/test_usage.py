"""`GET /usage`: sums over the ledger. The records are written here; that runs write them is tested with the runner."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from atpix.db.generation_tables import usage_records
from atpix.ids import new_id
from atpix.projects import actions, preferences

DAY = "2025-03-{:02}"
_runs = count(1)


@pytest.fixture
def spent(svc, project):
    """Write a record as a run leaves it."""

    def record(day=1, hour=12, into=project, **fields):
        at = datetime(2025, 3, day, hour, tzinfo=UTC)
        row = {
            "project_id": into.caller.project,
            "at": int(at.timestamp() * 1000),
            "generation_id": new_id(),
            "run": next(_runs),
            "image_id": None if fields.get("outcome") == "failed" else new_id(),
            "flow_id": None,
            "key_id": into.caller.key,
            "provider": "openai",
            "model": "gpt-image-1",
            "outcome": "success",
            "usage": {},
            "cost_micro_usd": 40_000,
            "processing_time_ms": 1_500,
            **fields,
        }
        with svc.db.transaction(durable=False) as tx:
            tx.execute(usage_records.insert(), row)

    return record


@pytest.fixture
def march(client):
    return lambda **what: client.usage(**{"since": "2025-03-01", "until": "2025-04-01", **what})


def test_everything_in_the_time_is_summed(spent, march):
    spent(usage={"images": 1, "inputTokens": 20, "outputTokens": 4000})
    spent(usage={"images": 1, "inputTokens": 30, "seconds": 1.5}, cost_micro_usd=1)
    spent(outcome="failed", cost_micro_usd=0, processing_time_ms=500)

    totals = march().totals

    assert (totals.generations, totals.images, totals.failed) == (3, 2, 1)
    assert (totals.processing_time_ms, totals.cost_usd) == (3_500, 0.040001)
    assert totals.usage == {"images": 2, "inputTokens": 50, "outputTokens": 4000, "seconds": 1.5}


def test_nothing_is_a_report_of_zeros(march):
    report = march(group_by="day")

    assert (report.totals.generations, report.totals.cost_usd, report.totals.usage) == (0, 0, {})
    assert (report.groups, report.has_more) == ([], False)


def test_the_first_moment_counts_and_the_last_does_not(spent, client):
    for hour in (9, 10, 11):
        spent(hour=hour)

    used = client.usage(since="2025-03-01T10:00:00Z", until="2025-03-01T12:00:00+01:00")

    assert used.totals.generations == 1
    assert (used.since, used.until) == (
        datetime(2025, 3, 1, 10, tzinfo=UTC),
        datetime(2025, 3, 1, 11, tzinfo=UTC),
    )


def test_without_a_time_it_is_this_month(svc, spent, client):
    spent(day=1)
    spent(day=1, at=svc.now())

    report = client.usage()

    assert report.totals.generations == 1
    assert report.since == report.until.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def test_days_are_those_of_utc_and_the_newest_comes_first(spent, march):
    spent(day=2, hour=23)
    spent(day=1, hour=0)
    spent(day=1, hour=23)

    assert [(group.key, group.generations) for group in march(group_by="day").groups] == [
        ("2025-03-02", 1),
        ("2025-03-01", 2),
    ]


@pytest.mark.parametrize(("group_by", "column"), [("provider", "provider"), ("model", "model"), ("flow", "flow_id")])
def test_what_cost_most_comes_first(spent, march, group_by, column):
    cheap, dear = new_id(), new_id()
    spent(**{column: cheap}, cost_micro_usd=1)
    spent(**{column: dear}, cost_micro_usd=20)
    spent(**{column: cheap}, cost_micro_usd=2)

    groups = march(group_by=group_by).groups

    assert [(group.key, group.generations, group.cost_usd) for group in groups] == [
        (dear, 1, 0.00002),
        (cheap, 2, 0.000003),
    ]


@pytest.mark.parametrize(("group_by", "column"), [("flow", "flow_id"), ("key", "key_id"), ("model", "model")])
def test_what_has_none_is_a_group_too(spent, march, group_by, column):
    spent(**{column: None})

    assert [(group.key, group.name) for group in march(group_by=group_by).groups] == [(None, None)]


def test_an_image_is_what_all_its_runs_cost(spent, march):
    image = new_id()
    spent(image_id=image, generation_id=new_id())
    spent(outcome="failed", cost_micro_usd=0)

    assert [(group.key, group.failed) for group in march(group_by="image").groups] == [(image, 0), (None, 1)]


def test_keys_are_called_what_people_call_them(svc, project, spent, march):
    named = actions.create_key(svc, project.row, name="the site", scopes=("generate",))
    spent(key_id=named.row.id, cost_micro_usd=90_000)
    spent()

    groups = march(group_by="key").groups

    assert [group.key for group in groups] == [named.row.id, project.caller.key]
    assert groups[0].name == "the site"
    assert project.key.startswith(groups[1].name)


def test_groups_come_in_pages(spent, march):
    for day in (1, 2, 3):
        spent(day=day)

    first, rest = march(group_by="day", limit=2), march(group_by="day", limit=2, offset=2)

    assert [group.key for group in first.groups] == [DAY.format(3), DAY.format(2)]
    assert ([group.key for group in rest.groups], first.has_more, rest.has_more) == ([DAY.format(1)], True, False)
    assert first.totals == rest.totals


def test_another_projects_use_is_not_seen(spent, other_project, march):
    spent(into=other_project)

    assert march(group_by="provider").groups == []
    assert march().totals.generations == 0


def test_the_budget_is_this_months_whatever_was_asked_for(svc, project, spent, march):
    actions.update_project(svc, project.row.id, settings=preferences.parse({"generationBudgetUsd": 0.5}))
    spent(at=svc.now(), cost_micro_usd=120_000)
    spent(day=1, cost_micro_usd=9_000_000)

    budget = march().budget

    assert (budget.limit_usd, budget.committed_usd, budget.left_usd) == (0.5, 0.12, 0.38)
    assert budget.month == datetime.fromtimestamp(svc.now() / 1000, UTC).strftime("%Y-%m")


def test_without_a_budget_nothing_is_left_or_missing(march):
    assert (march().budget.limit_usd, march().budget.left_usd) == (None, None)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("from=yesterday", "from"),
        ("from=2025-02-30", "from"),
        ("from=2025-03-01T10:00:00", "from"),
        ("to=%D9%A2025-03-01", "to"),
        ("from=2025-03-02&to=2025-03-01", "to"),
        ("from=2024-01-01&to=2025-03-01", "from"),
        ("from=9999-12-31T23:59:59-14:00", "from"),
        ("from=0001-01-01T00:00:00%2B14:00&to=0001-01-02", "from"),
        ("groupBy=colour", "groupBy"),
        ("limit=101", "limit"),
        ("offset=-1", "offset"),
        ("since=2025-03-01", "since"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_its_name(raw, query, path):
    answer = raw.get(f"/api/v1/usage?{query}")

    assert answer.status_code == 400
    assert [detail["path"] for detail in answer.json()["error"]["details"]] == [path]


def test_a_key_that_may_not_read_sees_no_figures(new_project, connect, server):
    with pytest.raises(Exception, match="lacks the scope 'read'"):
        connect(server, new_project(scopes=("generate",))).usage()


def test_a_year_is_the_most_at_once(client):
    today = datetime.now(UTC)

    assert client.usage(since=today - timedelta(days=366), until=today).totals.generations == 0
