"""A database is brought to this program's schema once, whoever asks, and never by a program that does not know it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from tests.db.conftest import Planted

from atpix import SCHEMA
from atpix.db import Database
from atpix.db.engine import DatabaseFault
from atpix.db.migrating import migrate, revision
from atpix.db.tables import images

AT_ONCE = 4


def test_an_empty_database_has_no_revision_and_then_the_newest(
    bare_url: Callable[[], str], opened: Callable[[str], Database]
):
    db = opened(bare_url())

    assert revision(db) is None
    assert migrate(db) == SCHEMA
    assert revision(db) == SCHEMA


def test_migrating_again_does_nothing(planted: Planted):
    planted.image()

    assert migrate(planted.db) == SCHEMA

    assert revision(planted.db) == SCHEMA
    assert len(planted.all(sa.select(images))) == 1


def test_a_database_of_a_newer_program_is_refused_and_left_as_it_is(planted: Planted):
    planted.image()
    planted.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseFault, match=rf"^The database is of a newer Atpix \(schema 9999, .* {SCHEMA}\).*\.$"):
        migrate(planted.db)

    assert revision(planted.db) == "9999"
    assert len(planted.all(sa.select(images))) == 1


def test_several_that_migrate_at_once_take_turns(bare_url: Callable[[], str], opened: Callable[[str], Database]):
    url, together = bare_url(), Barrier(AT_ONCE)

    def one(db: Database) -> str:
        together.wait()
        return migrate(db)

    databases = [opened(url) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        assert list(threads.map(one, databases)) == [SCHEMA] * AT_ONCE

    assert [revision(db) for db in databases] == [SCHEMA] * AT_ONCE
    with databases[0].read() as tx:
        assert len(list(tx.all(sa.text("SELECT version_num FROM alembic_version")))) == 1


def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(opened: Callable[[str], Database], tmp_path):
    db = opened(f"postgresql://nobody@/nothing?host={tmp_path}")

    with pytest.raises(DatabaseFault, match=r"^The database cannot be used \(PostgreSQL at "):
        migrate(db)
