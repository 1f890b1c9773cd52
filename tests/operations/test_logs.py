"""What the log of a busy and of a failing server holds, and what it never holds."""

import json
from contextlib import closing

import pytest
import sqlalchemy as sa
from tests import atpix_server
from tests.backends import DATABASES
from tests.photographs import photo
from tests.wire import eventually

from atpix.caller import SCOPES
from atpix.projects import actions
from atpix.services import Services

SECRET_NAME = "passport-of-jane.jpg"


@pytest.fixture(scope="module", params=DATABASES)
def watched(request, backends, tmp_path_factory, wire):
    """A server that logs everything and has had good and bad requests of all kinds; a key of it, and what the request
    that our own code failed at was answered.
    """
    settings = {"database_url": backends.empty_database(request.param), "log_level": "debug", "log_delivery": True}
    with atpix_server.running(tmp_path_factory.mktemp("watched") / "data", **settings) as server:
        with closing(Services.open(server.settings)) as svc:
            key = actions.create_key(svc, actions.ensure_project(svc, "jane/shop"), scopes=SCOPES).text
            failed = drive(wire, server, key, svc)
        yield server, key, failed


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


def drive(wire, server, secret, svc):
    """Good and bad requests of every kind, and one that our own code fails at."""
    key = {"X-API-Key": secret}
    made = upload(wire, server, secret, photo(5)).json()["data"]
    upload(wire, server, secret, b"no image")
    upload(wire, server, "atp_" + "x" * 38, photo(5))
    wire.get(f"{server.url}/api/v1/images?flowId=secret-query", headers=key)
    wire.get(f"{server.url}/api/v1/images/{secret}", headers=key)
    wire.get(f"{server.url}/cdn/jane/shop/img/{made['id']}/{SECRET_NAME}?token=secret-query")
    wire.put(f"{server.url}/api/v1/images/@passport", headers=key, json={"meta": {"owner": "Jane Doe"}, "nope": 1})
    with svc.db.transaction() as tx:
        tx.execute(sa.text("DROP TABLE alias_moves"))
    return upload(wire, server, secret, photo(6), **{"X-Request-Id": "failing-request-1"})


def test_every_line_is_json_with_a_time_and_a_level(watched):
    server, _key, _failed = watched

    for line in lines(server):
        entry = json.loads(line)
        assert {"event", "level", "timestamp"} <= set(entry)


def test_a_request_is_found_in_the_log_by_its_id(watched, wire):
    server, _key, _failed = watched

    named = wire.get(f"{server.url}/api/v1/images/@nobody", headers={"X-Request-Id": "mine.1"})
    unnamed = wire.get(f"{server.url}/api/v1/images/@nobody")

    assert named.headers["x-request-id"] == "mine.1"
    for answer in (named, unnamed):
        eventually(lambda name=answer.headers["x-request-id"]: name in by_request(server))  # logged once it is sent
        entry = by_request(server)[answer.headers["x-request-id"]]
        assert (entry["status"], entry["method"]) == (answer.status_code, "GET")
        assert answer.json()["error"]["requestId"] == answer.headers["x-request-id"]


def test_an_error_of_ours_is_in_the_log_with_its_request(watched):
    server, _key, answer = watched

    assert answer.status_code >= 500
    assert "alias_moves" not in answer.text
    failed = [entry for entry in map(json.loads, lines(server)) if entry["event"] == "request_failed"]
    assert [entry["request_id"] for entry in failed] == ["failing-request-1"]
    assert failed[0]["exception"]


def test_nothing_secret_or_personal_is_in_the_log(watched):
    server, key, _failed = watched

    log = "\n".join(lines(server)).replace(server.url, "")  # it says where it listens

    assert log
    for secret in (key, "x" * 38, SECRET_NAME, "passport-of", "Jane", "secret-query", "127.0.0.1", "locals"):
        assert secret not in log
