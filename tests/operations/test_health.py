"""Alive and ready, as a load balancer asks."""

import threading
import time

import pytest

from atpix.errors import StorageUnavailable
from atpix.health import readiness
from atpix.health.readiness import Readiness


def test_a_running_server_is_alive_and_ready(public):
    assert public.get("/healthz").json() == {"status": "ok"}

    answer = public.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    checks = answer.json()["checks"]
    assert set(checks) == {"database", "migrations", "storage", "worker", "generations"}
    assert all(check["status"] == "ok" and check["ms"] >= 0 for check in checks.values())


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_unknown_parameters_are_ignored(public, path):
    assert public.get(f"{path}?probe=1").status_code == 200


def test_answers_about_health_are_not_kept(public):
    assert public.get("/readyz").headers["cache-control"] == "no-store"


def test_what_fails_is_named_without_saying_where_it_is():
    def storage() -> None:
        raise StorageUnavailable("Connection to 10.0.0.7:9000 refused.")

    report = Readiness({"storage": storage, "database": lambda: None}).report()

    assert report.status == "unready"
    assert report.checks["storage"].reason == "STORAGE_UNAVAILABLE"
    assert report.checks["database"].status == "ok"


def test_a_fault_of_a_check_is_a_failed_check():
    report = Readiness({"storage": lambda: 1 / 0}).report()

    assert report.checks["storage"].reason == "INTERNAL_ERROR"


def test_a_worker_that_ended_makes_a_process_unready(svc):
    report = Readiness(readiness.checks(svc, {"worker": lambda: False, "generations": lambda: True})).report()

    assert report.checks["worker"].reason == "WORKER_ENDED"


def test_a_database_without_a_schema_is_unready(empty_svc):
    with empty_svc.db.transaction() as tx:
        tx.execute(readiness.sa.text("DELETE FROM alembic_version"))

    report = Readiness(readiness.checks(empty_svc, {"worker": lambda: True})).report()

    assert report.checks["migrations"].reason == "MIGRATIONS_MISSING"
    assert report.checks["database"].status == "ok"


def test_a_check_that_hangs_is_answered_in_time_and_not_begun_again():
    release, begun = threading.Event(), []

    def storage() -> None:
        begun.append(1)
        release.wait()

    watched = Readiness({"storage": storage}, timeout_s=0.05)
    reports = [watched.report() for _ in range(3)]
    release.set()

    assert [report.checks["storage"].reason for report in reports] == ["timeout"] * 3
    assert len(begun) == 1


def test_what_was_found_a_moment_ago_is_said_again():
    asked = []
    watched = Readiness({"storage": lambda: asked.append(time.monotonic())})

    for _ in range(5):
        assert watched.report().status == "ready"

    assert len(asked) == 1
