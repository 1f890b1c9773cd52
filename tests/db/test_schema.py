"""The migrations and tables.py say the same, and the database means it: each rule refuses what breaks it."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError
from tests.db.conftest import Planted

from atpix import SCHEMA
from atpix.db import Database, migrating
from atpix.db.tables import alias_moves, aliases, flows, images, metadata


def test_this_program_knows_the_newest_revision_and_there_is_one():
    scripts = ScriptDirectory(str(files("atpix.db") / "migrations"))

    assert scripts.get_heads() == [SCHEMA]
    assert len(scripts.get_bases()) == 1


def test_a_migrated_database_is_what_the_tables_say(bare_url: Callable[[], str], opened: Callable[[str], Database]):
    migrated, created = bare_url(), bare_url()
    migrating.migrate(opened(migrated))
    engine = sa.create_engine(created)
    metadata.create_all(engine)
    engine.dispose()

    found, expected = reflected(migrated), reflected(created)

    assert found.pop("alembic_version")
    assert found.keys() == expected.keys() == metadata.tables.keys()
    for table in expected:
        assert found[table] == expected[table], table


def test_every_check_of_the_tables_is_seen_in_the_database(
    bare_url: Callable[[], str], opened: Callable[[str], Database]
):
    """Or the comparison above would find two nothings alike."""
    url = bare_url()
    migrating.migrate(opened(url))

    found = reflected(url)

    for name, table in metadata.tables.items():
        rules = [*table.constraints, *(rule for column in table.columns for rule in column.constraints)]
        written = [rule for rule in rules if isinstance(rule, sa.CheckConstraint)]
        assert len(found[name]["checks"]) == len(written), name
    assert sum(len(found[name]["checks"]) for name in metadata.tables) == 14


def reflected(url: str) -> dict[str, Any]:
    """What stands in the database, by table: all but triggers, functions and comments."""
    engine = sa.create_engine(url)
    try:
        look = sa.inspect(engine)
        return {
            table: {
                "columns": {column["name"]: plain(column, engine.dialect) for column in look.get_columns(table)},
                "key": plain(look.get_pk_constraint(table), engine.dialect),
                "foreign": foreign_keys(look, table),
                "unique": sorted(plain(rule, engine.dialect) for rule in look.get_unique_constraints(table)),
                "indexes": sorted(plain(index, engine.dialect) for index in look.get_indexes(table)),
                "checks": sorted(plain(rule, engine.dialect) for rule in look.get_check_constraints(table)),
            }
            for table in look.get_table_names()
        }
    finally:
        engine.dispose()


def foreign_keys(look: sa.Inspector, table: str) -> list[str]:
    """As SQLite itself tells them: reflection reads its CREATE TABLE, and overlooks what ADD COLUMN brought."""
    if look.dialect.name == "sqlite":
        with look.engine.connect() as connection:
            rules = connection.execute(sa.text(f"PRAGMA foreign_key_list({table})")).all()
        return sorted(str(rule[2:]) for rule in rules)
    return sorted(plain(rule, look.dialect) for rule in look.get_foreign_keys(table))


def plain(value: object, dialect: sa.Dialect) -> str:
    """The same text for the same thing. Types and conditions as the database would be told of them."""
    match value:
        case dict():
            parts = (f"{key}={plain(value[key], dialect)}" for key in sorted(value) if key != "comment")
            return f"({', '.join(parts)})"
        case list() | tuple():
            return f"[{', '.join(plain(part, dialect) for part in value)}]"
        case sa.types.TypeEngine():
            return value.compile(dialect)
        case _:
            return str(value)


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("source", {"source": "stolen"}),
        ("file_size", {"file_size": 0}),
        ("width", {"width": 0}),
        ("height", {"height": -1}),
        ("focal_x", {"focal_x": 1.01, "focal_y": 0.5}),
        ("focal_x", {"focal_x": -0.01, "focal_y": 0.5}),
        ("focal_y", {"focal_x": 0.5, "focal_y": 1.01}),
        ("focal_y", {"focal_x": 0.5, "focal_y": -0.01}),
        ("focal_point_whole", {"focal_x": 0.5}),
        ("focal_point_whole", {"focal_y": 0.5}),
    ],
)
def test_an_image_that_breaks_a_rule_is_refused(planted: Planted, rule: str, values: dict[str, object]):
    with pytest.raises(IntegrityError) as refused:
        planted.image(**values)

    assert_check(refused.value, rule)
    assert planted.all(sa.select(images)) == []


def test_an_image_cannot_be_made_to_break_a_rule_later(planted: Planted):
    planted.image()

    with pytest.raises(IntegrityError) as refused:
        planted.execute(images.update().values(width=0))

    assert_check(refused.value, "width")


def test_images_at_the_edges_of_the_rules_are_taken(planted: Planted):
    planted.image(focal_x=0, focal_y=1, source="generated")
    planted.image(focal_x=1, focal_y=0)

    assert len(planted.all(sa.select(images))) == 2


@pytest.mark.parametrize("name", ["hero", "@", "", "x@hero"])
def test_a_name_begins_with_an_at_sign_and_goes_on(planted: Planted, name: str):
    image = planted.image()

    with pytest.raises(IntegrityError) as refused:
        planted.alias(image, name)

    assert_check(refused.value, "name")


@pytest.mark.parametrize("revision", [0, -1])
def test_revisions_begin_with_1(planted: Planted, revision: int):
    with pytest.raises(IntegrityError) as refused:
        planted.move(revision=revision)

    assert_check(refused.value, "revision")


def test_a_name_cannot_point_at_another_projects_image(planted: Planted):
    theirs = planted.image(project_id=planted.theirs)

    with pytest.raises(IntegrityError) as refused:
        planted.alias(theirs)

    assert "foreign key" in reason(refused.value)


@pytest.mark.parametrize("scope", [{}, {"flow": True}], ids=["in a project", "in a flow"])
def test_a_name_has_one_holder(planted: Planted, scope: dict[str, bool]):
    where = {"flow_id": planted.flow} if scope else {}
    planted.alias(planted.image(), "@hero", **where)

    with pytest.raises(IntegrityError) as refused:
        planted.alias(planted.image(), "@hero", **where)

    assert "unique" in reason(refused.value)


def test_the_same_name_may_stand_in_every_scope(planted: Planted):
    image = planted.image()
    planted.alias(image)
    planted.alias(image, flow_id=planted.flow)
    planted.alias(image, flow_id=planted.other_flow)
    planted.alias(planted.image(project_id=planted.theirs), project_id=planted.theirs)
    planted.alias(planted.image(), "@Hero")

    assert len(planted.all(sa.select(aliases))) == 5


def test_an_image_has_one_name_in_its_project(planted: Planted):
    image = planted.image()
    planted.alias(image, "@hero")

    with pytest.raises(IntegrityError) as refused:
        planted.alias(image, "@cover")

    assert "unique" in reason(refused.value)


@pytest.mark.parametrize("scope", [{}, {"flow": True}], ids=["in a project", "in a flow"])
def test_a_revision_happens_once(planted: Planted, scope: dict[str, bool]):
    where = {"flow_id": planted.flow} if scope else {}
    planted.move(**where)

    with pytest.raises(IntegrityError) as refused:
        planted.move(**where)

    assert "unique" in reason(refused.value)


def test_names_go_with_their_image_and_their_flow_and_history_stays(planted: Planted):
    image, kept = planted.image(), planted.image()
    planted.alias(image)
    planted.alias(kept, flow_id=planted.flow)
    planted.move(image_id=image)
    planted.move(image_id=kept, flow_id=planted.flow)

    planted.execute(images.delete().where(images.c.id == image))
    planted.execute(flows.delete().where(flows.c.id == planted.flow))

    assert planted.all(sa.select(aliases)) == []
    assert len(planted.all(sa.select(alias_moves))) == 2


def reason(error: IntegrityError) -> str:
    """The driver's first line, without the statement, which names every column."""
    return str(error.orig).splitlines()[0].lower()


def assert_check(error: IntegrityError, rule: str) -> None:
    assert "check constraint" in reason(error)
    assert rule in reason(error)
