"""While a picture is being made, and when it could not be made."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.access import had_settings
from tests.live.conftest import BROWSER, refused
from tests.wire import eventually

from atpix.db.generation_tables import generations

FOR_IMG = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.fixture
def held(painter, prompt, settings) -> threading.Event:
    """The picture takes until the test says so, and nobody waits for it."""
    settings(live_wait=False)
    return painter.hold_up(prompt)


def test_who_does_not_wait_is_told_to_come_back(page, prompt, held):
    answer = page.get(prompt)

    assert answer.status_code == 202
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["data"]["generationId"] == answer.headers["X-Generation-Id"]
    assert answer.json()["data"] | {"generationId": ""} == {"status": "pending", "scope": "heroes", "generationId": ""}
    said = {
        name: answer.headers[name] for name in ("Retry-After", "Cache-Control", "X-Cache-Status", "X-Scope", "Vary")
    }
    assert said == {
        "Retry-After": "2", "Cache-Control": "no-store", "X-Cache-Status": "MISS", "X-Scope": "heroes",
        "Vary": "Accept",
    }  # fmt: skip
    exposed = "Retry-After, X-Cache-Status, X-Generation-Id, X-Scope"
    assert answer.headers.get_list("Access-Control-Expose-Headers") == [exposed]
    held.set()
    eventually(lambda: page.get(prompt).status_code == 200)
    assert page.get(prompt).headers["X-Cache-Status"] == "HIT"


def test_a_browser_gets_a_page_that_loads_itself_again_and_runs_nothing(page, painter, prompt, held):
    wild = f"{prompt} <script>alert(1)</script> & \u05e9\u05dc\u05d5\u05dd"
    painter.hold_up(wild)
    answer = page.get(wild, headers={"Accept": BROWSER})

    assert (answer.status_code, answer.headers["Content-Type"]) == (202, "text/html; charset=utf-8")
    assert '<meta http-equiv="refresh" content="2">' in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; \u05e9\u05dc\u05d5\u05dd" in answer.text
    assert "<script" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("ratio", "size"), [("16:9", (640, 360)), ("1:1", (480, 480)), ("9:16", (360, 640))])
def test_an_img_gets_a_drawing_of_the_right_ratio(page, painter, prompt, held, ratio, size):
    answer = page.get(prompt, headers={"Accept": FOR_IMG}, aspectRatio=ratio)

    assert (answer.status_code, answer.headers["Content-Type"]) == (202, "image/svg+xml")
    assert f'width="{size[0]}" height="{size[1]}"' in answer.text
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert prompt not in answer.text


def test_looking_at_one_under_way_says_so(page, prompt, held):
    page.get(prompt)
    looked = page.head(prompt)

    assert (looked.status_code, looked.content, looked.headers["X-Cache-Status"]) == (202, b"", "MISS")


def test_many_who_come_while_it_is_made_begin_nothing(page, second_page, painter, prompt, held):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: (page, second_page)[n % 2].get(prompt), range(32)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.headers["X-Generation-Id"] for answer in answers}) == 1
    held.set()
    eventually(lambda: second_page.get(prompt).status_code == 200)
    assert painter.calls(prompt) == 1


def test_who_leaves_while_waiting_takes_nothing_along(page, server, prompt, painter):
    import socket

    held = painter.hold_up(prompt)
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(f"GET {page.at(prompt)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        eventually(lambda: painter.calls(prompt) == 1)
    held.set()

    eventually(lambda: page.get(prompt).headers.get("X-Cache-Status") == "HIT")
    assert painter.calls(prompt) == 1


@pytest.mark.parametrize(
    ("word", "status", "code"), [("blocked", 422, "CONTENT_BLOCKED"), ("broken", 502, "PROVIDER_ERROR")]
)
def test_a_picture_that_fails_says_why_and_is_tried_again_a_minute_later(
    page, svc, server, painter, prompt, word, status, code
):
    asked = f"{word}: {prompt}"
    first, second = page.get(asked), page.get(asked)

    refused(first, status, code)
    refused(second, status, code)
    assert 0 < int(first.headers["Retry-After"]) <= 60
    assert first.headers["Cache-Control"] == "no-store"
    assert "Incorrect API key" not in first.text
    assert "safety" not in first.text
    assert painter.calls(asked) == 1
    told = [line for line in server.log.read_text().splitlines() if second.json()["error"]["requestId"] in line]
    assert len(told) == (1 if status == 502 else 0)
    assert not [line for line in told if "Traceback" in line or '"level":"error"' in line.replace(" ", "")]
    with svc.db.transaction() as tx:
        tx.execute(generations.update().values(updated_at=generations.c.updated_at - 60_000))
    refused(page.get(asked), status, code)
    assert painter.calls(asked) == 2


def test_what_the_server_lacks_is_told_to_its_log_and_to_those_with_a_key_alone(
    page, raw, server, prompt, svc, project
):
    had_settings(svc, project, provider="openai")

    seen = page.get(prompt)

    assert "Tell whoever runs the site" in refused(seen, 502, "PROVIDER_ERROR")["message"]
    assert not any(word in seen.text for word in ("openai", "local", "offline", "ATPIX"))
    told = raw.post("/api/v1/generations", json={"prompt": prompt, "provider": "openai"})
    assert refused(told, 400, "VALIDATION_ERROR")["details"][0]["message"] in server.log.read_text()


def test_a_failure_a_minute_ago_is_forgotten_by_a_success(page, svc, painter, prompt):
    asked = f"broken: {prompt}"
    page.get(asked)
    with svc.db.transaction() as tx:
        tx.execute(generations.update().values(status="success", error_code=None))

    assert painter.calls(asked) == 1
    page.get(asked)
    assert painter.calls(asked) == 2


def test_a_picture_whose_making_was_cancelled_is_a_failure(page, raw, painter, prompt, held):
    generation = page.get(prompt).headers["X-Generation-Id"]
    assert raw.post(f"/api/v1/generations/{generation}/cancel").status_code == 200

    answer = page.get(prompt)

    refused(answer, 502, "PROVIDER_ERROR")
    assert "cancelled" in json.loads(answer.content)["error"]["message"]


def test_a_scope_that_is_deleted_stops_what_visitors_have_begun(page, raw, painter, prompt, held):
    generation = page.get(prompt).headers["X-Generation-Id"]

    deleted = raw.delete("/api/v1/live/scopes/heroes").json()["data"]

    assert (deleted["imagesKept"], deleted["cancelled"]) == (0, 1)
    ended = raw.get(f"/api/v1/generations/{generation}").json()["data"]
    assert (ended["status"], ended["error"]["code"]) == ("failed", "CANCELLED")
