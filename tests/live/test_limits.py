"""What visitors may cause: exact, however many come at once and to whichever server."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from tests.live.conftest import SCOPES, refused

from atpix.db.generation_tables import counted_windows, generations, live_images, usage_records


def visit(page, prompts, **headers):
    """All at once."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda prompt: page.get(prompt, headers=headers), prompts))


def variations(prompt, n):
    return [f"{prompt}, variation {number}" for number in range(n)]


def statuses(answers):
    return sorted(answer.status_code for answer in answers)


def test_one_address_may_cause_ten_pictures_an_hour_over_all_servers(page, second_page, painter, prompt):
    prompts = variations(prompt, 16)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: (page, second_page)[n % 2].get(prompts[n]), range(16)))

    assert statuses(answers) == [200] * 10 + [429] * 6
    assert sum(painter.calls(one) for one in prompts) == 10
    over = next(answer for answer in answers if answer.status_code == 429)
    assert "10 new pictures made in an hour" in refused(over, 429, "RATE_LIMIT_EXCEEDED")["message"]
    assert 3500 < int(over.headers["Retry-After"]) <= 3600
    assert over.headers["Cache-Control"] == "no-store"


def test_what_exists_costs_nobody_anything(page, prompt, settings):
    settings(live_new_per_ip_per_hour=1)
    made = page.get(prompt)
    refused(page.get(f"{prompt} 2"), 429, "RATE_LIMIT_EXCEEDED")

    assert {page.get(prompt).headers["X-Image-Id"] for _ in range(5)} == {made.headers["X-Image-Id"]}


def test_who_is_over_the_limit_may_have_more_when_the_hour_is_over(page, prompt, settings, svc):
    settings(live_new_per_ip_per_hour=1)
    page.get(prompt)
    refused(page.get(f"{prompt} 2"), 429, "RATE_LIMIT_EXCEEDED")

    with svc.db.transaction() as tx:
        tx.execute(counted_windows.update().values(began_at=counted_windows.c.began_at - 3_600_000))

    assert page.get(f"{prompt} 2").status_code == 200


def test_each_visitor_behind_a_trusted_proxy_has_a_share(page, prompt, settings):
    settings(live_new_per_ip_per_hour=1)

    assert page.get(f"{prompt} a", headers={"X-Forwarded-For": "203.0.113.1"}).status_code == 200
    assert page.get(f"{prompt} b", headers={"X-Forwarded-For": "203.0.113.2"}).status_code == 200
    assert page.get(f"{prompt} c", headers={"X-Forwarded-For": "203.0.113.2"}).status_code == 429
    assert page.get(f"{prompt} d", headers={"X-Forwarded-For": "8.8.8.8, 203.0.113.2, 127.0.0.9"}).status_code == 429
    assert page.get(f"{prompt} e", headers={"X-Forwarded-For": "2001:db8::1"}).status_code == 200
    assert page.get(f"{prompt} f", headers={"X-Forwarded-For": "2001:db8::ffff:2"}).status_code == 429


def test_a_server_that_trusts_no_proxy_believes_nobody(second_page, prompt, settings):
    settings(live_new_per_ip_per_hour=1)
    assert second_page.get(prompt).status_code == 200

    forged = second_page.get(f"{prompt} 2", headers={"X-Forwarded-For": "203.0.113.77"})

    refused(forged, 429, "RATE_LIMIT_EXCEEDED")


def test_a_scope_makes_as_many_pictures_as_it_may_and_not_one_more(new_page, raw, painter, prompt):
    page, prompts = new_page(newGenerationsLimit=3), variations(prompt, 9)

    answers = visit(page, prompts)

    assert statuses(answers) == [200] * 3 + [429] * 6
    refused(next(one for one in answers if one.status_code == 429), 429, "SCOPE_GENERATION_LIMIT_EXCEEDED")
    assert sum(painter.calls(one) for one in prompts) == 3
    scope = raw.get(f"{SCOPES}/heroes").json()["data"]
    assert scope["currentGenerations"] == 3
    assert scope["lastGeneratedAt"] > scope["createdAt"]


def test_who_is_refused_by_the_scope_has_lost_nothing_of_his_share(new_page, raw, prompt):
    page = new_page(newGenerationsLimit=1)
    assert page.get(prompt).status_code == 200
    for number in range(12):
        refused(page.get(f"{prompt} {number}"), 429, "SCOPE_GENERATION_LIMIT_EXCEEDED")

    assert raw.put(f"{SCOPES}/heroes", json={"newGenerationsLimit": 2}).status_code == 200
    assert page.get(f"{prompt} 0").status_code == 200


def test_a_scope_that_is_closed_serves_what_it_has(page, raw, prompt):
    made = page.get(prompt)
    raw.put(f"{SCOPES}/heroes", json={"allowNewGenerations": False})

    refused(page.get(f"{prompt} 2"), 429, "SCOPE_GENERATION_LIMIT_EXCEEDED")
    assert page.get(prompt).headers["X-Image-Id"] == made.headers["X-Image-Id"]


def test_pictures_that_fail_take_no_place_but_are_no_way_around_the_limit(new_page, raw, svc, painter, prompt):
    page, failing = new_page(newGenerationsLimit=2), [f"blocked: {prompt} {number}" for number in range(3)]

    for one in failing[:2]:
        refused(page.get(one), 422, "CONTENT_BLOCKED")
    answer = page.get(failing[2])
    error = refused(answer, 429, "SCOPE_GENERATION_LIMIT_EXCEEDED")

    assert "tries" in error["message"]
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert raw.get(f"{SCOPES}/heroes").json()["data"]["currentGenerations"] == 0
    assert [painter.calls(one) for one in failing] == [1, 1, 0]
    with svc.db.transaction() as tx:
        tx.execute(counted_windows.update().values(began_at=counted_windows.c.began_at - 3_600_000))
    assert page.get(prompt).status_code == 200


def test_visitors_who_are_refused_leave_nothing_behind(page, svc, settings, prompt, project):
    settings(live_new_per_ip_per_hour=0)

    assert statuses(visit(page, variations(prompt, 20))) == [429] * 20
    with svc.db.read() as tx:
        mine = generations.c.project_id == project.row.id
        assert tx.scalar(sa.select(sa.func.count()).select_from(generations).where(mine)) == 0
        assert tx.scalar(sa.select(sa.func.count()).select_from(live_images)) == 0


def test_a_project_without_money_makes_no_new_pictures_and_says_no_sum(page, prompt, settings, svc, project):
    settings(generation_budget_usd=0.00001)
    made = page.get(prompt)
    with svc.db.transaction() as tx:
        tx.execute(usage_records.update().where(usage_records.c.project_id == project.row.id).values(cost_micro_usd=99))
        tx.execute(generations.update().where(generations.c.project_id == project.row.id).values(cost_micro_usd=99))

    seen = page.get(f"{prompt} 2")

    assert (made.status_code, seen.status_code) == (200, 402), seen.text
    assert "USD" not in refused(seen, 402, "BUDGET_EXCEEDED")["message"]
    assert page.get(prompt).headers["X-Image-Id"] == made.headers["X-Image-Id"]


def test_of_the_projects_own_limit_a_visitor_hears_only_when_to_come_back(page, prompt, settings):
    settings(generations_per_minute=1)
    assert page.get(prompt).status_code == 200

    seen = page.get(f"{prompt} 2")

    assert "generation" not in refused(seen, 429, "RATE_LIMIT_EXCEEDED")["message"]
    assert 0 < int(seen.headers["Retry-After"]) <= 60


def test_who_is_refused_writes_nothing(new_page, svc, prompt):
    """Whoever writes waits for his turn: crowds of refused visitors would keep everybody else from theirs."""
    page = new_page(newGenerationsLimit=1)
    refused(page.get(f"blocked: {prompt}"), 422, "CONTENT_BLOCKED")

    with svc.db.transaction() as tx:  # nobody else may count now
        tx.execute(counted_windows.update().values(n=counted_windows.c.n))
        refused(page.get(f"{prompt} 2"), 429, "SCOPE_GENERATION_LIMIT_EXCEEDED")
