"""Scopes of live URLs in SQL, and which generation answers which question in them."""

from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Row

from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.generation_tables import generations, live_images, live_scopes
from atpix.db.tables import images
from atpix.generations import rows as generation_rows
from atpix.generations.rows import Generation, Status, of_row
from atpix.http.pages import Page, Window
from atpix.ids import GenerationId, ImageId, ProjectId, ScopeId, Slug, new_id
from atpix.live.errors import ScopeNotFound


class Scope(msgspec.Struct, frozen=True):
    """A row of `live_scopes`. Fields stand in the order of `COLUMNS`; `current_generations` is counted."""

    id: ScopeId
    project_id: ProjectId
    slug: Slug
    allow_new_generations: bool
    new_generations_limit: int
    last_generated_at: int | None
    meta: str
    created_at: int
    updated_at: int
    current_generations: int


class Seen(NamedTuple):
    """What stands behind one question now. `image` can be shown; `generation` None: nobody has asked yet."""

    generation: GenerationId | None
    status: Status | None
    error_code: str | None
    error_message: str | None
    changed_at: int | None
    image: ImageId | None

    @property
    def is_under_way(self) -> bool:
        return self.image is None and self.status in {"pending", "processing"}


class Made(NamedTuple):
    """A picture of a scope and the generation that made it."""

    generation: GenerationId
    image: ImageId


_UNENDED = ("pending", "processing")
_COUNTS = sa.or_(generations.c.status.in_(_UNENDED), generations.c.output_image_id.is_not(None))
"""A failed generation, and one whose image was deleted, takes nobody's place."""
_OF_SCOPE = live_images.join(generations, generations.c.id == live_images.c.generation_id)
_CURRENT = (
    sa.select(sa.func.count())
    .select_from(_OF_SCOPE)
    .where(live_images.c.scope_id == live_scopes.c.id, _COUNTS)
    .correlate(live_scopes)
    .scalar_subquery()
)
COLUMNS = (*(live_scopes.c[name] for name in Scope.__struct_fields__[:-1]), _CURRENT)
_MINE = sa.select(*COLUMNS).where(live_scopes.c.project_id == bindparam("project"))
_BY_SLUG = _MINE.where(live_scopes.c.slug == bindparam("slug"))
_LOCK = (
    sa.select(live_scopes.c.id)
    .where(live_scopes.c.project_id == bindparam("project"), live_scopes.c.slug == bindparam("slug"))
    .with_for_update()
)
_PICTURES = (
    sa.select(generations.c.id.label("generation"), images.c.id.label("image"))
    .select_from(_OF_SCOPE.join(images, images.c.id == generations.c.output_image_id))
    .where(live_images.c.scope_id == bindparam("scope"), images.c.deleted_at.is_(None))
    .order_by(live_images.c.id)
)
_SEEN = (
    sa.select(
        generations.c.id,
        generations.c.status,
        generations.c.error_code,
        generations.c.error_message,
        generations.c.updated_at,
        images.c.id.label("image"),
    )
    .select_from(
        live_scopes.outerjoin(
            live_images,
            sa.and_(live_images.c.scope_id == live_scopes.c.id, live_images.c.cache_key == bindparam("question")),
        )
        .outerjoin(generations, generations.c.id == live_images.c.generation_id)
        .outerjoin(images, sa.and_(images.c.id == generations.c.output_image_id, images.c.deleted_at.is_(None)))
    )
    .where(live_scopes.c.project_id == bindparam("project"), live_scopes.c.slug == bindparam("slug"))
)
"""One row where there is such a scope. A picture that is made again is shown until the new one is there."""
_TAKEN = (
    sa.select(sa.func.count())
    .select_from(_OF_SCOPE)
    .where(
        live_images.c.scope_id == bindparam("scope"),
        live_images.c.cache_key != bindparam("question"),
        _COUNTS,
    )
)


def find(tx: Reading, who: Caller, slug: Slug) -> Scope:
    """Raises ScopeNotFound."""
    if row := tx.one_or_none(_BY_SLUG, {"project": who.project, "slug": slug}):
        return _scope(row)
    raise ScopeNotFound(slug)


def lock(tx: Writing, who: Caller, slug: Slug) -> Scope:
    """Whoever changes a scope, or has a picture made in it, takes turns with the others. Raises ScopeNotFound."""
    tx.one_or_none(_LOCK, {"project": who.project, "slug": slug})
    return find(tx, who, slug)


def see(tx: Reading, project: ProjectId, slug: Slug, question: str) -> Seen:
    """Raises ScopeNotFound."""
    row = tx.one_or_none(_SEEN, {"project": project, "slug": slug, "question": question})
    if row is None:
        raise ScopeNotFound(slug)
    values: tuple[Any, ...] = tuple(row)
    return Seen(*values)


def answer(tx: Writing, scope: ScopeId, question: str, generation: GenerationId, now: int) -> None:
    """From now on this generation stands behind the question. The caller has locked the scope."""
    insert = tx.upsert(live_images).values(
        id=new_id(), scope_id=scope, cache_key=question, generation_id=generation, created_at=now
    )
    tx.execute(
        insert.on_conflict_do_update(
            index_elements=[live_images.c.scope_id, live_images.c.cache_key], set_={"generation_id": generation}
        )
    )


def page(tx: Reading, who: Caller, window: Window) -> Page[Scope]:
    """Newest first. There are few, so the total is counted."""
    mine = {"project": who.project}
    total = tx.scalar(sa.select(sa.func.count()).where(live_scopes.c.project_id == who.project))
    part = _MINE.order_by(live_scopes.c.id.desc()).limit(window.limit + 1).offset(window.offset)
    if window.after is not None:
        part = part.where(live_scopes.c.id < window.after)
    found = tx.all(part, mine)
    return Page([_scope(row) for row in found[: window.limit]], total, len(found) > window.limit)


def insert(tx: Writing, scope: Scope) -> bool:
    """False when the slug was taken."""
    values = msgspec.structs.asdict(scope)
    del values["current_generations"]
    insert = tx.upsert(live_scopes).values(**values)
    return tx.execute(insert.on_conflict_do_nothing(index_elements=["project_id", "slug"])) == 1


def update(tx: Writing, scope: ScopeId, **columns: object) -> None:
    tx.execute(live_scopes.update().where(live_scopes.c.id == scope).values(**columns))


def delete(tx: Writing, scope: ScopeId) -> None:
    """Its questions go with it; the pictures and the generations stay."""
    tx.execute(live_scopes.delete().where(live_scopes.c.id == scope))


def under_way(tx: Writing, scope: ScopeId) -> list[Generation]:
    """Nobody else ends them while this transaction lasts."""
    mine = sa.select(live_images.c.generation_id).where(live_images.c.scope_id == scope)
    query = generation_rows.SELECT.where(generations.c.id.in_(mine), generations.c.status.in_(_UNENDED))
    return [of_row(row) for row in tx.all(query.order_by(generations.c.id).with_for_update(key_share=True))]


def pictures(tx: Reading, scope: ScopeId) -> list[Made]:
    """Those that can be seen, in the order in which they were asked for first."""
    return [Made(GenerationId(row.generation), ImageId(row.image)) for row in tx.all(_PICTURES, {"scope": scope})]


def taken(tx: Reading, scope: ScopeId, besides: str) -> int:
    """How many places of the scope's limit are taken by other questions than this one."""
    return int(tx.scalar(_TAKEN, {"scope": scope, "question": besides}))


def _scope(row: Row[Any]) -> Scope:
    values: tuple[Any, ...] = tuple(row)
    return Scope(*values)
