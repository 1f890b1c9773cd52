from io import BytesIO

import httpx2
import pytest
from sdk.tests.stand_in import failure

from atpix_client import APIConnectionError, APITimeoutError, FocalPoint, errors


class OneShot(BytesIO):
    """Like a pipe."""

    def seekable(self):
        return False


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: httpx2.ConnectError("refused"),
        lambda: httpx2.ReadTimeout("slow"),
        lambda: httpx2.RemoteProtocolError("hung up"),
        lambda: failure(408, "TROUBLE"),
        lambda: failure(429, "TROUBLE"),
        lambda: failure(502, "PROVIDER_ERROR"),
        lambda: httpx2.Response(503, html="<h1>Unavailable</h1>"),
        lambda: failure(504, "PROVIDER_TIMEOUT"),
    ],
)
def test_passing_trouble_is_survived(client, server, trouble):
    image = server.add()
    server.script.append(trouble())

    assert client.images.get(image["id"]).id == image["id"]
    assert len(server.pauses_s) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 501])
def test_what_would_fail_again_is_not_repeated(client, server, status):
    server.script.append(failure(status, "TROUBLE"))

    with pytest.raises(errors.APIStatusError):
        client.images.get("@hero")

    assert len(server.requests) == 1


def test_it_gives_up_after_the_retries_it_was_given(server, connect):
    server.script.extend([httpx2.ConnectError("refused")] * 9)

    with pytest.raises(APIConnectionError):
        connect(max_retries=3).images.get("@hero")

    assert len(server.requests) == 4


def lost():
    return httpx2.ReadTimeout("slow")


def refused():
    return httpx2.ConnectError("refused")


def overloaded():
    return failure(503, "OVERLOADED")


@pytest.mark.parametrize(
    ("script", "may_be_done"),
    [
        ([lost, refused, refused], True),
        ([refused, refused, lost], True),
        ([lost, overloaded, lambda: failure(401, "UNAUTHORIZED")], True),
        ([lambda: failure(502, "BAD_GATEWAY"), refused, refused], True),
        ([lambda: failure(409, "IDEMPOTENCY_KEY_IN_USE")] * 3, True),
        ([lambda: httpx2.Response(201, text="<html>")], True),
        ([refused, refused, refused], False),
        ([overloaded, overloaded, overloaded], False),
        ([lambda: failure(422, "CONTENT_BLOCKED")], False),
    ],
)
def test_a_failure_says_whether_one_of_its_attempts_may_have_done_it(client, server, script, may_be_done):
    server.script.extend(trouble() for trouble in script)

    with pytest.raises(errors.AtpixError) as caught:
        client.generations.create("A lighthouse")

    assert caught.value.may_be_done is may_be_done
    assert not server.script


def test_pauses_double_and_vary(server, connect):
    server.script.extend(failure(503, "OVERLOADED") for _ in range(9))

    with pytest.raises(errors.Overloaded):
        connect(max_retries=6).images.get("@hero")

    for pause_s, longest_s in zip(server.pauses_s, [0.5, 1, 2, 4, 8, 8], strict=True):
        assert longest_s / 2 <= pause_s <= longest_s


def test_the_server_says_how_long_to_wait_in_seconds(client, server):
    image = server.add()
    server.script.append(failure(429, "RATE_LIMIT_EXCEEDED", headers={"Retry-After": "7"}))

    client.images.get(image["id"])

    assert server.pauses_s == [7.0]


def test_the_server_says_how_long_to_wait_as_a_date_by_its_own_clock(client, server):
    image = server.add()
    dates = {"Date": "Mon, 05 Jan 1998 10:00:00 GMT", "Retry-After": "Mon, 05 Jan 1998 10:00:03 GMT"}
    server.script.append(failure(503, "OVERLOADED", headers=dates))

    client.images.get(image["id"])

    assert server.pauses_s == [3.0]


@pytest.mark.parametrize("said", ["soon", "-1", "1.5", "٣", ""])
def test_a_meaningless_retry_after_is_ignored(client, server, said):
    image = server.add()
    headers = [(b"Retry-After", said.encode())]
    server.script.append(failure(503, "OVERLOADED", headers=headers))

    client.images.get(image["id"])

    assert 0.25 <= server.pauses_s[0] <= 0.5


def test_a_wait_of_minutes_is_left_to_the_caller(client, server):
    server.script.append(failure(429, "RATE_LIMIT_EXCEEDED", headers={"Retry-After": "900"}))

    with pytest.raises(errors.RateLimitExceeded) as caught:
        client.images.get("@hero")

    assert caught.value.retry_after == 900
    assert server.pauses_s == []


def test_an_upload_is_repeated_under_the_same_key_with_the_same_bytes(client, server):
    server.script.extend([httpx2.ReadTimeout("slow"), failure(409, "IDEMPOTENCY_KEY_IN_USE")])

    client.images.upload(b"picture", alias="@hero")

    first, *repetitions = server.requests
    assert len(repetitions) == 2
    for request in repetitions:
        assert request.headers["idempotency-key"] == first.headers["idempotency-key"]
        assert request.content == first.content
    assert len(server.images) == 1


def test_two_uploads_have_two_keys_and_the_caller_may_choose_one(client, server):
    client.images.upload(b"a")
    client.images.upload(b"b")
    client.images.upload(b"c", idempotency_key="import-7")

    one, two, chosen = (request.headers["idempotency-key"] for request in server.requests)
    assert one != two
    assert chosen == "import-7"


def test_an_upload_from_a_file_object_starts_again_from_where_it_stood(client, server):
    file = BytesIO(b"headpicture")
    file.seek(4)
    server.script.append(failure(503, "OVERLOADED"))

    image = client.images.upload(file)

    assert server.files[image.id] == b"picture"
    assert not file.closed


def test_an_upload_that_cannot_be_read_twice_is_sent_once(client, server):
    server.script.append(failure(503, "OVERLOADED"))

    with pytest.raises(errors.Overloaded):
        client.images.upload(OneShot(b"picture"))

    assert len(server.requests) == 1


def test_a_conditional_write_whose_answer_was_lost_is_not_repeated(client, server):
    image = server.add()
    writes = [
        lambda: client.images.update(image["id"], focal_point=FocalPoint(0, 0), if_match='"v1"'),
        lambda: client.images.assign_alias(image["id"], "@a", expect_image_id=None),
        lambda: client.images.delete("@hero"),
    ]
    for write in writes:
        for lost, kind in [
            (httpx2.ReadTimeout("slow"), APITimeoutError),
            (failure(504, "TROUBLE"), errors.GatewayTimeout),
        ]:
            server.script.append(lost)
            with pytest.raises(kind):
                write()
    assert len(server.requests) == 6


def test_a_conditional_write_that_never_arrived_is_repeated(client, server):
    image = server.add()
    server.script.extend([httpx2.ConnectTimeout("slow"), failure(503, "OVERLOADED")])

    client.images.update(image["id"], meta={}, if_match='"v1"')

    assert len(server.requests) == 3
