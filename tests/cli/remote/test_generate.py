import json
import signal
import socket
import subprocess
from contextlib import ExitStack

import psutil
import pytest
from tests import atpix_server
from tests.cli.conftest import ATPIX, environment

from atpix.ids import new_id


def columns(ended):
    return ended.out.rstrip("\n").split("\t")


@pytest.fixture(scope="session")
def busy_server(backends, tmp_path_factory):
    """Its default provider takes the call and says nothing. One for all: what is under way there is in nobody's way."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with atpix_server.running(
            tmp_path_factory.mktemp("busy"),
            database_url=backends.empty_database("sqlite"),
            provider="local",
            local_base_url=silent,
            provider_timeout_s=60,
            shutdown_s=1,
        ) as server:
            yield server


@pytest.fixture
def busy(busy_server, called):
    settings = busy_server.settings
    there = {"ATPIX_DATA": str(settings.data), "ATPIX_DATABASE_URL": settings.database}
    key = called("keys", "create", "--project", "a/b", "--json", **there).out
    return {"ATPIX_URL": busy_server.url, "ATPIX_API_KEY": json.loads(key)["key"]}


def test_a_prompt_becomes_an_image_with_names(remote, client):
    ended = remote("generate", "A lighthouse", "--flow", "new", "--alias", "sea", "--flow-alias", "@one")

    generation, status, image, names, flow, url = columns(ended)
    made = client.images.get("@sea")
    assert (ended.code, ended.err, status, names) == (0, "", "success", "@sea @one")
    assert (made.id, made.generation_id, made.flow_id, made.storage_url) == (image, generation, flow, url)
    assert client.flows.get(flow).aliases == {"@one": image}


def test_json_is_the_generation_of_the_api(remote, raw):
    ended = remote("generate", "A lighthouse", "--meta", '{"etag": null}', "--aspect-ratio", "1:1", "--json")

    printed = json.loads(ended.out)
    (generation,) = raw.get("/api/v1/generations").json()["data"]
    assert printed == generation
    assert (printed["meta"], printed["aspectRatio"]) == ({"etag": None}, "1:1")


def test_references_go_in_by_id_and_by_name(remote, upload, client):
    first, second = upload(), upload(alias="@hat")

    remote("generate", "Both", "--ref", first.id, "--ref", "@hat", "--seed", 7, "--no-enhance", "--template", "comic")

    (generation,) = client.generations.list()
    assert [one.image_id for one in generation.referenced_images] == [first.id, second.id]
    assert (generation.seed, generation.auto_enhance, generation.template) == (7, False, "comic")


def test_the_picture_is_saved_where_it_was_asked_for(remote, client, tmp_path):
    ended = remote("generate", "A lighthouse", "--save", "sea.xyz")
    into_folder = remote("generate", "A lighthouse", "--save", ".", "--json")

    image = client.generations.get(columns(ended)[0]).output_image
    assert (tmp_path / "sea.xyz").read_bytes() == client.images.download(image.id)
    assert ended.err == f"Saved as sea.xyz; it is {image.mime_type}, whatever its name says.\n"
    printed = json.loads(into_folder.out)
    assert printed["saved"].startswith(printed["outputImageId"])
    assert (tmp_path / printed["saved"]).is_file()


def test_the_picture_is_shown_in_a_browser(atpix, access, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)

    ended = atpix("generate", "A lighthouse", "--open", BROWSER=f"{browser} %s", **access)

    assert (tmp_path / "opened").read_text().strip() == columns(ended)[-1]


def test_what_the_model_cannot_do_is_said_aside(remote, serve):
    ended = remote("generate", "A lighthouse", "--wait", "30", "--mask", "@nobody")

    assert ended.code == 1
    assert ended.err.startswith("atpix: ")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["", "--json"], 1, "prompt"),
        (["x", "--provider", "nope"], 1, "offline"),
        (["x", "--aspect-ratio", "5:1"], 2, "16:9"),
        (["x", "--template", "nope"], 2, "comic"),
        (["x", "--ref", "@nobody"], 1, "@nobody"),
        (["x", "--seed", "-1"], 2, "Must be >= 0"),
        (["x", "--wait", "-1"], 2, "Must be >= 0"),
        (["x", "--save", "nowhere/x.png"], 2, "There is no folder nowhere"),
        (["x", "--wait", "0", "--open"], 2, "no picture yet"),
        (["x", "--meta", "{"], 2, "--meta"),
        (["x", "--idempotency-key", ""], 2, "--idempotency-key"),
        (["x", "--idempotency-key", "a\nb"], 2, "--idempotency-key"),
        (["x", "--idempotency-key", "a", "--flow", "new"], 2, "`new`"),
    ],
)
def test_what_cannot_be_made_is_said_before_anything_is_begun(remote, client, options, code, said):
    ended = remote("generate", *options)

    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert client.generations.list().total == 0


def test_the_same_command_with_the_same_key_begins_nothing_twice(remote, client):
    first, again = (remote("generate", "A lighthouse", "--idempotency-key", "k") for _ in range(2))
    other = remote("generate", "A harbour", "--idempotency-key", "k")

    assert (columns(first)[0], first.code, again.code, other.code) == (columns(again)[0], 0, 0, 1)
    assert client.generations.list().total == 1


def test_a_generation_can_be_begun_and_looked_at_later(remote, client):
    begun = remote("generate", "A lighthouse", "--wait", "0")
    generation = columns(begun)[0]

    watched = remote("generations", "watch", generation)

    assert (begun.code, watched.code, columns(watched)[1]) == (0, 0, "success")
    assert f"atpix generations watch {generation}" in begun.err or columns(begun)[1] == "success"
    assert columns(watched)[2] == client.generations.get(generation).output_image_id


def test_a_wait_that_is_over_is_a_success_in_part(called, busy):
    ended = called("generate", "A lighthouse", "--wait", "0.1", **busy)

    generation, status, *_ = columns(ended)
    assert (ended.code, status in {"pending", "processing"}) == (4, True)
    assert ended.err == f"It is under way. To look: atpix generations watch {generation}\n"


def test_a_generation_that_is_cancelled_fails_for_whoever_watches(called, busy):
    generation = columns(called("generate", "A lighthouse", "--wait", "0", **busy))[0]

    cancelled = called("generations", "cancel", generation, "--json", **busy)
    watched = called("generations", "watch", generation, **busy)

    assert json.loads(cancelled.out)["error"]["code"] == "CANCELLED"
    assert (watched.code, watched.out) == (1, "")
    assert f"Generation {generation} failed" in watched.err
    assert "CANCELLED" in watched.err


def test_ctrl_c_leaves_the_generation_alone_and_says_how_to_go_on(called, busy, tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGINT, before)
        generation = columns(called("generate", "A lighthouse", "--wait", "0", **busy))[0]
        process = subprocess.Popen(
            [ATPIX, "generations", "watch", generation],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment(**busy),
        )  # fmt: skip
        stack.enter_context(process)
        stack.callback(process.kill)
        follows_events(busy, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (130, "")
    assert f"goes on without you. To look: atpix generations watch {generation}" in err
    assert f"to stop it: atpix generations cancel {generation}" in err


def follows_events(access, process):
    """Until the command has its connection to the server."""
    port, watched = int(access["ATPIX_URL"].rpartition(":")[2]), psutil.Process(process.pid)
    while not any(found.raddr and found.raddr.port == port for found in watched.net_connections()):
        assert process.poll() is None


def test_on_a_terminal_a_line_says_how_it_stands(at_terminal):
    code, text, out, _ = at_terminal("generate", "A lighthouse", streams=("stderr",))

    assert code == 0
    assert "offline" in text
    assert out.count("\n") == 1


def test_generations_are_listed_and_shown(remote, client):
    for prompt in ("One\nline", "Another " * 40):
        remote("generate", prompt)
    newest, oldest = client.generations.list()

    listed = remote("generations", "list").out.splitlines()
    everything = [json.loads(line) for line in remote("generations", "list", "--all", "--json").out.splitlines()]
    shown = dict(line.split("\t") for line in remote("generations", "show", oldest.id).out.splitlines())

    assert [line.split("\t")[0] for line in listed] == [newest.id, oldest.id]
    assert listed[0].endswith("…")
    assert listed[1].endswith("\tOne line")
    assert [found["id"] for found in everything] == [newest.id, oldest.id]
    assert (shown["prompt"], shown["image"]) == ("One\\nline", oldest.output_image_id)
    assert remote("generations", "list", "--status", "failed").out == ""


def test_a_regeneration_takes_over_the_name_and_a_replay_does_not(remote, client):
    first = columns(remote("generate", "A lighthouse", "--alias", "@sea"))

    again = columns(remote("generations", "regenerate", first[0]))
    other = columns(remote("generations", "replay", first[0], "--seed", "5", "--flow", "new"))

    assert (again[0], again[3]) == (first[0], "@sea")
    assert again[2] != first[2]
    assert (other[0] != first[0], other[3]) == (True, "")
    assert other[4]
    assert client.images.get("@sea").id == again[2]


def test_a_generation_goes_with_its_picture_unless_that_has_a_name(remote, client):
    named, plain = (columns(remote("generate", "x", *name)) for name in (["--alias", "@sea"], []))

    kept = json.loads(remote("generations", "delete", named[0], "--yes", "--json").out)
    gone = remote("generations", "delete", plain[0], "-y")

    assert kept == {"id": named[0], "deletedImageIds": [], "keptImageIds": [named[2]]}
    assert gone.out == f"deleted\t{plain[2]}\n"
    assert client.images.get("@sea").id == named[2]
    assert remote("generations", "delete", plain[0], "--yes").code == 1
    assert remote("generations", "delete", new_id()).code == 2
