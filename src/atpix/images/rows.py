"""Images in SQL. `find` is the only place where a reference becomes an image."""

from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Row

from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.functions import joined
from atpix.db.tables import aliases, images
from atpix.ids import COMPUTED, Alias, BlobKey, FlowId, GenerationId, ImageId, ImageRef, ProjectId, blob_key
from atpix.images.errors import AliasNotFound, ComputedAliasRequiresFlow, ImageNotFound
from atpix.imaging.values import FocalPoint

ResolvedBy = Literal["id", "technical", "flow", "project"]


class Image(msgspec.Struct, frozen=True):
    """A row of `images` and the names it has. Fields stand in the order of `COLUMNS`."""

    id: ImageId
    project_id: ProjectId
    flow_id: FlowId | None
    source: Literal["uploaded", "generated"]
    media_type: str
    file_size: int
    width: int
    height: int
    sha256: str
    focal_x: float | None
    focal_y: float | None
    meta: str
    filename: str | None
    thumbhash: str
    dominant_color: str
    has_alpha: bool
    created_at: int
    updated_at: int
    deleted_at: int | None
    generation_id: GenerationId | None
    alias: str | None
    alias_at: int | None
    flow_names: str | None

    @property
    def flow_aliases(self) -> list[str]:
        """What flows call it, sorted."""
        return sorted(set(self.flow_names.split(","))) if self.flow_names else []

    @property
    def focal_point(self) -> FocalPoint | None:
        return None if self.focal_x is None or self.focal_y is None else FocalPoint(self.focal_x, self.focal_y)


class Found(NamedTuple):
    image: Image
    by: ResolvedBy


own = aliases.alias("own")
_others = aliases.alias("others")
_FLOW_NAMES = (
    sa.select(joined(_others.c.name))
    .where(_others.c.image_id == images.c.id, _others.c.flow_id.is_not(None))
    .scalar_subquery()
)
COLUMNS = (*(images.c[name] for name in Image.__struct_fields__[:-3]), own.c.name, own.c.assigned_at, _FLOW_NAMES)
"""What an Image is made of, from `FROM` below."""
FROM = images.outerjoin(own, sa.and_(own.c.image_id == images.c.id, own.c.flow_id.is_(None)))

_MINE = sa.select(*COLUMNS).select_from(FROM).where(images.c.project_id == bindparam("project"))
_BY_ID = _MINE.where(images.c.id == bindparam("id"))
_NAMED = _MINE.join(aliases, aliases.c.image_id == images.c.id).where(
    aliases.c.project_id == bindparam("project"), aliases.c.name == bindparam("name"), images.c.deleted_at.is_(None)
)
_BY_PROJECT_ALIAS = _NAMED.where(aliases.c.flow_id.is_(None))
_BY_FLOW_ALIAS = _NAMED.where(aliases.c.flow_id == bindparam("flow"))
_OF_FLOW = _MINE.where(images.c.flow_id == bindparam("flow"), images.c.deleted_at.is_(None)).limit(1)
_BY_COMPUTED_ALIAS = {
    "@upload": _OF_FLOW.where(images.c.source == "uploaded").order_by(images.c.id.desc()),
    "@last": _OF_FLOW.where(images.c.source == "generated").order_by(images.c.id.desc()),
    "@first": _OF_FLOW.where(images.c.source == "generated").order_by(images.c.id),
}
_BY_SHA256 = (
    _MINE.where(images.c.sha256 == bindparam("sha256"), images.c.deleted_at.is_(None)).order_by(images.c.id).limit(1)
)


def image_of(row: Row[Any]) -> Image:
    values: tuple[Any, ...] = tuple(row)
    return Image(*values)


def find(tx: Reading, who: Caller, ref: ImageRef, flow: FlowId | None = None) -> Found:
    """The only place where a reference becomes an image. A flow's alias wins over its project's.

    Trashed images are not found. Raises ImageNotFound, AliasNotFound, ComputedAliasRequiresFlow.
    """
    if isinstance(ref, Alias):
        return _named(tx, who, ref, flow)
    image = by_id(tx, who, ref)
    if image is None or image.deleted_at is not None:
        raise ImageNotFound(ref)
    return Found(image, "id")


def find_one(tx: Reading, who: Caller, ref: ImageRef) -> Found:
    """As `find`, where no flow can be said."""
    try:
        return find(tx, who, ref)
    except ComputedAliasRequiresFlow:
        advice = f"GET /images/{ref}?flowId= says which image it is now: use that one's id here."
        raise ComputedAliasRequiresFlow(Alias(ref), advice) from None


def _named(tx: Reading, who: Caller, alias: Alias, flow: FlowId | None) -> Found:
    names = {"project": who.project, "name": str(alias), "flow": flow}
    if alias in COMPUTED:
        if flow is None:
            raise ComputedAliasRequiresFlow(alias)
        if row := tx.one_or_none(_BY_COMPUTED_ALIAS[alias], names):
            return Found(image_of(row), "technical")
    else:
        if flow is not None and (row := tx.one_or_none(_BY_FLOW_ALIAS, names)):
            return Found(image_of(row), "flow")
        if row := tx.one_or_none(_BY_PROJECT_ALIAS, names):
            return Found(image_of(row), "project")
    raise AliasNotFound(alias, flow)


def blob_of(image: Image) -> BlobKey:
    return blob_key(image.project_id, image.id)


def by_id(tx: Reading, who: Caller, image: ImageId) -> Image | None:
    """Trashed ones as well."""
    row = tx.one_or_none(_BY_ID, {"project": who.project, "id": image})
    return None if row is None else image_of(row)


def by_sha256(tx: Reading, who: Caller, sha256: str, flow: FlowId | None = None) -> Image | None:
    """The oldest image of these bytes that is not trashed, in the flow if one is named."""
    query = _BY_SHA256 if flow is None else _BY_SHA256.where(images.c.flow_id == flow)
    row = tx.one_or_none(query, {"project": who.project, "sha256": sha256})
    return None if row is None else image_of(row)


def again(tx: Reading, who: Caller, image: ImageId) -> Image:
    """The row as this transaction has made it."""
    found = by_id(tx, who, image)
    assert found is not None
    return found


_LOCK = sa.select(images.c.id).where(images.c.id == bindparam("id")).with_for_update(key_share=True)


def lock(tx: Writing, image: ImageId) -> None:
    """Writers of one image take turns (PostgreSQL; SQLite has one writer anyway)."""
    tx.one_or_none(_LOCK, {"id": image})


def insert(tx: Writing, image: Image) -> None:
    values = msgspec.structs.asdict(image)
    del values["alias"], values["alias_at"], values["flow_names"]
    tx.execute(images.insert(), values)


def update(tx: Writing, image: ImageId, **columns: object) -> None:
    tx.execute(images.update().where(images.c.id == image).values(**columns))


def delete(tx: Writing, image: ImageId) -> None:
    tx.execute(images.delete().where(images.c.id == image))
