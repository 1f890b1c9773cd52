"""The calls of a master key (contract 10), each as a value."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from atpix_client import answers
from atpix_client.models import Key, Organization, Page, Project
from atpix_client.operations import Operation, Walk, post, query, segment, with_json


def create_organization(slug: str, *, name: str | None = None) -> Operation[Organization]:
    """The slug is part of permanent URLs and never changes."""
    return post("/organizations", answers.data_of(Organization), _given(slug=slug, name=name))


def list_organizations(
    *, limit: int | None = None, offset: int | None = None, cursor: str | None = None
) -> Operation[Page[Organization]]:
    where = query(limit=limit, offset=offset, cursor=cursor)
    return Operation("GET", f"/organizations{where}", answers.page_of(list[Organization]))


def iterate_organizations(*, page_size: int = 100) -> Walk[Organization]:
    return Walk(lambda cursor, offset: list_organizations(limit=page_size, offset=offset, cursor=cursor))


def create_project(
    organization: str, slug: str, *, name: str | None = None, settings: Mapping[str, Any] | None = None
) -> Operation[Project]:
    """`organization` is a slug. The project's slug is part of permanent URLs and never changes."""
    body = _given(organization=organization, slug=slug, name=name, settings=settings)
    return post("/projects", answers.data_of(Project), body)


def list_projects(
    *,
    organization: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    cursor: str | None = None,
) -> Operation[Page[Project]]:
    where = query(organization=organization, limit=limit, offset=offset, cursor=cursor)
    return Operation("GET", f"/projects{where}", answers.page_of(list[Project]))


def iterate_projects(*, organization: str | None = None, page_size: int = 100) -> Walk[Project]:
    def page(cursor: str | None, offset: int | None) -> Operation[Page[Project]]:
        return list_projects(organization=organization, limit=page_size, offset=offset, cursor=cursor)

    return Walk(page)


def update_project(
    project_id: str, *, settings: Mapping[str, Any] | None = None, name: str | None = None
) -> Operation[Project]:
    """Changes the settings that are named; the others stay."""
    body = _given(settings=settings, name=name)
    return with_json("PATCH", f"/projects/{segment(project_id)}", answers.data_of(Project), body, {})


def create_key(
    *,
    organization: str | None = None,
    project: str | None = None,
    scopes: Sequence[str] | None = None,
    expires_in_days: int | None = None,
    name: str | None = None,
    kind: Literal["project", "master"] = "project",
) -> Operation[Key]:
    """Slugs name the project. The answer's `key` is shown this once. That is why a lost answer is an exception, not a
    repetition: it would bring the key's record without the key.
    """
    body = _given(
        organization=organization,
        project=project,
        scopes=scopes,
        expiresInDays=expires_in_days,
        name=name,
        kind=kind,
    )
    return post("/keys", answers.data_of(Key), body, repeatable=False)


def list_keys(
    *,
    project_id: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    cursor: str | None = None,
) -> Operation[Page[Key]]:
    where = query(projectId=project_id, limit=limit, offset=offset, cursor=cursor)
    return Operation("GET", f"/keys{where}", answers.page_of(list[Key]))


def iterate_keys(*, project_id: str | None = None, page_size: int = 100) -> Walk[Key]:
    def page(cursor: str | None, offset: int | None) -> Operation[Page[Key]]:
        return list_keys(project_id=project_id, limit=page_size, offset=offset, cursor=cursor)

    return Walk(page)


def revoke_key(key_id: str) -> Operation[None]:
    return Operation("DELETE", f"/keys/{segment(key_id)}", answers.nothing)


def rotate_key(key_id: str, *, overlap_seconds: int | None = None) -> Operation[Key]:
    """A successor, whose `key` is shown this once; the old key works until the overlap ends. As with `create`, a lost
    answer is an exception.
    """
    path = f"/keys/{segment(key_id)}/rotate"
    return post(path, answers.data_of(Key), _given(overlapSeconds=overlap_seconds), repeatable=False)


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
