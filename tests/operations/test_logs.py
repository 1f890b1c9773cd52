"""What the log of a busy and of a failing server holds, and what it never holds."""

import json

import pytest
import sqlalchemy as sa
from tests.photographs import photo
from tests.wire import eventually

from atpix.services import Services

SECRET_NAME = "passport-of-jane.jpg"


@pytest.fixture
def watched(serve, new_project):
    """A server that logs everything, its project, and the services behind it."""
    server = serve(log_level="debug", log_delivery=True)
    svc = Services.open(server.settings)
    yield server, new_project(into=svc), svc
    svc.close()


def lines(server):
    """All but the welcome for people on a terminal."""
    return [line for line in server.log.read_text().splitlines() if not line.startswith("Atpix is ready at")]


def by_request(server):
    return {entry.get("request_id"): entry for entry in map(json.loads, lines(server))}


def upload(wire, server, key, content, **headers):
    return wire.post(
        f"{server.url}/api/v1/images/upload",
        headers={"X-API-Key": key, **headers},
        files={"file": (SECRET_NAME, content)},
        data={"meta": '{"owner": "Jane Doe"}', "alias": "@passport"},
    )


def drive(wire, server, access, svc):
    """Good and bad requests of every kind, and one that our own code fails at."""
    key = {"X-API-Key": access.key}
    made = upload(wire, server, access.key, photo(5)).json()["data"]
    upload(wire, server, access.key, b"no image")
    upload(wire, server, "atp_" + "x" * 38, photo(5))
    wire.get(f"{server.url}/api/v1/images?flowId=secret-query", headers=key)
    wire.get(f"{server.url}/api/v1/images/{access.key}", headers=key)
    wire.get(f"{server.url}{access.cdn}/{made['id']}/{SECRET_NAME}?token=secret-query")
    wire.put(f"{server.url}/api/v1/images/@passport", headers=key, json={"meta": {"owner": "Jane Doe"}, "nope": 1})
    with svc.db.transaction() as tx:
        tx.execute(sa.text("DROP TABLE alias_moves"))
    return upload(wire, server, access.key, photo(6), **{"X-Request-Id": "failing-request-1"})


def test_every_line_is_json_with_a_time_and_a_level(watched, wire):
    server, access, svc = watched
    drive(wire, server, access, svc)

    for line in lines(server):
        entry = json.loads(line)
        assert {"event", "level", "timestamp"} <= set(entry)


def test_a_request_is_found_in_the_log_by_its_id(watched, wire):
    server, _access, _svc = watched

    named = wire.get(f"{server.url}/api/v1/images/@nobody", headers={"X-Request-Id": "mine.1"})
    unnamed = wire.get(f"{server.url}/api/v1/images/@nobody")

    assert named.headers["x-request-id"] == "mine.1"
    for answer in (named, unnamed):
        eventually(lambda name=answer.headers["x-request-id"]: name in by_request(server))  # logged once it is sent
        entry = by_request(server)[answer.headers["x-request-id"]]
        assert (entry["status"], entry["method"]) == (answer.status_code, "GET")
        assert answer.json()["error"]["requestId"] == answer.headers["x-request-id"]


def test_an_error_of_ours_is_in_the_log_with_its_request(watched, wire):
    server, access, svc = watched

    answer = drive(wire, server, access, svc)

    assert answer.status_code >= 500
    assert "alias_moves" not in answer.text
    failed = [entry for entry in map(json.loads, lines(server)) if entry["event"] == "request_failed"]
    assert [entry["request_id"] for entry in failed] == ["failing-request-1"]
    assert failed[0]["exception"]


def test_nothing_secret_or_personal_is_in_the_log(watched, wire):
    server, access, svc = watched
    drive(wire, server, access, svc)

    log = "\n".join(lines(server)).replace(server.url, "")  # it says where it listens

    assert log
    for secret in (access.key, "x" * 38, SECRET_NAME, "passport-of", "Jane", "secret-query", "127.0.0.1", "locals"):
        assert secret not in log
