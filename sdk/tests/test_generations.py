from json import dumps, loads

import httpx2
import pytest
from sdk.tests.stand_in import TIME, Chunks, failure

from atpix_client import errors

ID = "00000000-0000-7000-8000-00000000000a"


def generation(status="success", **fields):
    return {
        "id": ID,
        "projectId": "p",
        "flowId": None,
        "prompt": "A lighthouse",
        "originalPrompt": None,
        "autoEnhance": True,
        "aspectRatio": "16:9",
        "provider": "offline",
        "model": None,
        "seed": 7,
        "status": status,
        "error": None,
        "outputImageId": None,
        "outputImage": None,
        "referencedImages": [],
        "warnings": [],
        "run": 1,
        "processingTimeMs": None,
        "usage": None,
        "costUsd": None,
        "meta": {},
        "createdAt": TIME,
        "updatedAt": TIME,
        "inventedLater": {"by": "a newer server"},
        **fields,
    }


def one(thing, status=200):
    return httpx2.Response(status, json={"success": True, "data": thing})


def event(thing, name="status"):
    return f"event: {name}\nid: v\ndata: {dumps(thing)}\n\n".encode()


def stream(*pieces):
    return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, stream=Chunks(*pieces))


def failed(code):
    return generation("failed", error={"code": code, "message": "Say it otherwise."})


def test_a_prompt_becomes_a_picture(client, server):
    picture = server.add(source="generated", generationId=ID)
    server.script.append(one(generation(outputImageId=picture["id"], outputImage=picture, costUsd=0.04), 201))

    made = client.generations.create("A lighthouse")

    assert (made.status, made.has_ended, made.error) == ("success", True, None)
    assert (made.output_image.id, made.output_image.generation_id, made.cost_usd) == (picture["id"], ID, 0.04)
    assert loads(server.requests[0].content) == {"prompt": "A lighthouse"}
    assert server.requests[0].headers["prefer"] == "wait=60"
    assert server.requests[0].headers["idempotency-key"]


def test_all_that_can_be_asked_for_goes_out_in_the_words_of_the_api(client, server):
    server.script.append(one(generation("pending"), 202))

    made = client.generations.create(
        "@hero at sea",
        aspect_ratio="1:1",
        reference_images=["@hero", ID],
        mask="@mask",
        flow_id="f",
        alias="@sea",
        flow_alias="@one",
        provider="openai",
        model="gpt-image-1",
        seed=0,
        auto_enhance=False,
        template="comic",
        meta={"for": "tests"},
        wait_s=0,
        idempotency_key="mine",
    )

    assert not made.has_ended
    assert server.requests[0].headers["prefer"] == "wait=0"
    assert server.requests[0].headers["idempotency-key"] == "mine"
    assert loads(server.requests[0].content) == {
        "prompt": "@hero at sea",
        "aspectRatio": "1:1",
        "referenceImages": ["@hero", ID],
        "mask": "@mask",
        "flowId": "f",
        "alias": "@sea",
        "flowAlias": "@one",
        "provider": "openai",
        "model": "gpt-image-1",
        "seed": 0,
        "autoEnhance": False,
        "enhancementOptions": {"template": "comic"},
        "meta": {"for": "tests"},
    }


def test_an_image_that_is_at_hand_is_a_reference_as_it_is(client, server):
    image = client.images.get(server.add()["id"])
    server.script.append(one(generation(), 201))

    client.generations.create("the same at night", reference_images=[image], mask=image)

    body = loads(server.requests[-1].content)
    assert (body["referenceImages"], body["mask"]) == ([image.id], image.id)


def test_an_answer_may_take_as_long_as_the_server_was_asked_to_wait(connect, server):
    server.script.extend([one(generation(), 201), one(generation())])
    client = connect(timeout_s=10)

    client.generations.create("A lighthouse", wait_s=90)
    client.generations.get(ID)

    assert [request.extensions["timeout"]["read"] for request in server.requests] == [100, 10]


def test_a_lost_answer_is_asked_for_again_under_the_same_idempotency_key(client, server):
    server.script.extend([httpx2.ReadError("cut"), one(generation(), 201)])

    client.generations.create("A lighthouse")

    first, second = server.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.content == second.content


@pytest.mark.parametrize(
    ("code", "kind", "status"),
    [
        ("CONTENT_BLOCKED", errors.ContentBlocked, 422),
        ("PROVIDER_ERROR", errors.ProviderError, 502),
        ("PROVIDER_TIMEOUT", errors.ProviderTimeout, 504),
        ("PROVIDER_RATE_LIMIT", errors.ProviderRateLimit, 429),
        ("STORAGE_UNAVAILABLE", errors.StorageUnavailable, 503),
        ("CANCELLED", errors.Cancelled, 409),
        ("INVENTED_LATER", errors.InternalError, 500),
    ],
)
def test_a_failed_generation_is_an_object_until_an_exception_is_asked_for(client, server, code, kind, status):
    server.script.append(one(failed(code), 201))

    made = client.generations.create("Something blocked")

    assert (made.status, made.error.code, made.error.message) == ("failed", code, "Say it otherwise.")
    with pytest.raises(kind, match=r"Say it otherwise") as caught:
        made.raise_for_status()
    assert (caught.value.status, caught.value.code) == (status, code)


def test_a_generation_that_did_not_fail_raises_nothing(client, server):
    server.script.extend([one(generation()), one(generation("pending"))])

    client.generations.get(ID).raise_for_status()
    client.generations.get(ID).raise_for_status()


def test_an_image_that_went_leaves_what_is_known_of_it(client, server):
    server.script.append(one(generation(referencedImages=[{"imageId": None, "alias": "@hero", "sha256": "ab"}])))

    (reference,) = client.generations.get(ID).referenced_images

    assert (reference.image_id, reference.alias, reference.sha256) == (None, "@hero", "ab")


def test_the_other_calls_go_where_the_contract_says(client, server):
    gone = {"id": ID, "deletedImageIds": ["i"], "keptImageIds": []}
    server.script.extend([*(one(generation()) for _ in range(5)), one(gone)])

    client.generations.update(ID, prompt="Another", flow_id=None, wait_s=1)
    client.generations.regenerate(ID, wait_s=2)
    client.generations.replay(ID, provider="openai", seed=None, wait_s=3)
    client.generations.cancel(ID)
    client.generations.get(ID)
    assert client.generations.delete(ID).deleted_image_ids == ["i"]

    sent = [(request.method, request.url.path.removeprefix(f"/api/v1/generations/{ID}")) for request in server.requests]
    assert sent == [
        ("PUT", ""), ("POST", "/regenerate"), ("POST", "/replay"), ("POST", "/cancel"), ("GET", ""), ("DELETE", ""),
    ]  # fmt: skip
    assert loads(server.requests[0].content) == {"prompt": "Another", "flowId": None}
    assert loads(server.requests[2].content) == {"provider": "openai", "seed": None}
    assert [request.headers.get("prefer") for request in server.requests[:4]] == ["wait=1", "wait=2", "wait=3", None]


def test_generations_are_listed_by_flow_and_state(client, server):
    pages = {"total": 1, "limit": 20, "offset": 0, "hasMore": False}
    listing = {"success": True, "data": [generation()], "pagination": pages}
    server.script.extend([httpx2.Response(200, json=listing), httpx2.Response(200, json=listing)])

    page = client.generations.list(flow_id="f", status="success", limit=5)
    everything = list(client.generations.iterate(status="failed"))

    assert [found.id for found in page] == [found.id for found in everything] == [ID]
    assert dict(server.requests[0].url.params) == {"flowId": "f", "status": "success", "limit": "5"}
    assert dict(server.requests[1].url.params) == {"status": "failed", "limit": "100"}


def test_a_stream_tells_every_change_until_the_end(client, server):
    end = event(generation())
    server.script.append(
        stream(b"retry: 2000\n\n", event(generation("pending")), b": still there\n\n",
               event(generation("processing")), end[:40], end[40:], event(generation("never read")))
    )  # fmt: skip

    assert [seen.status for seen in client.generations.stream(ID)] == ["pending", "processing", "success"]
    assert server.requests[0].url.path.endswith(f"/generations/{ID}/events")
    assert server.requests[0].headers["accept"] == "text/event-stream"


def test_line_ends_of_either_kind_and_any_text_are_read(client, server):
    prompt = "שלום \u2028 two\nlines"
    server.script.append(stream(event(generation(prompt=prompt)).replace(b"\n", b"\r\n")))

    (seen,) = client.generations.stream(ID)

    assert seen.prompt == prompt


@pytest.mark.parametrize("trouble", [httpx2.ReadError("cut"), httpx2.ReadTimeout("silent"), None])
def test_a_stream_that_breaks_is_taken_up_again_and_tells_nothing_twice(client, server, trouble):
    broken = [event(generation("processing"))] + ([trouble] if trouble else [])
    server.script.extend(stream(*broken) for _ in range(7))
    server.script.append(stream(event(generation("processing")), event(generation())))

    assert [seen.status for seen in client.generations.stream(ID)] == ["processing", "success"]
    assert len(server.requests) == 8


def test_waiting_lasts_across_a_server_that_is_away(client, server):
    server.script.append(stream(event(generation("processing"))))
    server.script.extend(httpx2.ConnectError("refused") for _ in range(9))
    server.script.append(failure(503, "OVERLOADED"))
    server.script.append(stream(event(generation())))

    assert client.generations.wait(ID).status == "success"
    assert max(server.pauses_s) <= 8


def test_waiting_lasts_across_a_server_that_is_away_from_the_beginning(client, server):
    server.script.extend(httpx2.ConnectError("refused") for _ in range(9))
    server.script.append(stream(event(generation())))

    assert client.generations.wait(ID, timeout_s=60).status == "success"


def test_waiting_lasts_across_any_number_of_failures(client, server):
    server.script.append(stream(event(generation("processing"))))
    server.script.extend(httpx2.ConnectError("refused") for _ in range(1100))
    server.script.append(stream(event(generation())))

    assert client.generations.wait(ID, timeout_s=None).status == "success"
    assert max(server.pauses_s) <= 8


def test_a_server_that_never_answers_is_given_up_by_who_waits_for_ever(client, server):
    server.script.extend(httpx2.ConnectError("refused") for _ in range(9))

    with pytest.raises(errors.APIConnectionError):
        client.generations.wait(ID, timeout_s=None)

    assert len(server.requests) == 3


def test_a_wait_in_which_no_server_was_reached_says_so_when_it_is_over(client, server):
    server.script.extend(httpx2.ConnectError("refused") for _ in range(20_000))

    with pytest.raises(errors.APIConnectionError, match="refused"):
        client.generations.wait(ID, timeout_s=0.05)


def test_waiting_for_what_failed_ends_like_any_other(client, server):
    server.script.append(stream(event(failed("CONTENT_BLOCKED"))))

    assert client.generations.wait(ID).error.code == "CONTENT_BLOCKED"


def test_a_wait_that_is_over_says_that_the_generation_goes_on(client, server):
    server.script.append(stream(event(generation("processing"))))

    with pytest.raises(errors.StillGenerating, match=f"Generation {ID} is still under way after 1e-09 s") as caught:
        client.generations.wait(ID, timeout_s=1e-9)

    assert caught.value.generation_id == ID


def test_a_generation_that_is_deleted_meanwhile_is_not_found(client, server):
    server.script.append(stream(event(generation("processing")), event({"id": ID}, name="deleted")))

    with pytest.raises(errors.GenerationNotFound, match="was deleted"):
        client.generations.wait(ID)


def test_a_generation_that_is_not_there_is_not_waited_for(client, server):
    server.script.append(failure(404, "GENERATION_NOT_FOUND"))

    with pytest.raises(errors.GenerationNotFound):
        client.generations.wait(ID)

    assert len(server.requests) == 1


def test_what_was_used_is_asked_for_in_the_words_of_the_api(client, server):
    sums = {"generations": 3, "images": 2, "failed": 1, "processingTimeMs": 9, "costUsd": 0.08, "usage": {"images": 2}}
    report = {
        "from": TIME, "to": TIME, "groupBy": "day", "totals": sums, "groups": [{"key": "2026-01-02", **sums}],
        "hasMore": False,
        "budget": {"month": "2026-01", "limitUsd": 10.0, "committedUsd": 0.08, "leftUsd": 9.92},
    }  # fmt: skip
    server.script.append(one(report))

    used = client.usage(group_by="day", since="2026-01-01", limit=10)

    assert (used.totals.cost_usd, used.groups[0].key, used.budget.left_usd) == (0.08, "2026-01-02", 9.92)
    assert dict(server.requests[0].url.params) == {"groupBy": "day", "from": "2026-01-01", "limit": "10"}
