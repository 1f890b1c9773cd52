"""Generations in SQL: the row is the record that users see and the durable state of the work (see `queue`)."""

from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from atpix.db.generation_tables import generations
from atpix.ids import FlowId, GenerationId, ImageId, KeyId, ProjectId

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
