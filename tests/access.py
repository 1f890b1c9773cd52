"""Projects that no other test sees, with their keys."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import msgspec
import pytest

from atpix.caller import SCOPES, Caller
from atpix.db.tables import projects
from atpix.projects import actions, preferences
from atpix.projects.authentication import Authenticator
from atpix.projects.rows import ProjectRow
from atpix.services import Services

ORGANIZATION = "org-"
"""The slugs of organizations that a test made begin so, and all of theirs goes when it ends."""


@dataclass(frozen=True)
class Access:
    """A project, and a key of it that may do everything."""

    row: ProjectRow
    key: str
    caller: Caller

    @property
    def cdn(self) -> str:
        """The path that its images' public addresses begin with."""
        return f"/cdn/{self.row.path}/img"


def had_settings(svc: Services, access: Access, **settings: object) -> None:
    """Such as could be chosen once: of a provider that the server had."""
    chosen = preferences.stored(msgspec.structs.replace(access.row.settings, **settings))
    with svc.db.transaction() as tx:
        tx.execute(projects.update().where(projects.c.id == access.row.id).values(settings=chosen))


@pytest.fixture
def new_project(svc: Services) -> Callable[..., Access]:
    """Make a project with a key; `into` names other services than those of this test."""

    def make(into: Services = svc, **key: object) -> Access:
        row = actions.ensure_project(into, f"{ORGANIZATION}{uuid4().hex[:12]}/shop")
        text = actions.create_key(into, row, **{"scopes": SCOPES, **key}).text
        caller = Authenticator(into.db, into.now, 0).look_up(text)
        assert isinstance(caller, Caller)
        return Access(row, text, caller)

    return make


@pytest.fixture
def project(new_project: Callable[..., Access]) -> Access:
    """One that no other test sees."""
    return new_project()


@pytest.fixture
def other_project(new_project: Callable[..., Access]) -> Access:
    return new_project()
