"""Servers that go away, or that answer what no Atpix would."""

import json

import httpx2
import pytest
from sdk.tests.stand_in import failure

ESC = "\x1b[31m"


@pytest.fixture
def begun(strange):
    """Answers that a generation of this id is under way."""

    def answer(generation_id):
        strange._generate({"prompt": "A lighthouse"})
        under_way = strange.generations[-1] | {"id": generation_id, "status": "pending"}
        data = under_way | {"outputImage": None, "outputImageId": None}
        strange.script.append(httpx2.Response(201, json={"success": True, "data": data}))

    return answer


@pytest.fixture
def browser(tmp_path):
    """Notes what it is to open."""
    path = tmp_path / "browser"
    path.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    path.chmod(0o755)
    return f"{path} %s"


def away():
    return failure(503, "OVERLOADED", headers={"Retry-After": "0"})


def test_a_server_that_goes_away_after_the_beginning_leaves_the_generations_id(there, strange, begun):
    begun("01a")
    strange.script.extend(away() for _ in range(3))

    ended = there("generate", "A lighthouse")

    assert (ended.code, ended.out) == (3, "")
    assert "Generation 01a goes on" in ended.err
    assert "To look: atpix generations watch 01a; to stop it: atpix generations cancel 01a" in ended.err


LOST = (
    failure(502, "BAD_GATEWAY", headers={"Retry-After": "0"}),
    failure(409, "IDEMPOTENCY_KEY_IN_USE", headers={"Retry-After": "0"}),
)


@pytest.mark.parametrize("lost", LOST, ids=lambda answer: str(answer.status_code))
def test_a_beginning_whose_answer_is_lost_says_how_to_look_and_how_to_go_on(there, strange, lost):
    strange.script.extend([lost] * 3)

    ended = there("generate", "A lighthouse", "--flow", "new", "--alias", "@sea")

    assert (ended.code, ended.out) == (3 if lost.status_code == 502 else 1, "")
    assert "A generation may have been begun. To look: atpix generations list" in ended.err
    (key,) = {request.headers["idempotency-key"] for request in strange.requests}
    first = json.loads(strange.requests[0].content)
    assert f"--idempotency-key {key} and --flow {first['flowId']}" in ended.err

    again = there("generate", "A lighthouse", "--flow", first["flowId"], "--alias", "@sea", "--idempotency-key", key)

    assert again.code == 0
    assert (strange.requests[3].headers["idempotency-key"], json.loads(strange.requests[3].content)) == (key, first)


def test_a_lost_answer_is_not_forgotten_when_the_server_is_away_afterwards(there, strange):
    strange.script.extend([LOST[0], away(), away()])

    ended = there("generate", "A lighthouse")

    assert (ended.code, ended.out) == (3, "")
    assert "A generation may have been begun" in ended.err


@pytest.mark.parametrize("command", [("generations", "regenerate"), ("generations", "replay"), ("flows", "regenerate")])
def test_whatever_begins_a_generation_says_so_when_the_answer_makes_no_sense(there, strange, command):
    strange.script.append(httpx2.Response(201, text="<html>"))

    ended = there(*command, "00000000-0000-7000-8000-00000000000a")

    assert (ended.code, ended.out) == (3, "")
    assert f"--idempotency-key {strange.requests[0].headers['idempotency-key']} goes on" in ended.err


def test_what_was_refused_was_not_begun_and_nothing_is_said_of_it(there, strange):
    strange.script.extend([failure(401, "UNAUTHORIZED"), away(), away(), away()])

    refused, overloaded = (there("generate", "A lighthouse") for _ in range(2))

    assert (refused.code, overloaded.code) == (1, 3)
    assert "may have been begun" not in refused.err + overloaded.err


def test_ratios_and_templates_that_there_are_not_are_known_without_a_server(there, strange):
    for option, value, known in (("--aspect-ratio", "5:4", '"4:3"'), ("--template", "oil", '"comic"')):
        for command in (("generate", "a cat"), ("live", "url", "heroes", "a cat")):
            ended = there(*command, option, value)
            assert (ended.code, ended.out, known in ended.err) == (2, "", True)
    assert strange.requests == []


def test_a_key_that_is_revoked_after_the_beginning_leaves_the_generations_id(there, strange, begun):
    begun("01a")
    strange.script.append(failure(401, "UNAUTHORIZED"))

    ended = there("generate", "A lighthouse")

    assert ended.code == 1
    assert "atpix generations watch 01a" in ended.err


def test_a_generation_that_is_gone_is_not_said_to_go_on(there, strange, begun):
    begun("01a")
    strange.script.append(failure(404, "GENERATION_NOT_FOUND", "No generation 01a."))

    ended = there("generate", "A lighthouse")

    assert (ended.code, ended.err) == (1, "atpix: No generation 01a.\n")


def test_a_picture_that_cannot_be_fetched_or_saved_is_still_named(there, strange, tmp_path):
    (tmp_path / "file.png").mkdir()
    (tmp_path / "file.png" / "locked").mkdir()
    strange._generate({"prompt": "A lighthouse"})
    made = strange.generations[-1]
    answer = httpx2.Response(201, json={"success": True, "data": made})
    strange.script.extend([answer, *(away() for _ in range(3))])

    unreached = there("generate", "A lighthouse", "--save", "x.png")
    strange.script.append(answer)
    unwritten = there("generate", "A lighthouse", "--save", "x" * 300)

    for ended in (unreached, unwritten):
        assert (ended.code, ended.out) == (3, "")
        assert f"Generation {made['id']} has ended" in ended.err
        assert f"atpix images download {made['outputImageId']}" in ended.err


def test_a_hostile_id_is_no_way_out_of_the_folder(there, strange, tmp_path):
    (tmp_path / "into").mkdir()
    strange._generate({"prompt": "A lighthouse"})
    data = strange.generations[-1] | {"outputImage": strange.generations[-1]["outputImage"] | {"id": "../evil"}}
    strange.script.append(httpx2.Response(201, json={"success": True, "data": data}))

    ended = there("generate", "A lighthouse", "--save", "into")

    assert (ended.code, ended.out) == (3, "")
    assert [path.name for path in tmp_path.rglob("*")] == ["into"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "vscode://x"])
def test_only_addresses_of_the_web_are_opened(atpix, key, strange, browser, tmp_path, url):
    strange._generate({"prompt": "A lighthouse"})
    picture = strange.generations[-1]["outputImage"] | {"storageUrl": url}
    data = strange.generations[-1] | {"outputImage": picture}
    strange.script.append(httpx2.Response(201, json={"success": True, "data": data}))

    ended = atpix("generate", "A lighthouse", "--open", BROWSER=browser, **key)

    assert f"the address is {url}" in ended.err
    assert not (tmp_path / "opened").exists()


def test_what_would_steer_a_terminal_is_shown_and_not_obeyed(there, strange, begun):
    begun(f"01a{ESC}")
    strange.script.extend(away() for _ in range(3))

    ended = there("generate", "A lighthouse")

    assert ESC not in ended.out + ended.err
    assert "01a\\x1b[31m" in ended.err


@pytest.mark.parametrize("url", [f"http://x/cdn/a/b/live/{ESC}heroes", f"http://x/live/a#{ESC}"])
def test_a_live_url_does_not_steer_a_terminal(there, strange, url):
    scope = {
        "id": "s", "projectId": "p", "slug": "heroes", "url": url, "allowNewGenerations": True,
        "newGenerationsLimit": 1, "currentGenerations": 0, "lastGeneratedAt": None, "meta": {},
        "createdAt": "2026-01-02T03:04:05.678Z", "updatedAt": "2026-01-02T03:04:05.678Z",
    }  # fmt: skip
    strange.script.append(httpx2.Response(200, json={"success": True, "data": scope}))

    ended = there("live", "url", "heroes", "a cat")

    assert "\x1b" not in ended.out + ended.err
    assert ended.out.count("\n") + ended.err.count("\n") == 1


def test_a_saved_picture_replaces_the_file_of_that_name(there, strange, tmp_path):
    (tmp_path / "sea.png").write_bytes(b"old")

    ended = there("generate", "A lighthouse", "--save", "sea.png", "--json")

    assert (tmp_path / "sea.png").read_bytes() == b"picture"
    assert json.loads(ended.out)["saved"] == "sea.png"
