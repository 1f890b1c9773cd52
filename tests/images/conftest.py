"""Many callers at once, and the history of names."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from atpix.db.tables import alias_moves


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def history(svc, project):
    """The rows of a name, oldest first, as (revision, image, previous image)."""

    def rows(name, flow=None):
        moves = alias_moves.c
        scope = moves.flow_id.is_(None) if flow is None else moves.flow_id == flow
        query = sa.select(moves.revision, moves.image_id, moves.previous_image_id, moves.key_id).where(
            moves.project_id == project.row.id, moves.name == name, scope
        )
        with svc.db.read() as tx:
            found = tx.all(query.order_by(moves.revision))
        assert {row.key_id for row in found} <= {project.caller.key}
        return [(row.revision, row.image_id, row.previous_image_id) for row in found]

    return rows
