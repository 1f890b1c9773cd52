"""Where an image comes from, and what was made of it: images as nodes, and what went into which run as edges.

The run that made an image stands in the ledger, and what went into a run beside it; so each image of a generation that
was repeated has the inputs of its own run. Both ways are walked by a recursive query that stops after so many rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.caller import Caller
from atpix.db import Reading
from atpix.db.generation_tables import generation_inputs as inputs
from atpix.db.generation_tables import generations
from atpix.db.generation_tables import usage_records as runs
from atpix.db.tables import aliases, images
from atpix.ids import FlowId, GenerationId, ImageId, ImageRef
from atpix.images import rows as image_rows
from atpix.images.rows import Image
from atpix.services import Services

MOST_NODES = 1000
MOST_DEPTH = 100
_MOST_ROWS = 10 * MOST_NODES
"""An image is walked to once for each distance that it has."""

Relation = Literal["self", "ancestor", "descendant"]
_Depths = dict[ImageId, tuple[Relation, int]]


@dataclass(frozen=True, slots=True)
class Node:
    """`key` is the image's id, or stands for an input that is deleted. `image` None: it is gone. `made_by` and `prompt`
    are of the generation, which has the prompt of its last run only. `flow_alias`: in the flow that was asked about.
    """

    key: str
    relation: Relation
    depth: int
    image: Image | None
    sha256: str | None
    alias: str | None
    made_by: GenerationId | None = None
    prompt: str | None = None
    flow_alias: str | None = None

    @property
    def image_id(self) -> str | None:
        return None if self.key.startswith("gone-") else self.key


class Edge(NamedTuple):
    """`source` went into the run that made `target`; both are keys of nodes."""

    source: str
    target: str
    generation: GenerationId
    run: int
    role: Literal["reference", "mask"]
    alias: str | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """`truncated`: there is more of it, further away or beyond the bound."""

    image: ImageId
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    truncated: bool


def of(svc: Services, who: Caller, ref: ImageRef, flow: FlowId | None, depth: int) -> Lineage:
    """Raises ImageNotFound, AliasNotFound, ComputedAliasRequiresFlow."""
    with svc.db.read() as tx:
        image = image_rows.find(tx, who, ref, flow).image
        depths, truncated = _walked(tx, who, image.id, depth)
        drawn = _drawn(tx, who, image.id, depths, depth, truncated=truncated)
        return drawn if flow is None else _named(tx, who, drawn, flow)


_root = sa.cast(bindparam("root"), images.c.id.type)
_MINE = runs.c.project_id == bindparam("project")
_SAME_RUN = sa.and_(inputs.c.generation_id == runs.c.generation_id, inputs.c.run == runs.c.run)


def _walk(start: sa.ColumnElement[Any], end: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """From one side of the runs to the other, again and again. Nearest first, as long as nobody sorts it."""
    walk = sa.select(_root.label("image_id"), sa.literal(0).label("depth")).cte("walk", recursive=True)
    step = (
        sa.select(end, walk.c.depth + 1)
        .select_from(walk)
        .join(sa.join(runs, inputs, _SAME_RUN), start == walk.c.image_id)
        .where(_MINE, end.is_not(None), walk.c.depth < bindparam("depth", type_=sa.Integer))
    )
    walk = walk.union(step)
    return sa.select(walk.c.image_id, walk.c.depth).limit(_MOST_ROWS)


_UP, _DOWN = _walk(runs.c.image_id, inputs.c.image_id), _walk(inputs.c.image_id, runs.c.image_id)
_these: sa.BindParameter[Any] = bindparam("images", expanding=True)
_IMAGES = sa.select(*image_rows.COLUMNS).select_from(image_rows.FROM).where(images.c.id.in_(_these))
_MADE_BY = (
    sa.select(
        runs.c.image_id,
        runs.c.generation_id,
        sa.case((runs.c.run == generations.c.run, generations.c.prompt)).label("prompt"),
    )
    .outerjoin(generations, generations.c.id == runs.c.generation_id)
    .where(_MINE, runs.c.image_id.in_(_these))
)
_EDGES = (
    sa.select(
        runs.c.image_id.label("target"), runs.c.generation_id, runs.c.run, inputs.c.position, inputs.c.role,
        inputs.c.image_id, inputs.c.alias, inputs.c.sha256,
    )
    .join(inputs, _SAME_RUN)
    .where(_MINE, runs.c.image_id.in_(_these))
    .order_by(runs.c.image_id.desc(), inputs.c.position)
)  # fmt: skip


_NAMES = (
    sa.select(aliases.c.image_id, aliases.c.name)
    .where(aliases.c.project_id == bindparam("project"), aliases.c.flow_id == bindparam("flow"))
    .where(aliases.c.image_id.in_(_these))
    .order_by(aliases.c.name.desc())
)


def _walked(tx: Reading, who: Caller, root: ImageId, depth: int) -> tuple[_Depths, bool]:
    """Each image with its shortest distance, nearest first. One step more is taken, to know whether there is more."""
    depths: _Depths = {root: ("self", 0)}
    truncated = False
    found: list[tuple[int, ImageId, Relation]] = []
    ways: tuple[tuple[sa.Select[Any], Relation], ...] = ((_UP, "ancestor"), (_DOWN, "descendant"))
    for query, relation in ways:
        rows = tx.all(query, {"root": root, "project": who.project, "depth": depth + 1})
        truncated |= len(rows) == _MOST_ROWS
        found += [(row.depth, ImageId(row.image_id), relation) for row in rows]
    for distance, image, relation in sorted(found, key=lambda one: one[0]):
        if image in depths:
            continue
        if distance > depth or len(depths) == MOST_NODES:
            truncated = True
            break
        depths[image] = (relation, distance)
    return depths, truncated


def _drawn(tx: Reading, who: Caller, root: ImageId, depths: _Depths, depth: int, *, truncated: bool) -> Lineage:
    values = {"images": list(depths), "project": who.project}
    there = {row.id: image_rows.image_of(row) for row in tx.all(_IMAGES, values)}
    made = {row.image_id: (GenerationId(row.generation_id), row.prompt) for row in tx.all(_MADE_BY, values)}
    nodes = {image: _node(image, there.get(image), place, made.get(image)) for image, place in depths.items()}
    edges: list[Edge] = []
    gone = (f"gone-{n}" for n in range(1, MOST_NODES))
    for row in tx.all(_EDGES, values):
        target = nodes[row.target]
        source = nodes.get(row.image_id) if row.image_id is not None else _tombstone(row, target, depth, gone)
        if source is not None and len(nodes) <= 2 * MOST_NODES:
            nodes[ImageId(source.key)] = source
            edges.append(Edge(source.key, target.key, GenerationId(row.generation_id), row.run, row.role, row.alias))
    return Lineage(root, list(nodes.values()), edges, truncated)


def _named(tx: Reading, who: Caller, drawn: Lineage, flow: FlowId) -> Lineage:
    """With the names that the flow has for them; of several the first by the alphabet."""
    there = [node.key for node in drawn.nodes if node.image is not None]
    rows = tx.all(_NAMES, {"images": there, "project": who.project, "flow": flow})
    names = {row.image_id: row.name for row in rows}
    return replace(drawn, nodes=[replace(node, flow_alias=names.get(node.key)) for node in drawn.nodes])


def _node(
    key: ImageId, image: Image | None, place: tuple[Relation, int], made: tuple[GenerationId, str | None] | None
) -> Node:
    sha256, alias = (image.sha256, image.alias) if image else (None, None)
    return Node(key, *place, image, sha256, alias, *(made or (None, None)))


def _tombstone(row: Any, target: Node, depth: int, keys: Iterator[str]) -> Node | None:  # noqa: ANN401  a row
    """Of a deleted ancestor. What else went into a descendant is not looked at."""
    if target.relation == "descendant" or target.depth == depth or (key := next(keys, None)) is None:
        return None
    return Node(key, "ancestor", target.depth + 1, None, row.sha256, row.alias)
