"""`Prefer: wait=n`, and repeating a request that may have been heard."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.generations.api import BLANK, PATH, code, path
from tests.wire import eventually

from atpix.generations import actions
from atpix.generations.schemas import GenerationIn, GenerationOut
from atpix.http import idempotency
from atpix.http.wire import Answer, encode


def test_without_a_preference_it_waits_for_the_end(generations):
    answer = generations.post()

    assert answer.status_code == 201
    assert "preference-applied" not in answer.headers


def test_nobody_need_wait(generations, queue):
    queue.hold()

    answer = generations.post(wait_s=0)

    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=0"
    assert answer.headers["location"] == f"{PATH}/{answer.json()['data']['id']}"
    assert answer.json()["data"]["status"] == "pending"


def test_it_goes_on_when_the_wait_is_over(generations, queue):
    queue.hold()
    answer = generations.post(wait_s=1)
    assert answer.status_code == 202

    queue.go_on()

    eventually(lambda: generations.get(answer.json()["data"]["id"])["status"] == "success")


def test_it_is_answered_as_soon_as_it_has_ended(generations, raw, queue):
    queue.hold()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(generations.post, wait_s=60)
        eventually(lambda: generations.list(status="pending")["data"])
        raw.post(f"{PATH}/{generations.list(status='pending')['data'][0]['id']}/cancel")

        answer = waiting.result(timeout=30)

    assert answer.status_code == 201
    assert answer.json()["data"]["error"]["code"] == "CANCELLED"


def test_one_that_is_deleted_while_somebody_waits_is_not_found(generations, raw, queue):
    queue.hold()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(generations.post, wait_s=60)
        eventually(lambda: generations.list(status="pending")["data"])
        raw.delete(f"{PATH}/{generations.list(status='pending')['data'][0]['id']}")

        assert code(waiting.result(timeout=30)) == (404, "GENERATION_NOT_FOUND")


def test_many_who_wait_hold_no_threads(generations, queue):
    """More than a server has threads or connections to its database."""
    queue.hold()
    with ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(generations.post, wait_s=60) for _ in range(40)]
        eventually(lambda: generations.list(status="pending")["pagination"]["total"] == 40)

        assert generations.post(wait_s=0).status_code == 202
        queue.go_on()

        assert {answer.result(timeout=60).status_code for answer in waiting} == {201}


@pytest.mark.parametrize("said", ["wait=-1", "wait=121", "wait=1.5", "wait=", "wait", "wait=soon", "wait=1e1"])
def test_a_wait_that_makes_no_sense_is_refused(generations, said):
    answer = generations.post(headers={"Prefer": said})

    assert code(answer) == (400, "VALIDATION_ERROR")
    assert path(answer) == "Prefer"
    assert generations.list()["pagination"]["total"] == 0


@pytest.mark.parametrize(
    ("said", "applied"),
    [("wait=30", "wait=30"), ("Wait=030", "wait=30"), ('wait="30"', "wait=30"), ("return=minimal,wait=30", "wait=30"),
     ("wait=30; a=b, wait=-1", "wait=30"), ("return=minimal", None), ("", None)],
)  # fmt: skip
def test_preferences_are_read_as_rfc_7240_has_them(generations, said, applied):
    answer = generations.post(headers={"Prefer": said})

    assert answer.status_code == 201
    assert answer.headers.get("preference-applied") == applied


def test_respond_async_is_not_to_wait(generations, queue):
    queue.hold()

    answer = generations.post(headers={"Prefer": "respond-async"})

    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")


@pytest.fixture
def keyed(generations):
    def posted(key="key-1", **more):
        return generations.post(headers={"Idempotency-Key": key}, **more)

    return posted


def test_a_repeated_request_is_answered_as_the_first_was(keyed, generations):
    first, second = keyed(), keyed()

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["etag"] == first.headers["etag"]
    assert generations.list()["pagination"]["total"] == 1


def test_while_the_first_waits_a_retry_is_told_where_to_look(keyed, generations, queue):
    queue.hold()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(keyed, wait_s=60)
        eventually(lambda: generations.list(status="pending")["data"])

        retry = keyed(wait_s=60)
        queue.go_on()
        answer = first.result(timeout=30)

    assert (retry.status_code, answer.status_code) == (202, 201)
    assert retry.headers["location"] == answer.headers["location"]
    assert keyed(wait_s=60).json() == answer.json()
    assert generations.list()["pagination"]["total"] == 1


def test_how_long_somebody_waits_makes_no_other_request(keyed):
    first = keyed(wait_s=60)

    assert keyed(wait_s=0).json() == first.json()


def test_white_space_makes_no_other_request(raw, generations):
    bodies = ['{"prompt":"a fox","model":"offline-blank"}', '{ "model": "offline-blank", "prompt": "a fox" }']
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}

    answers = [raw.post(PATH, content=body, headers=headers) for body in bodies]

    assert answers[0].json() == answers[1].json()
    assert generations.list()["pagination"]["total"] == 1


def test_another_request_with_the_same_key_is_refused(keyed, raw):
    made = keyed().json()["data"]

    assert code(keyed(prompt="another")) == (422, "IDEMPOTENCY_KEY_REUSED")
    regenerate = raw.post(f"{PATH}/{made['id']}/regenerate", headers={"Idempotency-Key": "key-1"})
    assert code(regenerate) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_refused_request_may_be_tried_again_with_its_key(keyed):
    assert code(keyed(aspectRatio="16:9", provider="nobody")) == (400, "VALIDATION_ERROR")

    assert keyed().status_code == 201


def test_of_parallel_requests_with_one_key_one_generates(keyed, generations):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: keyed(), range(8)))

    assert {answer.status_code for answer in answers} <= {201, 202, 409}
    assert len({answer.json()["data"]["id"] for answer in answers if answer.status_code != 409}) == 1
    assert generations.list()["pagination"]["total"] == 1


@pytest.mark.parametrize(("verb", "status"), [("regenerate", 200), ("replay", 201), ("cancel", 200)])
def test_every_post_can_be_repeated(generations, raw, verb, status):
    made = generations.make()

    answers = [raw.post(f"{PATH}/{made['id']}/{verb}", headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"
    runs = [one["run"] for one in generations.list()["data"]]
    assert sum(runs) == (1 if verb == "cancel" else 2)


def test_a_process_that_dies_before_it_answers_makes_no_second_one(svc, project, keyed, generations):
    """The answer is stored with the record: whoever repeats the request finds it."""
    sent = GenerationIn(**BLANK)
    claim = idempotency.claim(svc, project.caller, "key-1")

    def seal(tx, shown):
        body = encode(Answer(data=GenerationOut.of(shown, project.caller, svc.settings.cdn)))
        claim.seal(tx, idempotency.fingerprint("POST", PATH, encode(sent)), 202, body, None)

    begun = actions.create(svc, project.caller, sent.order(), seal).shown.generation

    retry = keyed()
    assert (retry.status_code, retry.headers["location"]) == (202, f"{PATH}/{begun.id}")
    eventually(lambda: generations.get(begun.id)["status"] == "success")
    assert generations.list()["pagination"]["total"] == 1
