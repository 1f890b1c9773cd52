"""Before `atpix serve` starts a worker it looks at what it has: quickly where all is as it was left, else closely."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from atpix.cli import glance, serving
from atpix.db import Database
from atpix.settings import Settings


@pytest.fixture
def settings(backends, database, tmp_path):
    """Of a data folder and a database that are empty."""
    url = backends.postgres.create_database(f"atpix_{uuid4().hex}") if database == "postgresql" else ""
    return Settings(data=tmp_path / "data", database_url=url)


def test_an_empty_database_is_migrated_and_afterwards_a_glance_is_enough(settings):
    assert not glance.is_as_we_left_it(settings)

    serving.check(settings)

    assert glance.is_as_we_left_it(settings)


def test_a_database_of_another_release_wants_a_closer_look(settings):
    serving.check(settings)
    db = Database.open(settings.database)
    with db.transaction() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    db.close()

    assert not glance.is_as_we_left_it(settings)


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/nothing", "postgresql://?what=that", "nonsense"])
def test_an_address_that_is_of_no_use_wants_a_closer_look(tmp_path, url):
    assert not glance.is_as_we_left_it(Settings(data=tmp_path, database_url=url))
