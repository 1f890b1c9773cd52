"""What can be done with organizations, projects and keys: by the master key over HTTP, or at the command line."""

from collections.abc import Callable, Collection
from typing import NamedTuple, TypeVar

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from atpix.caller import SCOPES, ProjectSettings, Scope
from atpix.db import Writing
from atpix.db.tables import api_keys, organizations, projects
from atpix.errors import ValidationFailed
from atpix.http.pages import Page, Window
from atpix.ids import KeyId, OrganizationId, ProjectId, Slug, as_uuid, new_id, parse_slug
from atpix.projects import keys, preferences, rows
from atpix.projects.errors import KeyNotActive, KeyNotFound, OrganizationAlreadyExists, ProjectAlreadyExists
from atpix.projects.preferences import SettingsPatch
from atpix.projects.rows import KeyRow, OrganizationRow, ProjectRow
from atpix.providers.registry import UnknownProvider
from atpix.services import Services

_DAY_MS = 86_400_000

T = TypeVar("T")
Seal = Callable[[Writing, T], None]
"""Runs inside the transaction, last: where the asker's own right is asked once more and an answer is stored."""


def no_seal(_tx: Writing, _made: object) -> None:
    """For the command line, which is its own authority."""


class IssuedKey(NamedTuple):
    """`text` is the key itself. It is nowhere else: who loses it makes another."""

    row: KeyRow
    text: str


def create_organization(
    svc: Services, slug: Slug, name: str | None = None, *, seal: Seal[OrganizationRow] = no_seal
) -> OrganizationRow:
    """Raises OrganizationAlreadyExists."""
    made = _new_organization(slug, name, svc.now())
    with svc.db.transaction() as tx:
        if not rows.add_organization(tx, made):
            raise OrganizationAlreadyExists(slug)
        seal(tx, made)
    return made


def create_project(
    svc: Services,
    organization: Slug,
    slug: Slug,
    *,
    name: str | None = None,
    settings: SettingsPatch | None = None,
    seal: Seal[ProjectRow] = no_seal,
) -> ProjectRow:
    """Raises OrganizationNotFound, ProjectAlreadyExists."""
    chosen = preferences.merged(ProjectSettings(), settings or SettingsPatch())
    _require_provider(svc, settings)
    with svc.db.transaction() as tx:
        made = _new_project(rows.find_organization(tx, organization), slug, name, chosen, svc.now())
        if not rows.add_project(tx, made):
            raise ProjectAlreadyExists(organization, slug)
        seal(tx, made)
    return made


def ensure_project(svc: Services, path: str) -> ProjectRow:
    """`path` is ORG/PROJECT. Makes what is missing; many may ask at once. Raises ValidationFailed."""
    organization, slug = parse_path(path)
    with svc.db.transaction() as tx:
        rows.add_organization(tx, _new_organization(organization, None, svc.now()))
        owner = rows.find_organization(tx, organization)
        rows.add_project(tx, _new_project(owner, slug, None, ProjectSettings(), svc.now()))
        return rows.find_project(tx, organization, slug)


def update_project(
    svc: Services,
    project: ProjectId,
    *,
    name: str | UnsetType = UNSET,
    settings: SettingsPatch | UnsetType = UNSET,
    seal: Seal[ProjectRow] = no_seal,
) -> ProjectRow:
    """What is UNSET stays; settings are merged. Slugs are in permanent URLs and never change.

    Raises ProjectNotFound.
    """
    _require_provider(svc, settings)
    with svc.db.transaction() as tx:
        # The lock comes first: two patches of different settings must both be in the result.
        tx.execute(sa.update(projects).where(projects.c.id == project).values(updated_at=svc.now()))
        found = rows.project_by_id(tx, project)
        chosen = found.settings if settings is UNSET else preferences.merged(found.settings, settings)
        changed = msgspec.structs.replace(found, name=found.name if name is UNSET else name, settings=chosen)
        values = {"name": changed.name, "settings": preferences.stored(chosen)}
        tx.execute(sa.update(projects).where(projects.c.id == project).values(values))
        seal(tx, changed)
    return changed


def create_key(
    svc: Services,
    project: ProjectRow | None,
    *,
    scopes: Collection[Scope] = SCOPES,
    name: str = "",
    expires_in_days: int | None = None,
    seal: Seal[IssuedKey] = no_seal,
) -> IssuedKey:
    """A project's key, or a master key when `project` is None."""
    now = svc.now()
    minted = keys.mint()
    row = KeyRow(
        id=KeyId(new_id()),
        project_id=project.id if project else None,
        project_path=project.path if project else None,
        name=name,
        prefix=minted.prefix,
        scopes=tuple(scope for scope in SCOPES if scope in scopes) if project else (),
        created_at=now,
        expires_at=None if expires_in_days is None else now + expires_in_days * _DAY_MS,
        revoked_at=None,
        last_used_at=None,
    )
    issued = IssuedKey(row, minted.text)
    with svc.db.transaction() as tx:
        rows.add_key(tx, row, digest=minted.digest)
        seal(tx, issued)
    return issued


def list_organizations(svc: Services, window: Window) -> Page[OrganizationRow]:
    with svc.db.read() as tx:
        return rows.page(tx, rows.ORGANIZATIONS, organizations.c.id, window, rows.organization)


def list_projects(svc: Services, window: Window, *, organization: Slug | None = None) -> Page[ProjectRow]:
    of = () if organization is None else (organizations.c.slug == organization,)
    with svc.db.read() as tx:
        return rows.page(tx, rows.PROJECTS.where(*of), projects.c.id, window, rows.project)


def list_keys(svc: Services, window: Window, *, project: ProjectId | None = None) -> Page[KeyRow]:
    """Revoked and expired ones too: they explain what happened."""
    of = () if project is None else (api_keys.c.project_id == project,)
    with svc.db.read() as tx:
        return rows.page(tx, rows.KEYS.where(*of), api_keys.c.id, window, rows.key)


def revoke_key(svc: Services, key: KeyId, *, seal: Seal[KeyRow] = no_seal) -> KeyRow:
    """Takes effect at once for every write, and for reads when the key caches have forgotten it (seconds).

    Safe to repeat: the first time stays. Raises KeyNotFound.
    """
    with svc.db.transaction() as tx:
        unrevoked = (api_keys.c.id == key, api_keys.c.revoked_at.is_(None))
        tx.execute(sa.update(api_keys).where(*unrevoked).values(revoked_at=svc.now()))
        revoked = rows.key_by_id(tx, key)
        seal(tx, revoked)
    return revoked


def rotate_key(svc: Services, key: KeyId, *, overlap_s: int, seal: Seal[IssuedKey] = no_seal) -> IssuedKey:
    """A new key with the old one's rights and life-span; the old one works for `overlap_s` more.

    Raises KeyNotFound, KeyNotActive.
    """
    now = svc.now()
    minted = keys.mint()
    with svc.db.transaction() as tx:
        last_moment = sa.func.coalesce(api_keys.c.expires_at, sa.literal(2**62, sa.BigInteger))
        end = sa.case((last_moment < now + overlap_s * 1000, last_moment), else_=now + overlap_s * 1000)
        before = rows.key_by_id(tx, key)
        active = (api_keys.c.id == key, api_keys.c.revoked_at.is_(None), last_moment > now)
        if not tx.execute(sa.update(api_keys).where(*active).values(expires_at=end)):
            raise KeyNotActive(key)
        row = msgspec.structs.replace(
            before,
            id=KeyId(new_id()),
            prefix=minted.prefix,
            created_at=now,
            expires_at=None if before.expires_at is None else now + before.expires_at - before.created_at,
            last_used_at=None,
        )
        rows.add_key(tx, row, digest=minted.digest, rotated_from=key)
        issued = IssuedKey(row, minted.text)
        seal(tx, issued)
    return issued


def find_project(svc: Services, organization: Slug, slug: Slug) -> ProjectRow:
    """Raises ProjectNotFound."""
    with svc.db.read() as tx:
        return rows.find_project(tx, organization, slug)


def find_key(svc: Services, id_or_prefix: str) -> KeyRow:
    """Raises KeyNotFound, and ValidationFailed when several keys begin so."""
    with svc.db.read() as tx:
        if (uuid := as_uuid(id_or_prefix)) is not None:
            return rows.key_by_id(tx, KeyId(uuid))
        match rows.keys_by_prefix(tx, id_or_prefix):
            case [only]:
                return only
            case []:
                raise KeyNotFound(id_or_prefix)
            case _:
                raise ValidationFailed.at("key", "several keys begin so; say the id.")


def has_keys(svc: Services, project: ProjectRow) -> bool:
    """Whether the project ever had one, revoked ones included."""
    with svc.db.read() as tx:
        return tx.one_or_none(sa.select(api_keys.c.id).where(api_keys.c.project_id == project.id).limit(1)) is not None


def parse_path(path: str) -> tuple[Slug, Slug]:
    """Raises ValidationFailed."""
    organization, slash, slug = path.partition("/")
    if not slash:
        raise ValidationFailed.at("project", "must be ORGANIZATION/PROJECT.")
    return parse_slug(organization, "organization"), parse_slug(slug, "project")


def _require_provider(svc: Services, given: SettingsPatch | UnsetType | None) -> None:
    """One that this server has; else every generation after it would fail. Raises ValidationFailed."""
    if isinstance(given, SettingsPatch) and isinstance(given.provider, str):
        try:
            svc.providers.named(given.provider)
        except UnknownProvider as error:
            raise ValidationFailed.at("settings.provider", str(error)) from None


def _new_organization(slug: Slug, name: str | None, now: int) -> OrganizationRow:
    return OrganizationRow(OrganizationId(new_id()), slug, name or slug, now)


def _new_project(
    owner: OrganizationRow, slug: Slug, name: str | None, settings: ProjectSettings, now: int
) -> ProjectRow:
    return ProjectRow(ProjectId(new_id()), owner.id, owner.slug, slug, name or slug, settings, now, now)
