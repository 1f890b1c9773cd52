"""What deleting an image would break. Nothing is changed.

Here tables of generations are read, which images otherwise know nothing of: what would break is theirs.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.caller import Caller
from atpix.db import Reading
from atpix.db.generation_tables import generation_inputs, generations, live_images, live_scopes
from atpix.db.tables import aliases
from atpix.ids import Alias, FlowId, GenerationId, ImageId, ImageRef
from atpix.images import rows
from atpix.images.actions import Precondition
from atpix.images.errors import ImageNotFound
from atpix.images.rows import Image
from atpix.services import Services

MOST_IDS = 20


class Name(NamedTuple):
    """`flow` None: the project's."""

    alias: Alias
    flow: FlowId | None


class Affected(NamedTuple):
    """How many generations, and the newest of them."""

    n: int
    ids: Sequence[GenerationId]


class LiveUrl(NamedTuple):
    scope: str
    generation: GenerationId


class Consequences(NamedTuple):
    """`made_by` would lose their output, `used_by` would have a tombstone among their inputs. `live_urls` show it;
    they are the newest of `live_url_count`.
    """

    image: Image
    trash: bool
    names: Sequence[Name]
    made_by: Affected
    used_by: Affected
    live_urls: Sequence[LiveUrl]
    live_url_count: int


_NAMES = (
    sa.select(aliases.c.name, aliases.c.flow_id)
    .where(aliases.c.image_id == bindparam("image"))
    .order_by(aliases.c.flow_id.is_not(None), aliases.c.flow_id, aliases.c.name)
)
_MINE = generations.c.project_id == bindparam("project")
_MADE_BY = sa.select(generations.c.id).where(_MINE, generations.c.output_image_id == bindparam("image"))
_USED_BY = (
    sa.select(generations.c.id)
    .where(
        _MINE,
        generations.c.id.in_(
            sa.select(generation_inputs.c.generation_id).where(generation_inputs.c.image_id == bindparam("image"))
        ),
    )
)  # fmt: skip
_LIVE = (
    sa.select(live_scopes.c.slug, live_images.c.generation_id, live_images.c.id)
    .join(live_scopes, live_scopes.c.id == live_images.c.scope_id)
    .join(generations, generations.c.id == live_images.c.generation_id)
    .where(_MINE, generations.c.output_image_id == bindparam("image"))
)


def of(svc: Services, who: Caller, ref: ImageRef, allowed: Precondition, *, trash: bool) -> Consequences:
    """Finds and refuses what `actions.delete`, or `actions.trash`, would. Raises ImageNotFound, AliasNotFound."""
    with svc.db.read() as tx:
        image = _found(tx, who, ref, trash=trash)
        allowed(image)
        values: dict[str, object] = {"project": who.project, "image": image.id}
        live = tx.all(_LIVE.order_by(live_images.c.id.desc()).limit(MOST_IDS), values)
        return Consequences(
            image=image,
            trash=trash,
            names=[Name(Alias(row.name), row.flow_id) for row in tx.all(_NAMES, {"image": image.id})],
            made_by=_affected(tx, _MADE_BY, values),
            used_by=_affected(tx, _USED_BY, values),
            live_urls=[LiveUrl(row.slug, GenerationId(row.generation_id)) for row in live],
            live_url_count=_counted(tx, _LIVE, values),
        )


def _found(tx: Reading, who: Caller, ref: ImageRef, *, trash: bool) -> Image:
    """A trashed image can be deleted by its id, and not be trashed again."""
    if trash or isinstance(ref, Alias):
        return rows.find_one(tx, who, ref).image
    if (image := rows.by_id(tx, who, ImageId(ref))) is not None:
        return image
    raise ImageNotFound(ref)


def _affected(tx: Reading, query: sa.Select[Any], values: dict[str, object]) -> Affected:
    newest = tx.all(query.order_by(generations.c.id.desc()).limit(MOST_IDS), values)
    return Affected(_counted(tx, query, values), [GenerationId(row.id) for row in newest])


def _counted(tx: Reading, query: sa.Select[Any], values: dict[str, object]) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(query.subquery()), values))
