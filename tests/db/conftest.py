"""A database with two projects and a flow in each, spoken to in SQL: what holds here holds whoever writes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from tests.backends import Backends

from atpix.db import Database
from atpix.db.tables import alias_moves, aliases, flows, images, organizations, projects
from atpix.ids import new_id


@pytest.fixture
def bare_url(backends: Backends, database: str, tmp_path: Path) -> Callable[[], str]:
    """URLs of databases without any schema."""

    def made() -> str:
        name = f"bare_{uuid4().hex}"
        return (
            backends.postgres.create_database(name) if database == "postgresql" else f"sqlite:///{tmp_path / name}.db"
        )

    return made


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    """Databases by URL, closed after the test."""
    databases: list[Database] = []

    def opened(url: str) -> Database:
        databases.append(Database.open(url))
        return databases[-1]

    yield opened
    for database in databases:
        database.close()


class Planted:
    """Two projects, `mine` and `theirs`, a flow of each, and ways to add rows: sound ones, but for what is said."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.mine, self.theirs, self.flow, self.other_flow, self.their_flow = (new_id() for _ in range(5))
        self.organization = new_id()
        self.execute(organizations.insert().values(id=self.organization, slug="org", name="Org", created_at=1))
        for project in (self.mine, self.theirs):
            self.project(project)
        for flow, project in ((self.flow, self.mine), (self.other_flow, self.mine), (self.their_flow, self.theirs)):
            times = {"created_at": 1, "updated_at": 1}
            self.execute(flows.insert().values(id=flow, project_id=project, meta="{}", **times))

    def execute(self, statement: sa.Executable) -> None:
        with self.db.transaction() as tx:
            tx.execute(statement)

    def all(self, query: sa.Select) -> list:
        with self.db.read() as tx:
            return list(tx.all(query))

    def project(self, project: str) -> None:
        row = {"id": project, "organization_id": self.organization, "slug": project, "name": "Shop", "settings": {}}
        self.execute(projects.insert().values(created_at=1, updated_at=1, **row))

    def image(self, **values) -> str:
        image = new_id()
        sound = {
            "id": image,
            "project_id": self.mine,
            "source": "uploaded",
            "media_type": "image/jpeg",
            "file_size": 1,
            "width": 1,
            "height": 1,
            "sha256": "0" * 64,
            "meta": "{}",
            "thumbhash": "",
            "dominant_color": "#000000",
            "has_alpha": False,
            "created_at": 1,
            "updated_at": 1,
        }
        self.execute(images.insert().values(sound | values))
        return image

    def alias(self, image: str, name: str = "@hero", **values) -> None:
        sound = {"project_id": self.mine, "name": name, "image_id": image, "assigned_at": 1}
        self.execute(aliases.insert().values(sound | values))

    def move(self, **values) -> None:
        sound = {"project_id": self.mine, "name": "@hero", "revision": 1, "at": 1}
        self.execute(alias_moves.insert().values(sound | values))


@pytest.fixture
def planted(backends: Backends, database: str, opened: Callable[[str], Database]) -> Planted:
    return Planted(opened(backends.empty_database(database)))
