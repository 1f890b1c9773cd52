"""PostgreSQL ends, hangs and comes back while a server works on it."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress

import httpx2
import psycopg
import pytest
import sqlalchemy as sa
from tests import atpix_server, servers
from tests.resilience.conftest import BOUND_S, NAME, Site, refused
from tests.wire import eventually

from atpix.db import Database
from atpix.db.tables import images
from atpix.errors import StorageUnavailable
from atpix.ids import new_id
from atpix.images import rows

_ANY = sa.select(images.c.id).limit(1)


@pytest.fixture(scope="module")
def postgres() -> Iterator[servers.Postgres]:
    """Apart from the other tests', to be taken away."""
    with servers.postgres() as started:
        yield started


@pytest.fixture(scope="module")
def site(postgres, found, tmp_path_factory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("resilience") / "server"
    with atpix_server.running(folder, database_url=postgres.url(), database_timeout_s=2, threads=4) as server:
        yield found(server)


@pytest.fixture
def image(site) -> str:
    """Uploaded once the server has noticed that its connections ended with the last test."""
    eventually(lambda: not refused(site.write(new_id())))
    return site.upload(NAME)


def test_after_a_restart_no_read_fails_and_one_write_at_most(site, image, postgres, crowd):
    reads = [lambda: site.read(image), site.list, lambda: site.deliver(image), lambda: site.deliver(NAME)]
    for ask in [*reads, lambda: site.write(image, NAME)]:  # side by side, so that several connections are kept
        assert statuses(crowd.map(lambda _, ask=ask: ask(), range(16))) == [200] * 16

    postgres.stop()
    postgres.start()

    assert statuses(crowd.map(lambda ask: ask(), reads * 8)) == [200] * 32
    writes = statuses(site.write(image, NAME) for _ in range(12))
    assert sorted(writes)[:11] == [200] * 11
    assert set(writes) <= {200, 503}


def test_while_it_is_away_everything_is_refused_and_the_process_lives(site, image, postgres, crowd):
    postgres.stop()
    try:
        asked = [lambda: site.read(image), site.list, lambda: site.write(image), lambda: site.deliver(NAME)]
        answers = list(crowd.map(lambda ask: ask(), asked * 10))
        assert all(refused(answer) for answer in answers)
        eventually(lambda: refused(site.deliver(image)))  # what is remembered holds for a second
        assert site.raw.get("/healthz").status_code == 200
        eventually(lambda: site.raw.get("/readyz").status_code == 503)
    finally:
        postgres.start()

    assert site.read(image).status_code == 200
    eventually(lambda: site.raw.get("/readyz").status_code == 200)


def test_an_image_deleted_after_a_restart_is_delivered_no_more(site, image, postgres):
    assert site.deliver(image).status_code == site.deliver(NAME).status_code == 200

    postgres.stop()
    postgres.start()
    delete_elsewhere(site, image)

    assert site.deliver(NAME).status_code in {404, 503}
    eventually(lambda: site.deliver(image).status_code == 404)
    assert {site.deliver(image).status_code for _ in range(20)} == {404}
    assert site.deliver(NAME).status_code == 404


def test_however_many_read_from_a_database_that_hangs_all_are_answered_in_time(site, image, postgres, crowd):
    url = postgres.url().replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE images IN ACCESS EXCLUSIVE MODE")
        answers = list(crowd.map(lambda _: site.read(image), range(48)))

    assert {answer.json()["error"]["code"] for answer in answers} == {"OVERLOADED"}
    assert statuses(site.read(image) for _ in range(12)) == [200] * 12


def test_readers_that_hang_up_leave_their_turns_and_connections_to_others(site, postgres):
    url = postgres.url()
    with closing(Database.open(url, threads=2)) as db, psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("LOCK TABLE images IN ACCESS EXCLUSIVE MODE")

        async def hang_up_and_come_again() -> None:
            reads = [asyncio.ensure_future(db.on_loop(any_image, db)) for _ in range(6)]
            assert (await asyncio.wait(reads, timeout=0.3))[0] == set()
            for read in reads:
                read.cancel()
            ends = await gathered(reads)
            assert all(isinstance(end, asyncio.CancelledError) for end in ends)
            connection.rollback()
            again = [asyncio.ensure_future(db.on_loop(any_image, db)) for _ in range(6)]
            assert len(set(await gathered(again))) == 1

        asyncio.run(hang_up_and_come_again())


async def gathered(reads: list[asyncio.Future[str]]) -> list[object]:
    async with asyncio.timeout(BOUND_S):
        return await asyncio.gather(*reads, return_exceptions=True)


def any_image(db: Database) -> str:
    with db.read() as tx:
        return str(tx.scalar(_ANY))


def statuses(answers: Iterable[httpx2.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def delete_elsewhere(site: Site, image: str) -> None:
    """By another process, whose first try may find its connection dead."""

    def deleted() -> bool:
        with suppress(StorageUnavailable), site.svc.db.transaction() as tx:
            rows.delete(tx, image)
            return True
        return False

    eventually(deleted)
