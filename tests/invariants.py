"""What must hold after each test, whatever it did."""

import shutil
from collections.abc import Iterator
from contextlib import suppress

import pytest
import sqlalchemy as sa
from tests.access import ORGANIZATION

from atpix import doctor
from atpix.db.generation_tables import generations, live_scopes, usage_records
from atpix.db.tables import alias_moves, api_keys, flows, image_counts, images, organizations, projects
from atpix.errors import DatabaseBusy
from atpix.ids import RENDITIONS
from atpix.services import Services, now_ms

_ATTEMPTS = 5


@pytest.fixture(autouse=True)
def invariants(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test: no row without bytes, no bytes without an owner, one holder a name, histories without gaps.

    Looked at from a time when every upload that is still under way has been given up. Only the deletion of bytes may be
    waiting still: the server's worker comes to it in its own time.
    """
    svc = request.getfixturevalue("svc") if "svc" in request.fixturenames else None
    yield
    if svc is not None:
        settled = now_ms() + int(svc.settings.intent_ttl_s * 1000) + 60_000
        found = doctor.examine(svc, now=settled).findings
        _emptied(svc)
        assert [finding for finding in found if finding.kind != "stuck_work"] == []


def _emptied(svc: Services) -> None:
    """A run that ends at this very moment locks the same rows in its own order: PostgreSQL gives up one of the two."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(DatabaseBusy):
            return _empty(svc)
    return _empty(svc)


def _empty(svc: Services) -> None:
    """What the test has left goes, its projects too: a look takes longer with every one of them.

    Generations first: one that is under way still finds its record gone, and makes no image.
    """
    with svc.db.transaction(durable=False) as tx:
        for table in (generations, alias_moves, images):
            tx.execute(sa.delete(table))
        tests = sa.select(organizations.c.id).where(organizations.c.slug.startswith(ORGANIZATION))
        theirs = sa.select(projects.c.id).where(projects.c.organization_id.in_(tests))
        for table in (live_scopes, usage_records, flows, api_keys, image_counts):
            tx.execute(sa.delete(table).where(table.c.project_id.in_(theirs)))
        tx.execute(sa.delete(projects).where(projects.c.id.in_(theirs)))
        tx.execute(sa.delete(organizations).where(organizations.c.id.in_(tests)))
    for project in (svc.settings.data / "blobs").iterdir():
        if not project.name.startswith(".") and project.name != RENDITIONS:
            shutil.rmtree(project, ignore_errors=True)
    svc.renditions.purge()
