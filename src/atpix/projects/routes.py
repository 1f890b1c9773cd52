"""Organizations, projects and keys over HTTP, for the master key alone: contract, section 10."""

from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar, cast

from litestar import Response, Router, delete, get, patch, post
from litestar.di import Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UnsetType

from atpix.caller import SCOPES, Administrator
from atpix.db import Writing
from atpix.errors import ValidationFailed
from atpix.http import answers, idempotency
from atpix.http.dependencies import Admin, AnyRequest, Svc, provide_administrator
from atpix.http.once import Once
from atpix.http.paging import Paged, listing
from atpix.http.wire import Answer, Listing, Wire, encode
from atpix.ids import KeyId, ProjectId, parse_slug, parse_uuid
from atpix.projects import actions, authentication, preferences
from atpix.projects.actions import IssuedKey, Seal
from atpix.projects.authentication import Authenticator
from atpix.projects.preferences import SettingsPatch
from atpix.projects.rows import KeyRow, OrganizationRow, ProjectRow
from atpix.projects.schemas import (
    IssuedKeyOut,
    KeyIn,
    KeyOut,
    OrganizationIn,
    OrganizationOut,
    ProjectIn,
    ProjectOut,
    ProjectPatch,
    RotationIn,
)
from atpix.services import Services

T = TypeVar("T")


@post("/organizations", sync_to_thread=True, operation_id="createOrganization")
def create_organization(
    request: AnyRequest, data: JSONBody[OrganizationIn], who: Admin, svc: Svc
) -> Response[Answer[OrganizationOut]]:
    """Its slug is a part of permanent URLs and never changes."""
    with Once.held(svc, who, request) as once:
        if (before := once.replay(_fingerprint(request, data))) is not None:
            return before
        seal = _sealed(svc, who, once, OrganizationOut.of)
        made = actions.create_organization(svc, parse_slug(data.slug, "slug"), data.name, seal=seal)
    return answers.tagged(OrganizationOut.of(made), status=201)


@get("/organizations", sync_to_thread=True, operation_id="listOrganizations")
def list_organizations(who: Admin, svc: Svc, window: Paged) -> Listing[OrganizationOut]:  # noqa: ARG001  asked for its refusal
    """Newest first."""
    return listing(actions.list_organizations(svc, window), window, OrganizationOut.of, _id)


@post("/projects", sync_to_thread=True, operation_id="createProject")
def create_project(
    request: AnyRequest, data: JSONBody[ProjectIn], who: Admin, svc: Svc
) -> Response[Answer[ProjectOut]]:
    """In an organization that is there. Its slug is a part of permanent URLs and never changes.

    Secrets of `settings.urlKeys` that the server makes are shown in this answer and never again.
    """
    settings, made_secrets = preferences.with_secrets(data.settings or SettingsPatch())
    with Once.held(svc, who, request) as once:
        if (before := once.replay(_fingerprint(request, data))) is not None:
            return before
        made = actions.create_project(
            svc,
            parse_slug(data.organization, "organization"),
            parse_slug(data.slug, "slug"),
            name=data.name,
            settings=settings,
            seal=_sealed(svc, who, once, ProjectOut.of),
        )
    return _shown(made, made_secrets, status=201)


@get("/projects", sync_to_thread=True, operation_id="listProjects")
def list_projects(
    who: Admin,  # noqa: ARG001  asked for its refusal
    svc: Svc,
    window: Paged,
    organization: Annotated[str | None, QueryParameter(name="organization", description="Its slug.")] = None,
) -> Listing[ProjectOut]:
    """Newest first."""
    of = None if organization is None else parse_slug(organization, "organization")
    return listing(actions.list_projects(svc, window, organization=of), window, ProjectOut.of, _id)


@patch("/projects/{project_id:str}", sync_to_thread=True, operation_id="updateProject")
def update_project(
    request: AnyRequest, project_id: FromPath[str], data: JSONBody[ProjectPatch], who: Admin, svc: Svc
) -> Response[Answer[ProjectOut]]:
    """The JSON merge patch (RFC 7396) of its name and settings: null sets one back to its default.

    Secrets of `settings.urlKeys` that the server makes are shown in this answer and never again.
    """
    project = ProjectId(parse_uuid(project_id, "projectId"))
    given = SettingsPatch() if isinstance(data.settings, UnsetType) else data.settings
    settings, made_secrets = preferences.with_secrets(given)
    seal = _sealed(svc, who, Once(svc, None), ProjectOut.of)
    changed = actions.update_project(svc, project, name=data.name, settings=settings, seal=seal)
    _forget(request)
    return _shown(changed, made_secrets)


@post("/keys", sync_to_thread=True, operation_id="createKey")
def create_key(request: AnyRequest, data: JSONBody[KeyIn], who: Admin, svc: Svc) -> Response[Answer[IssuedKeyOut]]:
    """`key` is shown in this answer and never again; a replay of it by Idempotency-Key has null there."""
    with Once.held(svc, who, request) as once:
        if (before := once.replay(_fingerprint(request, data))) is not None:
            return before
        issued = actions.create_key(
            svc,
            _owner(svc, data),
            scopes=data.scopes if isinstance(data.scopes, tuple) else SCOPES,
            name=data.name or "",
            expires_in_days=data.expires_in_days,
            seal=_sealed(svc, who, once, _without_key),
        )
    return _issued(issued)


@get("/keys", sync_to_thread=True, operation_id="listKeys")
def list_keys(
    who: Admin,  # noqa: ARG001  asked for its refusal
    svc: Svc,
    window: Paged,
    project_id: Annotated[str | None, QueryParameter(name="projectId", description="Only this project's.")] = None,
) -> Listing[KeyOut]:
    """Newest first, revoked and expired ones too. No answer holds a key itself."""
    of = None if project_id is None else ProjectId(parse_uuid(project_id, "projectId"))
    return listing(actions.list_keys(svc, window, project=of), window, KeyOut.of, _id)


@delete("/keys/{key_id:str}", status_code=200, sync_to_thread=True, operation_id="revokeKey")
def revoke_key(request: AnyRequest, key_id: FromPath[str], who: Admin, svc: Svc) -> Response[Answer[KeyOut]]:
    """Ends at once for writes, and for reads within seconds on every process. It stays in the list."""
    key = KeyId(parse_uuid(key_id, "keyId"))
    revoked = actions.revoke_key(svc, key, seal=_sealed(svc, who, Once(svc, None), KeyOut.of, itself=key))
    _forget(request)
    return answers.tagged(KeyOut.of(revoked))


@post("/keys/{key_id:str}/rotate", sync_to_thread=True, operation_id="rotateKey")
def rotate_key(
    request: AnyRequest, key_id: FromPath[str], who: Admin, svc: Svc, data: JSONBody[RotationIn | None] = None
) -> Response[Answer[IssuedKeyOut]]:
    """A new key with the same rights and life-span. The old one works until the overlap is over."""
    key, wanted = KeyId(parse_uuid(key_id, "keyId")), data or RotationIn()
    with Once.held(svc, who, request) as once:
        if (before := once.replay(_fingerprint(request, wanted))) is not None:
            return before
        seal = _sealed(svc, who, once, _without_key, itself=key)
        issued = actions.rotate_key(svc, key, overlap_s=wanted.overlap_seconds, seal=seal)
    _forget(request)
    return _issued(issued)


def _owner(svc: Services, data: KeyIn) -> ProjectRow | None:
    """Raises ProjectNotFound, ValidationFailed."""
    if data.kind == "master":
        if data.organization is not None or data.project is not None or isinstance(data.scopes, tuple):
            raise ValidationFailed.at("kind", "a master key has no organization, project or scopes; leave them out.")
        return None
    if data.organization is None or data.project is None:
        raise ValidationFailed.at("project", "a project key needs organization and project, as slugs.")
    organization = parse_slug(data.organization, "organization")
    return actions.find_project(svc, organization, parse_slug(data.project, "project"))


def _sealed(
    svc: Services, who: Administrator, once: Once, out: Callable[[T], Wire], *, itself: KeyId | None = None
) -> Seal[T]:
    """The asking key must still be valid, unless this very action ends it; then the answer is stored."""

    def seal(tx: Writing, made: T) -> None:
        if who.key != itself:
            authentication.still_valid(tx, who, svc.now())
        once.seal(tx, 201, lambda: answers.Encoded(encode(Answer(data=out(made))), None))

    return seal


def _without_key(issued: IssuedKey) -> IssuedKeyOut:
    return IssuedKeyOut.issued(issued, reveal=False)


def _issued(issued: IssuedKey) -> Response[Answer[IssuedKeyOut]]:
    body = encode(Answer(data=IssuedKeyOut.issued(issued)))
    return answers.raw(body, status=201, headers={"Cache-Control": "no-store"})


def _shown(row: ProjectRow, secrets: Mapping[str, str], *, status: int = 200) -> Response[Answer[ProjectOut]]:
    once = {"Cache-Control": "no-store"} if secrets else {}
    return answers.tagged(ProjectOut.of(row, secrets), status=status, headers=once)


def _fingerprint(request: AnyRequest, data: Wire) -> str:
    return idempotency.fingerprint("POST", request.url.path, encode(data))


def _forget(request: AnyRequest) -> None:
    """The change holds from this process's next request on, and on the others within seconds."""
    cast("Authenticator", request.app.state.authenticator).forget()


def _id(row: OrganizationRow | ProjectRow | KeyRow) -> str:
    return row.id


router = Router(
    "/",
    route_handlers=[
        create_organization, list_organizations, create_project, list_projects, update_project,
        create_key, list_keys, revoke_key, rotate_key,
    ],
    dependencies={"who": Provide(provide_administrator)},
    tags=["Administration"],
)  # fmt: skip
