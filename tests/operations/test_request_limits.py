"""What a project may ask in a minute, counted over all processes, and told in every answer."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest
from litestar import Request
from tests.photographs import photo

from atpix import windows
from atpix.caller import Caller
from atpix.db import Database
from atpix.errors import DatabaseBusy, StorageUnavailable
from atpix.http.limiting import PERIOD_MS, Limits, TooManyRequests
from atpix.ids import new_id
from atpix.services import Services
from atpix.settings import Settings
from atpix_client.errors import RateLimitExceeded

MOST = Settings.model_fields["writes_per_minute"].default
NOBODY = f"/api/v1/images/{new_id()}"
"""A write to it is counted, and 404."""


@pytest.fixture
def spend(svc, project) -> Callable[[int], None]:
    """Leave so many writes in this minute."""

    def spent(left: int) -> None:
        with svc.db.transaction() as tx:
            subject = f"writes:{project.row.id}"
            windows.count(tx, subject, svc.now(), period_ms=PERIOD_MS, times=MOST - left)

    return spent


def left(answer) -> int:
    assert answer.headers["x-ratelimit-limit"] == str(MOST)
    assert time.time() - 1 < int(answer.headers["x-ratelimit-reset"]) <= time.time() + 61
    return int(answer.headers["x-ratelimit-remaining"])


def test_every_answer_to_a_write_says_what_is_left_also_a_refusal(raw, upload):
    image = upload().id
    answers = [
        raw.put(f"/api/v1/images/{image}", json={"meta": {}}),
        raw.put(NOBODY, json={"meta": {}}),
        raw.put(NOBODY, content=b"{"),
        raw.post("/api/v1/images/upload", files={"file": b"no image"}),
        raw.post("/api/v1/flows", json={}),
        raw.delete(f"/api/v1/images/{image}"),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 400, 415, 201, 200]
    assert [left(answer) for answer in answers] == [MOST - n for n in range(2, 8)]


def test_what_may_not_be_asked_at_all_is_not_counted(raw, new_project, svc):
    reader = new_project(scopes=["read"])

    refused = [
        raw.put(NOBODY, json={}, headers={"X-API-Key": "wrong"}),
        raw.put(NOBODY, json={}, headers={"X-API-Key": reader.key}),
        raw.post("/api/v1/nothing"),
    ]

    assert [answer.status_code for answer in refused] == [401, 403, 404]
    assert not any("x-ratelimit-limit" in answer.headers for answer in refused)
    with svc.db.read() as tx:
        assert windows.seen(tx, f"writes:{reader.row.id}", svc.now(), period_ms=PERIOD_MS).n == 0


def test_reads_are_not_counted_unless_an_operator_wants_it(raw, upload):
    image = upload().id

    answers = [raw.get("/api/v1/images"), raw.get(f"/api/v1/images/{image}"), raw.head(f"/api/v1/images/{image}")]

    assert not any("x-ratelimit-limit" in answer.headers for answer in answers)


def test_one_too_many_changes_nothing_and_says_what_to_do(raw, client, upload, spend, other_client):
    image = upload()
    spend(2)

    assert left(raw.put(f"/api/v1/images/{image.id}", json={"meta": {"n": 1}})) == 0
    refused = raw.put(f"/api/v1/images/{image.id}", json={"meta": {"n": 2}})

    assert (refused.status_code, left(refused)) == (429, 0)
    error = refused.json()["error"]
    assert error["code"] == "RATE_LIMIT_EXCEEDED"
    assert f"{MOST} writes" in error["message"]
    assert "ATPIX_WRITES_PER_MINUTE" in error["message"]
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert client.images.get(image.id).meta == {"n": 1}
    with pytest.raises(RateLimitExceeded) as caught:
        client.images.upload(photo(1))
    assert 1 <= caught.value.retry_after <= 60
    assert [one.id for one in client.images.iterate()] == [image.id]
    other_client.images.upload(photo(1))


def test_a_repeated_request_counts_again(raw):
    first, again = (raw.post("/api/v1/flows", json={}, headers={"Idempotency-Key": "once"}) for _ in range(2))

    assert again.headers["idempotent-replayed"] == "true"
    assert left(again) == left(first) - 1


def test_a_minute_that_is_over_counts_for_nothing(raw, spend, clock):
    clock.advance(-61)
    spend(0)

    assert left(raw.put(NOBODY, json={})) == MOST - 1


class Replica:
    """Another process of the server, on a clock of the test's: asks as requests do, all at once."""

    def __init__(self, svc: Services, who: Caller, *, timeout_s: float = 10, **settings: object) -> None:
        self.db = Database.open(svc.settings.database, timeout_s=timeout_s)
        self.limits = Limits(self.db, svc.now, Settings(**settings))
        self.who = who
        self.runner = asyncio.Runner()

    def ask(self, *methods: str, who: Caller | None = None) -> list[int | str | None]:
        """What is left for each; None: not counted."""
        return self.runner.run(self._all(methods, who))

    async def _all(self, methods: tuple[str, ...], who: Caller | None) -> list[int | str | None]:
        return await asyncio.gather(*(self.asked(method, who) for method in methods))

    async def asked(self, method: str, who: Caller | None = None) -> int | str | None:
        scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "headers": []}
        request = Request(scope)
        try:
            await self.limits.admit(request, who or self.who)
            await self.limits.admit(request, who or self.who)  # as for a body: counts once
        except TooManyRequests:
            return "refused"
        except DatabaseBusy:
            return "busy"
        rate = scope.get("atpix_rate")
        return None if rate is None else rate.left

    def close(self) -> None:
        self.db.close()
        self.runner.close()


@pytest.fixture
def replica(svc, project) -> Iterator[Callable[..., Replica]]:
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(closing(Replica(svc, project.caller, **settings)))


def test_of_many_at_once_in_two_processes_exactly_as_many_pass_as_may(replica, raw, spend):
    spend(20)
    other = replica()
    other.ask("PUT")

    with ThreadPoolExecutor(9) as pool:
        there = pool.submit(lambda: [one for _ in range(3) for one in other.ask(*["PUT"] * 5)])
        here = list(pool.map(lambda _: raw.put(NOBODY, json={}), range(15)))

    passed = [left(answer) for answer in here if answer.status_code == 404]
    assert {answer.status_code for answer in here if answer.status_code != 404} <= {429}
    assert sorted([*passed, *(one for one in there.result() if one != "refused")]) == list(range(19))


def test_a_minute_later_there_are_as_many_again(replica, clock):
    one = replica(writes_per_minute=2)
    assert one.ask("PUT", "POST", "DELETE") == [1, 0, "refused"]
    clock.advance(59)
    assert one.ask("PATCH") == ["refused"]

    clock.advance(2)

    assert one.ask("PUT", "PUT", "PUT") == [1, 0, "refused"]


def test_a_clock_that_was_wrong_locks_nobody_out(replica, clock):
    one = replica(writes_per_minute=1)
    clock.advance(24 * 3600)
    assert one.ask("PUT", "PUT") == [0, "refused"]

    clock.advance(-24 * 3600)

    assert one.ask("PUT") == [0]


def test_whoever_is_refused_costs_the_database_nothing(replica, svc, project):
    one = replica(writes_per_minute=2)
    one.ask("PUT", "PUT")

    assert one.ask(*["PUT"] * 4) == ["refused"] * 4

    with svc.db.read() as tx:
        assert windows.seen(tx, f"writes:{project.row.id}", svc.now(), period_ms=PERIOD_MS).n == 2


def test_a_client_that_hangs_up_takes_nobody_with_it(replica):
    one = replica(writes_per_minute=9)

    async def first_leaves() -> list[object]:
        asking = [asyncio.ensure_future(one.asked("PUT")) for _ in range(4)]
        await asyncio.sleep(0)
        asking[0].cancel()
        return await asyncio.gather(*asking, return_exceptions=True)

    ends = one.runner.run(first_leaves())

    assert isinstance(ends[0], asyncio.CancelledError)
    assert len(set(ends[1:])) == 3
    assert all(isinstance(end, int) for end in ends[1:])
    assert one.ask("PUT") == [4]


def test_reads_and_writes_and_projects_are_counted_apart(replica, other_project):
    one = replica(writes_per_minute=3, reads_per_minute=2)

    assert one.ask("GET", "PUT", "HEAD", "POST", "GET") == [1, 2, 0, 1, "refused"]
    assert one.ask("GET", who=other_project.caller) == [1]


def test_nothing_is_no_limit(replica):
    assert replica(writes_per_minute=0).ask("PUT", "GET") == [None, None]


@contextmanager
def taken(svc: Services) -> Iterator[None]:
    """Somebody holds what counting needs."""
    url = svc.db.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with ExitStack() as stack:
        if svc.db.is_sqlite:
            connection = stack.enter_context(closing(sqlite3.connect(svc.db.sqlite_path, isolation_level=None)))
            connection.execute("BEGIN IMMEDIATE")
        else:
            stack.enter_context(psycopg.connect(url)).execute("LOCK TABLE counted_windows IN EXCLUSIVE MODE")
        yield


def test_what_cannot_be_counted_is_read_but_not_written(replica, svc):
    one = replica(reads_per_minute=5, timeout_s=0.5)

    with taken(svc):
        assert one.ask("GET") == [None]
        assert one.ask("PUT") == ["busy"]

    assert one.ask("GET", "PUT") == [4, MOST - 1]


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_database_that_takes_no_writes_is_read(empty_svc, project):
    """A standby, for one."""
    url = empty_svc.db.url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{url.database}" SET default_transaction_read_only = on')

    with closing(Replica(empty_svc, project.caller, reads_per_minute=5)) as one:
        assert one.ask("GET") == [None]
        with pytest.raises(StorageUnavailable, match="takes no writes"):
            one.ask("PUT")


@pytest.mark.parametrize("database", ["sqlite"])
def test_reads_are_counted_on_every_way_where_an_operator_wants_it(serve, new_project, connect, raw):
    server = serve(reads_per_minute=3)
    with closing(Services.open(server.settings)) as svc:
        project = new_project(svc)
    client = connect(server, project)
    image = client.images.upload(photo(1)).id

    asked = [f"{server.url}/api/v1/images/{image}", f"{server.url}/api/v1/images", f"{server.url}/api/v1/images/@no"]
    answers = [raw.get(url, headers={"X-API-Key": project.key}) for url in asked]

    assert [(one.status_code, one.headers["x-ratelimit-remaining"]) for one in answers] == [
        (200, "2"), (200, "1"), (404, "0"),
    ]  # fmt: skip
    with pytest.raises(RateLimitExceeded, match="3 reads"):
        client.images.get(image)
