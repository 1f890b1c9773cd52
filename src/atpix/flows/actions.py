"""What can be done with flows. Each action opens one short transaction and orders its side effects.

Whoever moves names of a flow here locks the project's scope first, then the flow's: an image that is deleted meanwhile
loses all its names, and in no other order of locks could that be known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from atpix import outbox
from atpix.caller import Caller
from atpix.db import Writing
from atpix.db.tables import aliases as names
from atpix.db.tables import images
from atpix.flows import rows
from atpix.flows.errors import NothingGenerated
from atpix.flows.rows import Flow
from atpix.generations import actions as generations
from atpix.generations import finishing
from atpix.generations import listing as generation_listing
from atpix.generations import rows as generation_rows
from atpix.generations.actions import Seal
from atpix.generations.beginning import Made
from atpix.generations.rows import Generation, Shown
from atpix.http.pages import Page, Window
from atpix.ids import Alias, FlowId, ImageId, blob_key, new_id
from atpix.images import aliases, listing
from atpix.images import rows as image_rows
from atpix.images.aliases import Move
from atpix.images.errors import NotNamedInFlow
from atpix.images.listing import Filter
from atpix.images.rows import Image
from atpix.projects import authentication
from atpix.services import Services

MOST_IDS = 1000
_BATCH = 500
Precondition = Callable[[Flow], None]
"""Looks at the flow as it is inside the transaction, and raises to stop the write."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The first of the ids stand for all of them."""

    count: int
    ids: Sequence[str]

    @classmethod
    def of(cls, ids: Sequence[str]) -> "Gone":
        return cls(len(ids), ids[:MOST_IDS])


@dataclass(frozen=True, slots=True)
class Deleted:
    """`kept` images are those that the project has a name for. `under_way` was given up."""

    id: FlowId
    images: Gone
    generations: Gone
    kept: Gone
    under_way: Sequence[Generation]


def create(svc: Services, who: Caller, meta: str, seal: Callable[[Writing, Flow], None]) -> Flow:
    flow = FlowId(new_id())
    with svc.db.transaction() as tx:
        authentication.still_valid(tx, who, svc.now())
        rows.insert(tx, who, flow, meta, svc.now())
        made = rows.get(tx, who, flow)
        seal(tx, made)
        return made


def get(svc: Services, who: Caller, flow: FlowId) -> Flow:
    with svc.db.read() as tx:
        return rows.get(tx, who, flow)


def list_flows(svc: Services, who: Caller, window: Window) -> Page[Flow]:
    with svc.db.read() as tx:
        return rows.page(tx, who, window)


def list_images(svc: Services, who: Caller, flow: FlowId, window: Window) -> Page[Image]:
    """Raises FlowNotFound, where the filter of all images would be an empty list."""
    with svc.db.read() as tx:
        rows.get(tx, who, flow)
        return listing.page(tx, who, Filter(flow=flow), window)


def list_generations(svc: Services, who: Caller, flow: FlowId, window: Window) -> Page[Shown]:
    """Raises FlowNotFound."""
    with svc.db.read() as tx:
        rows.get(tx, who, flow)
        return generation_listing.page(tx, who, generation_listing.Filter(flow=flow), window)


def regenerate(svc: Services, who: Caller, flow: FlowId, seal: Seal) -> Made:
    """The newest generation again. Raises FlowNotFound, NothingGenerated, and what `generations.regenerate` does."""
    with svc.db.read() as tx:
        rows.get(tx, who, flow)
        newest = generation_rows.newest_of_flow(tx, who, flow)
    if newest is None:
        raise NothingGenerated(flow)
    return generations.regenerate(svc, who, newest.id, seal)


def update(svc: Services, who: Caller, flow: FlowId, meta: str, allowed: Precondition) -> Flow:
    with svc.db.transaction() as tx:
        found = _locked(tx, svc, who, flow, allowed)
        if found.meta != meta:
            rows.update(tx, flow, meta=meta, updated_at=_later(svc, found))
        return rows.get(tx, who, flow)


def name_images(
    svc: Services, who: Caller, flow: FlowId, moves: Mapping[Alias, ImageId | None], allowed: Precondition
) -> Flow:
    """All of the names or none. A flow may name any image of its project. Raises ImageNotFound."""
    with svc.db.transaction() as tx:
        found = _locked(tx, svc, who, flow, allowed)
        for alias, image in sorted(moves.items()):
            if image is not None:
                image_rows.find(tx, who, image)
                aliases.move(tx, who, Move(alias=alias, to=image, flow=flow), at=svc.now())
            elif alias in found.aliases:
                aliases.release(tx, who, _named(flow, alias), at=svc.now())
        svc.failpoint("flow.aliases")
        return rows.get(tx, who, flow)


def remove_alias(svc: Services, who: Caller, flow: FlowId, alias: Alias, allowed: Precondition) -> Flow:
    """Raises NotNamedInFlow when the flow has no such name."""
    with svc.db.transaction() as tx:
        _locked(tx, svc, who, flow, allowed)
        if aliases.release(tx, who, _named(flow, alias), at=svc.now()) == 0:
            raise NotNamedInFlow(alias, flow)
        return rows.get(tx, who, flow)


def delete(svc: Services, who: Caller, flow: FlowId, allowed: Precondition) -> Deleted:
    """For ever, with its generations and images, in one step. Images that the project has a name for stay, without a
    flow. Generations under way are cancelled; the caller tells their providers.
    """
    with svc.db.transaction() as tx:
        aliases.lock_scope(tx, who)
        authentication.still_valid(tx, who, svc.now())
        rows.lock(tx, who, flow, to_delete=True)
        allowed(rows.get(tx, who, flow))
        under_way = rows.under_way(tx, flow)
        for run in under_way:
            finishing.cancel(tx, run, svc.now())
        kept, made = rows.images_kept(tx, flow), rows.generations_of(tx, flow)
        gone = [image for image in rows.images_of(tx, flow) if image not in set(kept)]
        aliases.release(tx, who, names.c.flow_id == flow, at=svc.now())
        for start in range(0, len(gone), _BATCH):
            _delete_images(tx, svc, who, gone[start : start + _BATCH])
        _leave(tx, svc, flow)
        rows.delete(tx, flow)
        svc.failpoint("flow.delete")
    svc.db.withdrew()
    return Deleted(flow, Gone.of(gone), Gone.of(made), Gone.of(kept), under_way)


def _delete_images(tx: Writing, svc: Services, who: Caller, gone: Sequence[ImageId]) -> None:
    """As `images.actions.delete`, for many: names that other flows have for them are released first."""
    aliases.release_in_flows(tx, who, gone, at=svc.now())
    tx.execute(images.delete().where(images.c.id.in_(gone)))
    outbox.delete_blobs(tx, [blob_key(who.project, image) for image in gone], svc.now())


def _leave(tx: Writing, svc: Services, flow: FlowId) -> None:
    later = sa.case((images.c.updated_at < svc.now(), svc.now()), else_=images.c.updated_at + 1)
    tx.execute(images.update().where(images.c.flow_id == flow).values(flow_id=None, updated_at=later))


def _locked(tx: Writing, svc: Services, who: Caller, flow: FlowId, allowed: Precondition) -> Flow:
    aliases.lock_scope(tx, who)
    authentication.still_valid(tx, who, svc.now())
    rows.lock(tx, who, flow)
    found = rows.get(tx, who, flow)
    allowed(found)
    return found


def _named(flow: FlowId, alias: Alias) -> sa.ColumnElement[bool]:
    return sa.and_(names.c.flow_id == flow, names.c.name == str(alias))


def _later(svc: Services, flow: Flow) -> int:
    return max(svc.now(), flow.updated_at + 1)
