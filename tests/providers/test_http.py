"""The client of all providers against servers that are slow, broken, greedy for memory, or nosy."""

import gzip
import json
import socket
from contextlib import closing
from email.utils import formatdate

import pytest
from pydantic import SecretStr
from tests.providers.conftest import MAX_FILE_BYTES, SECRET, Answer, failure, streamed, trickling

from atpix.providers.faults import Refusal, retry_after_s
from atpix.providers.http import Http, Key
from atpix.settings import Settings

# What goes out and what comes back


def test_json_goes_out_with_the_key_and_comes_back(http, stand_in):
    stand_in.answers = [Answer({"answer": 42})]

    assert http().call("/images", {"prompt": "hé"}) == {"answer": 42}

    asked = stand_in.transcript[0]
    assert (asked.method, asked.path, asked.json()) == ("POST", "/v1/images", {"prompt": "hé"})
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    assert asked.headers["Content-Type"] == "application/json"


def test_a_key_goes_out_in_the_header_that_the_provider_wants(stand_in):
    stand_in.answers = [Answer({}), Answer({})]
    settings, name = Settings(), "X-Goog-Api-Key"

    Http(settings, provider="A", base_url=stand_in.url, key=Key(SecretStr(SECRET), name, "")).call("/a")
    Http(settings, provider="A", base_url=stand_in.url, key=Key(SecretStr(""))).call("/a")

    assert stand_in.transcript[0].headers[name] == SECRET
    assert "Authorization" not in stand_in.transcript[1].headers


def test_files_go_out_as_a_form_in_their_order(http, stand_in):
    stand_in.answers = [Answer({})]
    files = [("image[]", ("a.png", b"first", "image/png")), ("image[]", ("b.jpg", b"second", "image/jpeg"))]

    http().call("/edits", form={"prompt": "x"}, files=files)

    body = stand_in.transcript[0].body
    assert stand_in.transcript[0].headers["Content-Type"].startswith("multipart/form-data")
    assert body.index(b'name="prompt"') < body.index(b"first") < body.index(b"second")


def test_a_whole_address_at_the_same_origin_is_asked(http, stand_in):
    stand_in.answers = [Answer({"status": "done"})]

    assert http().call(f"{stand_in.url}/elsewhere?x=1", method="GET") == {"status": "done"}

    assert stand_in.transcript[0].path == "/elsewhere?x=1"


def test_the_key_goes_to_no_other_host(http, stand_in):
    refused = failure(lambda: http(base_url="http://localhost:1/v1").call(f"{stand_in.url}/v1/status"))

    assert "another host" in refused.message
    assert stand_in.transcript == []


# Refusals


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_told_and_not_tried_again(http, stand_in, status):
    stand_in.answers = [Answer({"error": {"message": f"Incorrect API key provided: {SECRET}"}}, status)]

    refused = failure(lambda: http().call("/a"))

    assert (refused.code, refused.worth_retrying) == ("PROVIDER_ERROR", False)
    assert refused.message == "Acme refused the server's key."


def test_a_rate_limit_says_when_to_come_again(http, stand_in):
    stand_in.answers = [Answer({"error": {"message": "Slow down."}}, 429, {"Retry-After": "7"})]

    refused = failure(lambda: http().call("/a"))

    assert (refused.code, refused.worth_retrying, refused.retry_after_s) == ("PROVIDER_RATE_LIMIT", True, 7)
    assert "Slow down." in refused.message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (formatdate(1_000_060, usegmt=True), 60),
        (formatdate(999_000, usegmt=True), 0),
        ("99999999999", 86400),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after_s(value, 1_000_000) == seconds


@pytest.mark.parametrize("status", [500, 502, 503, 529, 408])
def test_a_provider_in_trouble_is_worth_another_attempt(http, stand_in, status):
    stand_in.answers = [Answer("<html>Bad gateway</html>", status, {"Retry-After": "3"})]

    refused = failure(lambda: http().call("/a"))

    assert (refused.code, refused.worth_retrying, refused.retry_after_s) == ("PROVIDER_ERROR", True, 3)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "No such size."}},
        {"error": "No such size."},
        {"detail": "No such size."},
        {"detail": [{"msg": "No such size.", "loc": ["body"]}]},
        {"message": "No such size."},
        {"title": "No such size."},
    ],
)
def test_what_a_provider_says_of_a_bad_request_is_passed_on(http, stand_in, body):
    stand_in.answers = [Answer(body, 400)]

    refused = failure(lambda: http().call("/a"))

    assert isinstance(refused, Refusal)
    assert (refused.status, refused.body, refused.worth_retrying) == (400, body, False)
    assert refused.message == "Acme refused the request with status 400. It says: No such size."


def test_a_key_that_a_provider_repeats_is_not_passed_on(http, stand_in):
    stand_in.answers = [Answer({"error": f"bad\nheader {SECRET} " + "x" * 1000}, 400)]

    with pytest.raises(Refusal) as caught:
        http().call("/a")

    assert caught.value.message.startswith("Acme refused the request with status 400. It says: bad header [key] xxx")
    assert len(caught.value.message) < 400


def test_a_call_follows_no_redirect(http, stand_in):
    stand_in.answers = [Answer("", 307, {"Location": f"{stand_in.url}/elsewhere"})]

    assert "redirect" in failure(lambda: http().call("/a")).message
    assert len(stand_in.transcript) == 1


# Broken, slow and huge answers


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<!doctype html><title>Hello</title>", "a web page"),
        ('{"data": [', "not a JSON object"),
        ("[1, 2]", "not a JSON object"),
        (b"\xff\xfe\x00", "not a JSON object"),
        ("[" * 200_000, "not a JSON object"),
        ("", "with nothing"),
    ],
    ids=["html", "half", "list", "binary", "deep", "nothing"],
)
def test_an_answer_that_is_no_json_object_is_an_error(http, stand_in, body, says):
    stand_in.answers = [Answer(body)]

    failed = failure(lambda: http().call("/a"))

    assert (failed.code, failed.worth_retrying) == ("PROVIDER_ERROR", False)
    assert says in failed.message


def test_a_server_that_is_not_there_is_worth_another_attempt(http):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

    failed = failure(lambda: http(base_url=f"http://127.0.0.1:{port}").call("/a"))

    assert (failed.code, failed.worth_retrying) == ("PROVIDER_ERROR", True)
    assert failed.message == "Acme cannot be reached."


def test_a_host_without_an_address_cannot_be_reached(http):
    def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert "cannot be reached" in failure(lambda: http(resolve=nobody).call("/a")).message


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"SSH-2.0-OpenSSH\r\n"])
def test_a_connection_that_breaks_is_worth_another_attempt(http, stand_in, sent):
    stand_in.answers = [streamed(lambda handler: handler.wfile.write(sent))]

    failed = failure(lambda: http().call("/a"))

    assert (failed.code, failed.worth_retrying) == ("PROVIDER_ERROR", True)


def test_a_server_that_says_nothing_is_left_in_time(http, stand_in):
    stand_in.answers = [streamed(lambda _: stand_in.finished.wait())]

    failed = failure(lambda: http(timeout_s=0.3).call("/a"))

    assert (failed.code, failed.worth_retrying) == ("PROVIDER_TIMEOUT", True)


def test_headers_that_trickle_do_not_outlive_the_deadline(http, stand_in):
    stand_in.answers = [trickling(b"HTTP/1.1 200 OK\r\n", b"X-Wait: 1\r\n", stand_in)]

    assert failure(lambda: http(timeout_s=0.5).call("/a")).code == "PROVIDER_TIMEOUT"


def test_a_body_that_trickles_does_not_outlive_the_deadline(http, stand_in, target):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    stand_in.answers = [trickling(head, b" ", stand_in), trickling(head, b" ", stand_in)]
    slow = http(timeout_s=0.5)

    assert failure(lambda: slow.call("/a")).code == "PROVIDER_TIMEOUT"
    assert failure(lambda: slow.fetch(f"{stand_in.url}/p", target)).code == "PROVIDER_TIMEOUT"


def test_a_body_without_an_end_is_left_at_the_limit(http, stand_in, target):
    head = b"HTTP/1.1 200 OK\r\n\r\n"

    def write(handler) -> None:
        handler.wfile.write(head)
        while not stand_in.finished.is_set():
            handler.wfile.write(b"[" * 65536)

    stand_in.answers = [streamed(write), streamed(write)]

    assert "more than" in failure(lambda: http().call("/a")).message
    assert "more than" in failure(lambda: http().fetch(f"{stand_in.url}/p", target)).message
    assert target.stat().st_size <= MAX_FILE_BYTES


def test_a_body_of_two_gigabytes_is_not_begun(http, stand_in, target):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n"
    stand_in.answers = [streamed(lambda handler: handler.wfile.write(head))] * 2

    assert "more than" in failure(lambda: http().call("/a")).message
    assert "more than" in failure(lambda: http().fetch(f"{stand_in.url}/p", target)).message


def test_a_small_body_that_unpacks_to_a_huge_one_is_left_at_the_limit(http, stand_in):
    stand_in.answers = [Answer(gzip.compress(b"[" * 50_000_000), headers={"Content-Encoding": "gzip"})]

    assert "more than" in failure(lambda: http().call("/a")).message


def test_an_answer_as_large_as_a_picture_in_base64_is_taken(http, stand_in):
    stand_in.answers = [Answer({"b64": "A" * (MAX_FILE_BYTES * 4 // 3)})]

    assert len(http().call("/a")["b64"]) == MAX_FILE_BYTES * 4 // 3


def test_the_environment_sets_no_proxy(http, stand_in, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    stand_in.answers = [Answer(json.dumps({"a": 1}))]

    assert http().call("/a") == {"a": 1}
