"""Organizations, projects and keys as rows."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from atpix.caller import ProjectSettings, Scope
from atpix.db import Reading, Writing
from atpix.db.tables import api_keys, organizations, projects
from atpix.http.pages import Page, Window
from atpix.ids import KeyId, OrganizationId, ProjectId, Slug
from atpix.projects import preferences
from atpix.projects.errors import KeyNotFound, OrganizationNotFound, ProjectNotFound

T = TypeVar("T")


class OrganizationRow(msgspec.Struct, frozen=True):
    id: OrganizationId
    slug: Slug
    name: str
    created_at: int


class ProjectRow(msgspec.Struct, frozen=True):
    id: ProjectId
    organization_id: OrganizationId
    organization_slug: Slug
    slug: Slug
    name: str
    settings: ProjectSettings
    created_at: int
    updated_at: int

    @property
    def path(self) -> str:
        return f"{self.organization_slug}/{self.slug}"


class KeyRow(msgspec.Struct, frozen=True):
    """A master key has neither project nor scopes. Times are Unix milliseconds."""

    id: KeyId
    project_id: ProjectId | None
    project_path: str | None
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None

    def is_active(self, now: int) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


ORGANIZATIONS = sa.select(organizations)
PROJECTS = sa.select(projects, organizations.c.slug.label("organization_slug")).join(organizations)
_PROJECT_BY_SLUGS = PROJECTS.where(
    organizations.c.slug == sa.bindparam("organization"), projects.c.slug == sa.bindparam("slug")
)
"""Delivery asks it on the event loop, which wants a query that is built once."""
KEYS = (
    sa.select(api_keys, projects.c.slug.label("project_slug"), organizations.c.slug.label("organization_slug"))
    .join(projects, api_keys.c.project_id == projects.c.id, isouter=True)
    .join(organizations, projects.c.organization_id == organizations.c.id, isouter=True)
)


def organization(row: sa.Row[Any]) -> OrganizationRow:
    return OrganizationRow(row.id, row.slug, row.name, row.created_at)


def project(row: sa.Row[Any]) -> ProjectRow:
    return ProjectRow(
        id=row.id,
        organization_id=row.organization_id,
        organization_slug=row.organization_slug,
        slug=row.slug,
        name=row.name,
        settings=preferences.read_back(row.settings),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def key(row: sa.Row[Any]) -> KeyRow:
    return KeyRow(
        id=row.id,
        project_id=row.project_id,
        project_path=row.project_id and f"{row.organization_slug}/{row.project_slug}",
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def page(
    tx: Reading, query: sa.Select[Any], id_column: sa.Column[Any], window: Window, to: Callable[[sa.Row[Any]], T]
) -> Page[T]:
    """Newest first, by id. These tables are small, so the total is counted."""
    total = tx.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    part = query.order_by(id_column.desc()).limit(window.limit + 1).offset(window.offset)
    if window.after is not None:
        part = part.where(id_column < window.after)
    found = tx.all(part)
    return Page([to(row) for row in found[: window.limit]], total, len(found) > window.limit)


def find_organization(tx: Reading, slug: Slug) -> OrganizationRow:
    if row := tx.one_or_none(ORGANIZATIONS.where(organizations.c.slug == slug)):
        return organization(row)
    raise OrganizationNotFound(slug)


def find_project(tx: Reading, organization_slug: Slug, slug: Slug) -> ProjectRow:
    if row := tx.one_or_none(_PROJECT_BY_SLUGS, {"organization": organization_slug, "slug": slug}):
        return project(row)
    raise ProjectNotFound(f"{organization_slug}/{slug}")


def project_by_id(tx: Reading, project_id: ProjectId) -> ProjectRow:
    if row := tx.one_or_none(PROJECTS.where(projects.c.id == project_id)):
        return project(row)
    raise ProjectNotFound(project_id)


def key_by_id(tx: Reading, key_id: KeyId) -> KeyRow:
    if row := tx.one_or_none(KEYS.where(api_keys.c.id == key_id)):
        return key(row)
    raise KeyNotFound(key_id)


def keys_by_prefix(tx: Reading, prefix: str) -> Sequence[KeyRow]:
    return [key(row) for row in tx.all(KEYS.where(api_keys.c.prefix == prefix))]


def add_organization(tx: Writing, row: OrganizationRow) -> bool:
    """False when the slug was taken."""
    statement = tx.upsert(organizations).on_conflict_do_nothing(index_elements=["slug"])
    return tx.execute(statement, msgspec.structs.asdict(row)) == 1


def add_project(tx: Writing, row: ProjectRow) -> bool:
    """False when the slug was taken in its organization."""
    statement = tx.upsert(projects).on_conflict_do_nothing(index_elements=["organization_id", "slug"])
    values = msgspec.structs.asdict(row) | {"settings": preferences.stored(row.settings)}
    del values["organization_slug"]
    return tx.execute(statement, values) == 1


def add_key(tx: Writing, row: KeyRow, *, digest: str, rotated_from: KeyId | None = None) -> None:
    values = msgspec.structs.asdict(row) | {"scopes": list(row.scopes), "digest": digest, "rotated_from": rotated_from}
    del values["project_path"]
    tx.execute(sa.insert(api_keys), values)
