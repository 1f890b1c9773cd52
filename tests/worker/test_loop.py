"""The thread: it works by itself, survives what fails, and stops when told to."""

import threading
from dataclasses import replace

import pytest
from tests import in_process
from tests.access import Access
from tests.wire import eventually

from atpix.services import Services
from atpix.worker import Worker


@pytest.fixture
def access(new_project, empty_svc: Services) -> Access:
    return new_project(into=empty_svc)


def test_it_deletes_by_itself_and_stops_at_once(empty_svc: Services, access: Access):
    loop = Worker(empty_svc)
    assert not loop.alive
    loop.start()
    assert loop.alive

    image = in_process.upload(empty_svc, access.caller)
    in_process.delete(empty_svc, access.caller, image.id)
    eventually(lambda: not in_process.has_bytes(empty_svc, image))
    loop.stop()

    assert not loop.alive


def test_it_goes_on_after_what_nobody_expected(empty_svc: Services, access: Access):
    first, second = (in_process.upload(empty_svc, access.caller) for _ in range(2))
    failures = []

    def fail_once(here: str) -> None:
        if here == "worker.claimed" and not failures:
            failures.append(here)
            in_process.delete(empty_svc, access.caller, second.id)
            raise RuntimeError(here)

    in_process.delete(empty_svc, access.caller, first.id)
    loop = Worker(replace(empty_svc, failpoint=fail_once))
    loop.start()

    eventually(lambda: not in_process.has_bytes(empty_svc, second))

    assert loop.alive
    loop.stop()
    assert failures == ["worker.claimed"]


def test_it_goes_on_when_the_store_comes_back(empty_svc: Services, access: Access):
    image = in_process.upload(empty_svc, access.caller)
    asked = threading.Event()
    loop = Worker(replace(empty_svc, failpoint=lambda here: asked.set() if here == "worker.deleted" else None))
    with in_process.store_down(empty_svc):
        in_process.delete(empty_svc, access.caller, image.id)
        loop.start()
        assert asked.wait(20)

    eventually(lambda: not in_process.has_bytes(empty_svc, image))

    loop.stop()


def test_it_writes_down_what_the_process_remembers_also_at_the_end(empty_svc: Services):
    calls = []

    def flush() -> int:
        calls.append(len(calls))
        raise RuntimeError("the last use of keys is lost, nothing else")

    loop = Worker(empty_svc, flush=flush)
    loop.start()
    eventually(lambda: calls)
    loop.stop()

    assert len(calls) == 2


def test_stopping_one_that_never_ran_is_harmless(empty_svc: Services):
    Worker(empty_svc).stop()
