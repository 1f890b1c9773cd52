"""Generations in SQL: the row is the record that users see and the durable state of the work (see `queue`)."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Row

from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.generation_tables import generation_inputs, generations
from atpix.db.tables import images
from atpix.generations.errors import GenerationNotFound
from atpix.ids import FlowId, GenerationId, ImageId, KeyId, ProjectId
from atpix.images import rows as image_rows
from atpix.images.rows import Image

Status = Literal["pending", "processing", "success", "failed"]


class Generation(msgspec.Struct, frozen=True):
    """A row of `generations`. Fields stand in the order of `COLUMNS`; times are Unix milliseconds."""

    id: GenerationId
    project_id: ProjectId
    flow_id: FlowId | None
    key_id: KeyId | None
    status: Status
    run: int
    prompt: str
    original_prompt: str | None
    auto_enhance: bool
    template: str | None
    aspect_ratio: str
    provider: str
    model: str | None
    seed: int | None
    alias: str | None
    flow_alias: str | None
    meta: str
    warnings: list[str]
    error_code: str | None
    error_message: str | None
    output_image_id: ImageId | None
    planned_image_id: ImageId | None
    provider_ref: str | None
    claimed_by: str | None
    lease_until: int | None
    due_at: int
    attempts: int
    enhanced: bool
    usage: dict[str, Any] | None
    cost_micro_usd: int | None
    processing_time_ms: int | None
    started_at: int | None
    created_at: int
    updated_at: int

    @property
    def has_ended(self) -> bool:
        return self.status in {"success", "failed"}


class Input(NamedTuple):
    """What goes into a run. `image_id` None: the image is gone, and this is its tombstone."""

    position: int
    role: Literal["reference", "mask"]
    image_id: ImageId | None
    alias: str | None
    sha256: str


COLUMNS = tuple(generations.c[name] for name in Generation.__struct_fields__)
SELECT = sa.select(*COLUMNS)


def of_row(row: Row[Any]) -> Generation:
    values: tuple[Any, ...] = tuple(row)
    return Generation(*values)


_MINE = SELECT.where(generations.c.project_id == bindparam("project"))
_BY_ID = _MINE.where(generations.c.id == bindparam("id"))
_STATUS = sa.select(generations.c.status).where(
    generations.c.project_id == bindparam("project"), generations.c.id == bindparam("id")
)
_NEWEST_OF_FLOW = _MINE.where(generations.c.flow_id == bindparam("flow")).order_by(generations.c.id.desc()).limit(1)
_OF_RUN = (
    sa.select(*(generation_inputs.c[name] for name in Input._fields))
    .where(generation_inputs.c.generation_id == bindparam("generation"), generation_inputs.c.run == bindparam("run"))
    .order_by(generation_inputs.c.position)
)
_INPUTS = (
    sa.select(generation_inputs.c.generation_id, *(generation_inputs.c[name] for name in Input._fields))
    .join(generations, sa.and_(generations.c.id == generation_inputs.c.generation_id,
                               generations.c.run == generation_inputs.c.run))
    .where(generation_inputs.c.generation_id.in_(bindparam("generations", expanding=True)))
    .order_by(generation_inputs.c.generation_id, generation_inputs.c.position)
)  # fmt: skip
_OUTPUTS = (
    sa.select(*image_rows.COLUMNS)
    .select_from(image_rows.FROM)
    .where(images.c.id.in_(bindparam("images", expanding=True)))
)
_MADE_BY = (
    sa.select(*image_rows.COLUMNS)
    .select_from(image_rows.FROM)
    .where(images.c.generation_id == bindparam("generation"))
    .order_by(images.c.id)
)


class Shown(NamedTuple):
    """A generation with what its answer needs besides. `inputs` are those of its present run."""

    generation: Generation
    output: Image | None
    inputs: tuple[Input, ...]


def find(tx: Reading, who: Caller, generation: GenerationId) -> Generation:
    """Raises GenerationNotFound."""
    row = tx.one_or_none(_BY_ID, {"project": who.project, "id": generation})
    if row is None:
        raise GenerationNotFound(generation)
    return of_row(row)


def has_ended(tx: Reading, who: Caller, generation: GenerationId) -> bool:
    """Raises GenerationNotFound."""
    status = tx.scalar(_STATUS, {"project": who.project, "id": generation})
    if status is None:
        raise GenerationNotFound(generation)
    return status in {"success", "failed"}


def locked(tx: Writing, who: Caller, generation: GenerationId) -> Generation:
    """As it is now, until this transaction ends. A flow's lock comes before it. Raises GenerationNotFound."""
    row = tx.one_or_none(_BY_ID.with_for_update(key_share=True), {"project": who.project, "id": generation})
    if row is None:
        raise GenerationNotFound(generation)
    return of_row(row)


def newest_of_flow(tx: Reading, who: Caller, flow: FlowId) -> Generation | None:
    row = tx.one_or_none(_NEWEST_OF_FLOW, {"project": who.project, "flow": flow})
    return None if row is None else of_row(row)


def shown(tx: Reading, who: Caller, one: Generation) -> Shown:
    """In point reads, which may run on the event loop."""
    output = None if one.output_image_id is None else image_rows.by_id(tx, who, one.output_image_id)
    return Shown(one, output, tuple(inputs_of(tx, one)))


def inputs_of(tx: Reading, one: Generation) -> list[Input]:
    """Of its present run, in order."""
    found: list[tuple[Any, ...]] = [tuple(row) for row in tx.all(_OF_RUN, {"generation": one.id, "run": one.run})]
    return [Input(*values) for values in found]


def all_shown(tx: Reading, found: Sequence[Generation]) -> list[Shown]:
    """Two queries, however many there are."""
    outputs = _outputs(tx, [one.output_image_id for one in found if one.output_image_id is not None])
    inputs = _inputs(tx, [one.id for one in found])
    return [Shown(one, outputs.get(one.output_image_id or ""), tuple(inputs[one.id])) for one in found]


def _inputs(tx: Reading, wanted: Sequence[GenerationId]) -> dict[GenerationId, list[Input]]:
    found: dict[GenerationId, list[Input]] = {one: [] for one in wanted}
    if wanted:
        for row in tx.all(_INPUTS, {"generations": list(wanted)}):
            values: tuple[Any, ...] = tuple(row)
            found[values[0]].append(Input(*values[1:]))
    return found


def _outputs(tx: Reading, wanted: Sequence[ImageId]) -> dict[str, Image]:
    if not wanted:
        return {}
    return {row.id: image_rows.image_of(row) for row in tx.all(_OUTPUTS, {"images": list(wanted)})}


def made_by(tx: Reading, generation: GenerationId) -> list[Image]:
    """What all of its runs made that is still there, the trash included, oldest first."""
    return [image_rows.image_of(row) for row in tx.all(_MADE_BY, {"generation": generation})]


def changed(row: Generation, columns: dict[str, Any]) -> Generation:
    """The row as an update of these columns leaves it."""
    return msgspec.structs.replace(row, **columns)


def insert(tx: Writing, generation: Generation) -> None:
    tx.execute(generations.insert(), msgspec.structs.asdict(generation))


def insert_inputs(tx: Writing, generation: GenerationId, run: int, inputs: Sequence[Input]) -> None:
    rows = [{"generation_id": generation, "run": run, **one._asdict()} for one in inputs]
    if rows:
        tx.execute(generation_inputs.insert(), rows)


def update(tx: Writing, generation: GenerationId, **columns: object) -> None:
    tx.execute(generations.update().where(generations.c.id == generation).values(**columns))


def delete(tx: Writing, generation: GenerationId) -> None:
    """Its images stay, and forget it."""
    tx.execute(generations.delete().where(generations.c.id == generation))
