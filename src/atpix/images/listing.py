"""Images, newest first. The page's ids come from an index, their rows by id; totals are kept, not counted."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple, Self

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.caller import Caller
from atpix.db import Reading
from atpix.db.tables import aliases, image_counts, images
from atpix.http.pages import Page, Window
from atpix.ids import Alias, FlowId
from atpix.images.rows import COLUMNS, FROM, Image, image_of

Source = Literal["uploaded", "generated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """All of these at once."""

    flow: FlowId | None = None
    source: Source | None = None
    alias: Alias | None = None
    include_deleted: bool = False


def page(tx: Reading, who: Caller, wanted: Filter, window: Window) -> Page[Image]:
    values = {
        "project": who.project,
        "flow": wanted.flow,
        "source": wanted.source,
        "name": wanted.alias,
        "after": window.after,
        "offset": window.offset,
    }
    query = _page_query(_Shape.of(wanted, window), window.limit + 1, far=window.offset > 0)
    rows = [image_of(row) for row in tx.all(query, values)]
    return Page(rows[: window.limit], total(tx, who, wanted), len(rows) > window.limit)


def total(tx: Reading, who: Caller, wanted: Filter) -> int:
    values = {"project": who.project, "flow": wanted.flow, "source": wanted.source, "name": wanted.alias}
    return int(tx.scalar(_total_query(_Shape.of(wanted)), values))


class _Shape(NamedTuple):
    """Which conditions there are. One query a shape is built, once; values come as parameters."""

    flow: bool
    source: bool
    alias: bool
    deleted: bool
    after: bool

    @classmethod
    def of(cls, wanted: Filter, window: Window | None = None) -> Self:
        after = window is not None and window.after is not None
        return cls(
            wanted.flow is not None, wanted.source is not None, wanted.alias is not None, wanted.include_deleted, after
        )


@cache
def _page_query(shape: _Shape, limit: int, *, far: bool) -> sa.Select[Any]:
    """The limit stands in the text: PostgreSQL plans for a tenth of all rows when it cannot know it, finds that no plan
    is worth keeping, and so makes one at every execution, which takes longer than executing it.
    """
    ids = _ids(shape).order_by(images.c.id.desc()).limit(sa.literal_column(str(limit)))
    if far:
        ids = ids.offset(bindparam("offset", type_=sa.BigInteger))
    chosen = ids.subquery()
    columns = (*COLUMNS[:-1], sa.null())  # what flows call an image comes with a single one only
    return sa.select(*columns).select_from(FROM).join(chosen, chosen.c.id == images.c.id).order_by(images.c.id.desc())


@cache
def _total_query(shape: _Shape) -> sa.Select[Any]:
    if shape.alias:  # one image at most, so counting is the cheapest
        return sa.select(sa.func.count()).select_from(_ids(shape).subquery())
    counts = image_counts.c
    query = sa.select(sa.func.coalesce(sa.func.sum(counts.n), 0)).where(counts.project_id == bindparam("project"))
    query = query.where(counts.flow_id == bindparam("flow") if shape.flow else counts.flow_id.is_(None))
    if shape.source:
        query = query.where(counts.source == bindparam("source"))
    return query if shape.deleted else query.where(counts.trashed.is_(False))


def _ids(shape: _Shape) -> sa.Select[tuple[str]]:
    query = sa.select(images.c.id).where(images.c.project_id == bindparam("project"))
    if shape.flow:
        query = query.where(images.c.flow_id == bindparam("flow"))
    if shape.source:
        query = query.where(images.c.source == bindparam("source"))
    if not shape.deleted:
        query = query.where(images.c.deleted_at.is_(None))
    if shape.alias:
        mine = (aliases.c.project_id == bindparam("project"), aliases.c.flow_id.is_(None))
        named = sa.select(aliases.c.image_id).where(*mine, aliases.c.name == bindparam("name"))
        query = query.where(images.c.id == named.scalar_subquery())
    if shape.after:
        query = query.where(images.c.id < bindparam("after"))
    return query
