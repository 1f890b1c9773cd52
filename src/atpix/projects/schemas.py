"""Organizations, projects and keys as they are on the wire."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from atpix.caller import SCOPES, ProjectSettings, Scope
from atpix.http.wire import Wire, iso, iso_or_none
from atpix.ids import KeyId, OrganizationId, ProjectId, Slug
from atpix.projects import preferences
from atpix.projects.actions import IssuedKey
from atpix.projects.preferences import SettingsPatch
from atpix.projects.rows import KeyRow, OrganizationRow, ProjectRow

KeyKind = Literal["project", "master"]
DisplayName = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class OrganizationIn(Wire, frozen=True):
    slug: str
    name: DisplayName | None = None


class OrganizationOut(Wire, frozen=True):
    id: OrganizationId
    slug: Slug
    name: str
    created_at: str

    @classmethod
    def of(cls, row: OrganizationRow) -> "OrganizationOut":
        return cls(row.id, row.slug, row.name, iso(row.created_at))


class ProjectIn(Wire, frozen=True):
    organization: str
    slug: str
    name: DisplayName | None = None
    settings: SettingsPatch | None = None


class ProjectPatch(Wire, frozen=True):
    name: DisplayName | UnsetType = UNSET
    settings: SettingsPatch | UnsetType = UNSET


class ProjectOut(Wire, frozen=True):
    id: ProjectId
    organization: Slug
    slug: Slug
    name: str
    settings: ProjectSettings
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: ProjectRow, reveal: Mapping[str, str] = MappingProxyType({})) -> "ProjectOut":
        """`reveal`: the secrets of signing that this answer alone may show."""
        return cls(
            id=row.id,
            organization=row.organization_slug,
            slug=row.slug,
            name=row.name,
            settings=preferences.shown(row.settings, reveal),
            created_at=iso(row.created_at),
            updated_at=iso(row.updated_at),
        )


class KeyIn(Wire, frozen=True):
    """`organization` and `project` are slugs, for kind `project` only."""

    kind: KeyKind = "project"
    organization: str | None = None
    project: str | None = None
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=len(SCOPES))] | UnsetType = UNSET
    expires_in_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    name: DisplayName | None = None


class KeyOut(Wire, frozen=True):
    """`project` is ORGANIZATION/PROJECT; null, as `projectId`, for a master key."""

    id: KeyId
    name: str
    kind: KeyKind
    prefix: str
    scopes: tuple[Scope, ...]
    project: str | None
    project_id: ProjectId | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None

    @classmethod
    def of(cls, row: KeyRow) -> "KeyOut":
        return cls(**_shown(row))


class IssuedKeyOut(KeyOut, frozen=True):
    """`key` is the key itself, here and never again; null when an Idempotency-Key replays the answer."""

    key: str | None

    @classmethod
    def issued(cls, issued: IssuedKey, *, reveal: bool = True) -> "IssuedKeyOut":
        return cls(**_shown(issued.row), key=issued.text if reveal else None)


class RotationIn(Wire, frozen=True):
    overlap_seconds: Annotated[int, Meta(ge=0, le=30 * 86_400)] = 86_400


def _shown(row: KeyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "kind": "master" if row.project_id is None else "project",
        "prefix": row.prefix,
        "scopes": row.scopes,
        "project": row.project_path,
        "project_id": row.project_id,
        "created_at": iso(row.created_at),
        "expires_at": iso_or_none(row.expires_at),
        "last_used_at": iso_or_none(row.last_used_at),
        "revoked_at": iso_or_none(row.revoked_at),
    }
