"""Idempotency-Key: the same request is answered once: contract, section 1."""

import http.client
import json
from contextlib import closing

import pytest
import sqlalchemy as sa
from tests.forms import CONTENT_TYPE, UPLOAD, file_form, form, part
from tests.photographs import photo
from tests.wire import eventually

from atpix.db.tables import idempotency_keys
from atpix.http import idempotency


@pytest.fixture
def post(raw):
    def posted(body=None, key="key-1", path=UPLOAD):
        headers = {"Idempotency-Key": key} if body is None else {"Idempotency-Key": key, "Content-Type": CONTENT_TYPE}
        return raw.post(path, content=body, headers=headers)

    return posted


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_repeated_upload_is_the_stored_answer(post, client):
    first, second = post(file_form(photo(1), alias="@hero")), post(file_form(photo(1), alias="@hero"))

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert client.images.list().total == 1


def test_the_stored_answer_stays_although_the_image_has_changed_since(post, client):
    first = post(file_form(photo(1)))
    client.images.delete(first.json()["data"]["id"])

    assert post(file_form(photo(1))).json() == first.json()
    assert client.images.list().total == 0


def test_framing_and_order_of_fields_are_no_other_request(post):
    parts = [part("alias", "@hero"), part("file", photo(1), "a.jpg")]

    assert post(form(*parts)).json() == post(form(*reversed(parts))).json()


@pytest.mark.parametrize(
    "other", [file_form(photo(2)), file_form(photo(1), alias="@hero"), file_form(photo(1), filename="b.jpg")]
)
def test_another_request_with_the_same_key_is_refused(post, client, other):
    post(file_form(photo(1)))

    assert code(post(other)) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert client.images.list().total == 1


def test_another_address_with_the_same_key_is_refused(post, client):
    image = post(file_form(photo(1))).json()["data"]

    assert code(post(key="key-1", path=f"/api/v1/images/{image['id']}/restore")) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_repeated_restore_is_the_stored_answer(post, client, upload):
    image = upload()
    client.images.delete(image.id, trash=True)

    first = post(path=f"/api/v1/images/{image.id}/restore")
    client.images.delete(image.id, trash=True)
    second = post(path=f"/api/v1/images/{image.id}/restore")

    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert client.images.list().total == 0


def test_a_failed_attempt_may_be_tried_again(post, client):
    assert code(post(file_form(b"not an image"))) == (415, "UNSUPPORTED_FILE_TYPE")
    assert code(post(file_form(photo(1), alias="hero"))) == (400, "ALIAS_FORMAT_CHECK")
    assert code(post(b"not a form")) == (400, "VALIDATION_ERROR")

    assert post(file_form(photo(1), alias="@hero")).status_code == 201
    assert client.images.list().total == 1


def test_a_request_that_is_still_running_holds_its_key(post, server, project, client, is_claimed):
    body = file_form(photo(1))
    sent = {"X-API-Key": project.key, "Idempotency-Key": "key-1", "Content-Type": CONTENT_TYPE}
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as slow:
        slow.putrequest("POST", UPLOAD)
        for name, value in (sent | {"Content-Length": str(len(body))}).items():
            slow.putheader(name, value)
        slow.endheaders(body[:200])
        eventually(lambda: is_claimed("key-1"))

        refused = post(file_form(photo(1)))
        slow.send(body[200:])
        answer = slow.getresponse()
        stored = json.loads(answer.read())

    assert code(refused) == (409, "IDEMPOTENCY_KEY_IN_USE")
    assert refused.headers["retry-after"] == "1"
    assert answer.status == 201
    assert post(file_form(photo(1))).json() == stored
    assert client.images.list().total == 1


@pytest.fixture
def is_claimed(svc, project):
    keys = idempotency_keys.c

    def claimed(key):
        with svc.db.read() as tx:
            return tx.one_or_none(sa.select(keys.key).where(keys.scope == project.row.id, keys.key == key)) is not None

    return claimed


def code_of(answer):
    return answer.status_code, answer.json().get("error", {}).get("code")


def test_of_parallel_requests_with_one_key_one_works(post, client, threads):
    answers = list(threads.map(lambda _: post(file_form(photo(1), alias="@hero")), range(8)))

    done = {answer.json()["data"]["id"] for answer in answers if answer.status_code == 201}
    assert len(done) == 1
    assert {code_of(answer) for answer in answers} <= {(201, None), (409, "IDEMPOTENCY_KEY_IN_USE")}
    assert client.images.list().total == 1


def test_a_key_is_forgotten_after_a_day(svc, project, clock):
    claim = idempotency.claim(svc, project.caller, "daily")
    with svc.db.transaction() as tx:
        claim.seal(tx, "fingerprint", 201, b"{}", None)

    clock.advance(23.9 * 3600)
    assert isinstance(idempotency.claim(svc, project.caller, "daily"), idempotency.Replay)
    clock.advance(0.2 * 3600)
    assert isinstance(idempotency.claim(svc, project.caller, "daily"), idempotency.Claim)


def test_a_request_that_was_overtaken_undoes_its_work(svc, project, clock):
    slow = idempotency.claim(svc, project.caller, "slow")
    clock.advance(idempotency.HOLD_MS / 1000 + 1)
    retry = idempotency.claim(svc, project.caller, "slow")
    assert isinstance(retry, idempotency.Claim)

    with pytest.raises(idempotency.KeyInUse), svc.db.transaction() as tx:
        slow.seal(tx, "fingerprint", 201, b"{}", None)
    with svc.db.transaction() as tx:
        retry.seal(tx, "fingerprint", 201, b"{}", None)


def test_a_claim_that_is_renewed_is_not_taken_over(svc, project, clock):
    claim = idempotency.claim(svc, project.caller, "long")
    for _ in range(3):
        clock.advance(idempotency.HOLD_MS / 1000 - 1)
        claim.renew(svc)

    with pytest.raises(idempotency.KeyInUse):
        idempotency.claim(svc, project.caller, "long")


def test_a_replayed_image_has_the_etag_of_the_first_answer(post):
    first, again = (post(file_form(photo(1)), key="tagged") for _ in range(2))

    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.headers["ETag"] == again.headers["ETag"]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_is_none_is_refused(post, client, key):
    assert code(post(file_form(photo(1)), key=key)) == (400, "VALIDATION_ERROR")
    assert client.images.list().total == 0


def test_without_the_header_every_request_is_its_own(raw, client):
    for _ in range(2):
        raw.post(UPLOAD, content=file_form(photo(1)), headers={"Content-Type": CONTENT_TYPE})

    assert client.images.list().total == 2
