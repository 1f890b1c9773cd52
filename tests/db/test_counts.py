"""Triggers keep `image_counts`: whatever happens to images, by whichever path, the totals are those of a count."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tests.db.conftest import Planted

from atpix.db.tables import flows, image_counts, images

Counts = dict[tuple[str | None, str, bool], int]


def kept(planted: Planted, project: str | None = None) -> Counts:
    """By flow (None: the whole project), source and trash, over all slots; what is none is left out."""
    c = image_counts.c
    query = sa.select(c.flow_id, c.source, c.trashed, sa.func.sum(c.n).label("n"))
    query = query.where(c.project_id == (project or planted.mine)).group_by(c.flow_id, c.source, c.trashed)
    return {(row.flow_id, row.source, bool(row.trashed)): int(row.n) for row in planted.all(query) if row.n}


def update(planted: Planted, image: str, **values) -> None:
    planted.execute(images.update().where(images.c.id == image).values(**values))


def test_an_image_counts_in_its_project_and_in_its_flow(planted: Planted):
    planted.image()
    planted.image(source="generated")
    planted.image(flow_id=planted.flow)
    planted.image(flow_id=planted.flow, deleted_at=2)
    planted.image(project_id=planted.theirs)

    assert kept(planted) == {
        (None, "uploaded", False): 2,
        (None, "uploaded", True): 1,
        (None, "generated", False): 1,
        (planted.flow, "uploaded", False): 1,
        (planted.flow, "uploaded", True): 1,
    }
    assert kept(planted, planted.theirs) == {(None, "uploaded", False): 1}


def test_trash_and_restoring_move_an_image_between_the_counts(planted: Planted):
    image = planted.image(flow_id=planted.flow)

    update(planted, image, deleted_at=2)
    assert kept(planted) == {(None, "uploaded", True): 1, (planted.flow, "uploaded", True): 1}

    update(planted, image, deleted_at=3)
    assert kept(planted) == {(None, "uploaded", True): 1, (planted.flow, "uploaded", True): 1}

    update(planted, image, deleted_at=None)
    assert kept(planted) == {(None, "uploaded", False): 1, (planted.flow, "uploaded", False): 1}


def test_a_deleted_image_counts_no_more_from_the_trash_or_not(planted: Planted):
    live, trashed = planted.image(flow_id=planted.flow), planted.image(deleted_at=2)

    planted.execute(images.delete().where(images.c.id.in_([live, trashed])))

    assert kept(planted) == {}


def test_when_a_flow_goes_its_images_count_in_the_project_only(planted: Planted):
    images_of_flow = [planted.image(flow_id=planted.flow), planted.image(flow_id=planted.flow, deleted_at=2)]
    planted.image(flow_id=planted.other_flow)

    planted.execute(flows.delete().where(flows.c.id == planted.flow))

    left = sa.select(images.c.flow_id).where(images.c.id.in_(images_of_flow))
    assert [row.flow_id for row in planted.all(left)] == [None, None]
    assert kept(planted) == {
        (None, "uploaded", False): 2,
        (None, "uploaded", True): 1,
        (planted.other_flow, "uploaded", False): 1,
    }


def test_an_image_that_changes_its_flow_changes_the_counts_of_both(planted: Planted):
    image = planted.image(flow_id=planted.flow)

    update(planted, image, flow_id=planted.other_flow)

    assert kept(planted) == {(None, "uploaded", False): 1, (planted.other_flow, "uploaded", False): 1}


def test_many_rows_in_one_statement_are_counted_one_by_one(planted: Planted):
    for _ in range(20):
        planted.image(flow_id=planted.flow)

    planted.execute(images.update().values(deleted_at=2))

    assert kept(planted) == {(None, "uploaded", True): 20, (planted.flow, "uploaded", True): 20}


def test_what_is_undone_is_not_counted(planted: Planted):
    image = planted.image()

    def trash_then_fail() -> None:
        with planted.db.transaction() as tx:
            tx.execute(images.update().where(images.c.id == image).values(deleted_at=2))
            tx.execute(images.update().where(images.c.id == image).values(width=0))

    with pytest.raises(IntegrityError):
        trash_then_fail()

    assert kept(planted) == {(None, "uploaded", False): 1}
