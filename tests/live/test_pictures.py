"""A live URL's picture: made once, then served like any image."""

from concurrent.futures import ThreadPoolExecutor

from tests.live.conftest import refused


def test_the_first_visitor_has_the_picture_made_and_everyone_after_that_gets_it(page, painter, prompt):
    first = page.get(prompt)
    second = page.get(prompt)

    assert (first.status_code, second.status_code) == (200, 200)
    assert (first.headers["X-Cache-Status"], second.headers["X-Cache-Status"]) == ("MISS", "HIT")
    assert first.headers["X-Generation-Id"]
    assert "X-Generation-Id" not in second.headers
    assert first.headers["X-Image-Id"] == second.headers["X-Image-Id"]
    assert first.headers["X-Scope"] == second.headers["X-Scope"] == "heroes"
    assert first.content == second.content == page.image(first.headers["X-Image-Id"]).content
    assert painter.calls(prompt) == 1


def test_twenty_first_visitors_of_two_servers_share_one_generation(page, second_page, painter, prompt):
    held = painter.hold_up(prompt)
    with ThreadPoolExecutor(20) as pool:
        visits = [pool.submit((page, second_page)[number % 2].get, prompt) for number in range(20)]
        held.set()
        answers = [visit.result() for visit in visits]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["X-Image-Id"] for answer in answers}) == 1
    assert len({answer.content for answer in answers}) == 1
    assert painter.calls(prompt) == 1


def test_a_scope_that_nobody_made_is_not_there(page, prompt):
    page.path = page.path.replace("heroes", "villains")

    refused(page.get(prompt), 404, "SCOPE_NOT_FOUND")
