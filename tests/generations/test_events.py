"""GET /generations/{id}/events: every state once, then the end."""

import json

import pytest
from tests.generations.api import PATH


class Event(dict):
    """`event`, `id`, `data` of one."""


def events(text):
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append(Event(fields | {"data": json.loads(fields["data"])}))
    return found


@pytest.fixture
def stream(raw):
    def streamed(generation, last=None):
        headers = {} if last is None else {"Last-Event-ID": last}
        return raw.get(f"{PATH}/{generation['id']}/events", headers=headers)

    return streamed


def test_what_has_ended_is_one_event(generations, stream):
    made = generations.make()

    answer = stream(made)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    (event,) = events(answer.text)
    assert event["event"] == "status"
    assert event["data"] == made


def test_every_state_is_told_until_the_end(generations, raw, queue):
    queue.hold()
    waiting = generations.begin()
    seen = []
    with raw.connections.stream("GET", f"{raw.base}{PATH}/{waiting['id']}/events", headers=raw.headers) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line.removeprefix("data: ")))
                queue.go_on()

    states = [one["status"] for one in seen]
    assert states[0] == "pending"
    assert states[-1] == "success"
    assert len(states) == len(set(states))
    assert seen[-1] == generations.get(waiting["id"])


def test_who_has_seen_the_end_is_told_not_to_come_again(generations, stream):
    made = generations.make()
    (event,) = events(stream(made).text)

    answer = stream(made, last=event["id"])

    assert (answer.status_code, answer.text) == (204, "")


def test_who_was_cut_off_gets_what_is_new(generations, raw, stream, queue):
    queue.hold()
    waiting = generations.begin()
    with raw.connections.stream("GET", f"{raw.base}{PATH}/{waiting['id']}/events", headers=raw.headers) as answer:
        last = next(line for line in answer.iter_lines() if line.startswith("id: ")).removeprefix("id: ")
    raw.post(f"{PATH}/{waiting['id']}/cancel")

    (event,) = events(stream(waiting, last=last).text)

    assert event["data"]["error"]["code"] == "CANCELLED"


def test_an_id_that_was_never_given_begins_at_the_present_state(generations, stream):
    made = generations.make()

    assert len(events(stream(made, last="nonsense").text)) == 1


def test_one_that_is_deleted_meanwhile_ends_the_stream(generations, raw, queue):
    queue.hold()
    waiting = generations.begin()
    lines = []
    with raw.connections.stream("GET", f"{raw.base}{PATH}/{waiting['id']}/events", headers=raw.headers) as answer:
        for line in answer.iter_lines():
            lines.append(line)
            if line.startswith("data: ") and len(lines) < 8:
                raw.delete(f"{PATH}/{waiting['id']}")

    assert lines[-3:-1] == ["event: deleted", f'data: {{"id":"{waiting["id"]}"}}']
