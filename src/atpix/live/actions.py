"""What can be done with scopes. (What a live URL does is in `pictures`.)"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from atpix.caller import Caller
from atpix.db import Writing
from atpix.errors import AtpixError, ValidationFailed
from atpix.generations import admission, beginning, finishing
from atpix.generations import rows as generations
from atpix.generations.errors import ReferenceGone
from atpix.generations.rows import Generation
from atpix.http.pages import Page, Window
from atpix.ids import ImageId, ScopeId, Slug, new_id, time_ms
from atpix.live import rows
from atpix.live.errors import ImageNotInScope, ScopeAlreadyExists
from atpix.live.rows import Made, Scope
from atpix.projects import authentication
from atpix.services import Services

Precondition = Callable[[Scope], None]
"""Looks at the scope as it is inside the transaction, and raises to stop the write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScope:
    slug: Slug
    allow_new_generations: bool
    new_generations_limit: int
    meta: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """UNSET stays as it is."""

    allow_new_generations: bool | UnsetType = UNSET
    new_generations_limit: int | UnsetType = UNSET
    meta: str | UnsetType = UNSET

    def columns(self) -> dict[str, object]:
        asked = {name: getattr(self, name) for name in ("allow_new_generations", "new_generations_limit", "meta")}
        return {name: value for name, value in asked.items() if value is not UNSET}


class Deleted(NamedTuple):
    """`under_way` was given up."""

    id: ScopeId
    slug: Slug
    images_kept: int
    under_way: list[Generation]


class Skipped(NamedTuple):
    """A picture that cannot be made again, and why."""

    image: ImageId
    why: AtpixError


class Regenerated(NamedTuple):
    """`under_way`: so many were being made again already."""

    slug: Slug
    started: list[Made]
    under_way: int
    skipped: list[Skipped]


def create(svc: Services, who: Caller, new: NewScope, seal: Callable[[Writing, Scope], None]) -> Scope:
    """Raises ScopeAlreadyExists."""
    scope = ScopeId(new_id())
    created = time_ms(scope)
    row = Scope(
        id=scope,
        project_id=who.project,
        slug=new.slug,
        allow_new_generations=new.allow_new_generations,
        new_generations_limit=new.new_generations_limit,
        last_generated_at=None,
        meta=new.meta,
        created_at=created,
        updated_at=created,
        current_generations=0,
    )
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        if not rows.insert(tx, row):
            raise ScopeAlreadyExists(new.slug)
        seal(tx, row)
    return row


def get(svc: Services, who: Caller, slug: Slug) -> Scope:
    with svc.db.read() as tx:
        return rows.find(tx, who, slug)


def list_scopes(svc: Services, who: Caller, window: Window) -> Page[Scope]:
    with svc.db.read() as tx:
        return rows.page(tx, who, window)


def update(svc: Services, who: Caller, slug: Slug, change: Change, allowed: Precondition) -> Scope:
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        scope = rows.lock(tx, who, slug)
        allowed(scope)
        if columns := change.columns():
            rows.update(tx, scope.id, updated_at=max(svc.now(), scope.updated_at + 1), **columns)
        return rows.find(tx, who, slug)


def delete(svc: Services, who: Caller, slug: Slug, allowed: Precondition) -> Deleted:
    """Its URLs end; what they have made stays in the project, as images and generations like any others. What is
    being made is cancelled; the caller tells its providers.
    """
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        scope = rows.lock(tx, who, slug)
        allowed(scope)
        under_way = rows.under_way(tx, scope.id)
        for run in under_way:
            finishing.cancel(tx, run, svc.now())
        kept = len(rows.pictures(tx, scope.id))
        rows.delete(tx, scope.id)
    svc.db.withdrew()
    return Deleted(scope.id, scope.slug, kept, under_way)


def regenerate(
    svc: Services,
    who: Caller,
    slug: Slug,
    image: ImageId | None,
    seal: Callable[[Writing, Regenerated], None],
    allowed: Precondition,
) -> Regenerated:
    """One of the scope's pictures again, or every one of them: all that can begin, or, over a limit, none. Each is
    shown until the new one is there. `image` None: all; those that cannot be made any more keep no other from it. All
    together count as one in this minute: more pictures than a minute allows could never begin.

    Raises ScopeNotFound, ImageNotInScope, GenerationInProgress for the one that is named, and limits as
    `generations.actions.regenerate`.
    """
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        scope = rows.lock(tx, who, slug)
        allowed(scope)
        wanted = [made for made in rows.pictures(tx, scope.id) if image is None or made.image == image]
        if image is not None and not wanted:
            raise ImageNotInScope(image, slug)
        idle = [
            (made, found) for made in wanted if _may_begin(found := generations.find(tx, who, made.generation), image)
        ]
        started, skipped = [], []
        rate = admission.admit(tx, svc, who, runs=len(idle)) if idle else None
        for made, found in idle:
            try:
                beginning.next_run(tx, svc, who, found, rate)
            except (ReferenceGone, ValidationFailed) as error:  # raised before anything of it is written
                if image is not None:
                    raise
                skipped.append(Skipped(made.image, error))
            else:
                started.append(made)
        if started:
            rows.update(tx, scope.id, last_generated_at=svc.now())
        done = Regenerated(slug, started, len(wanted) - len(idle), skipped)
        seal(tx, done)
        return done


def _may_begin(found: Generation, image: ImageId | None) -> bool:
    """One that is named begins, or is refused; of all of them those begin that can."""
    return image is not None or found.has_ended
