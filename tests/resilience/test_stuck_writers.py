"""Another process keeps the lock that every writer needs: writes are refused in time, all else goes on."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from tests.resilience.conftest import NAME, Site

from atpix.services import Services


@contextmanager
def queue_of_sqlite(svc: Services) -> Iterator[None]:
    descriptor = os.open(f"{svc.db.sqlite_path}-writers", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def lock_of_sqlite(svc: Services) -> Iterator[None]:
    with closing(sqlite3.connect(svc.db.sqlite_path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def project_of_postgresql(svc: Services) -> Iterator[None]:
    url = svc.db.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        connection.execute("SELECT id FROM projects FOR NO KEY UPDATE")
        yield


@pytest.mark.parametrize(
    ("database", "taken"),
    [("sqlite", queue_of_sqlite), ("sqlite", lock_of_sqlite), ("postgresql", project_of_postgresql)],
)
def test_writes_are_refused_in_time_and_everything_else_goes_on(serve, found, crowd, taken):
    site: Site = found(serve(database_timeout_s=1, threads=2, key_cache_s=0))
    image = site.upload(NAME)

    with taken(site.svc):
        writes = [crowd.submit(site.write, image) for _ in range(8)]
        ends = False
        while not ends:
            ends = all(write.done() for write in writes)
            others = [site.read(image), site.list(), site.deliver(image), site.deliver(NAME), site.raw.get("/readyz")]
            assert [answer.status_code for answer in others] == [200] * 5
        answers = [write.result() for write in writes]

    assert [(one.status_code, one.json()["error"]["code"]) for one in answers] == [(503, "OVERLOADED")] * 8
    assert site.write(image).status_code == 200


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_write_that_waits_goes_on_as_soon_as_the_other_process_is_done(serve, found, crowd):
    site: Site = found(serve(threads=2))
    image = site.upload()

    with queue_of_sqlite(site.svc):
        writes = [crowd.submit(site.write, image) for _ in range(8)]
        assert site.raw.get("/readyz").status_code == 200
        assert not any(write.done() for write in writes)

    assert [write.result().status_code for write in writes] == [200] * 8
