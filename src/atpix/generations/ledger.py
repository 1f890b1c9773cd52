"""What was made, by whom, for how much: one record for each run, written in the transaction that ends it."""

from typing import Any, Literal

from atpix.db import Writing
from atpix.db.generation_tables import usage_records
from atpix.generations.rows import Generation
from atpix.ids import ImageId


def record(
    tx: Writing,
    run: Generation,
    outcome: Literal["success", "failed"],
    now: int,
    *,
    image: ImageId | None = None,
    model: str | None = None,
    usage: dict[str, Any] | None = None,
    cost_micro_usd: int = 0,
) -> None:
    """Once a run, whoever comes first: a run that was cancelled while it succeeded has one outcome.

    Attempts that failed cost nothing here: providers do not say what they charge for them.
    """
    row = {
        "project_id": run.project_id,
        "at": now,
        "generation_id": run.id,
        "run": run.run,
        "image_id": image,
        "flow_id": run.flow_id,
        "key_id": run.key_id,
        "provider": run.provider,
        "model": model or run.model,
        "outcome": outcome,
        "usage": usage or {},
        "cost_micro_usd": cost_micro_usd,
        "processing_time_ms": time_taken_ms(run, now),
    }
    tx.execute(tx.upsert(usage_records).values(**row).on_conflict_do_nothing())


def time_taken_ms(run: Generation, now: int) -> int:
    """From its first step; nothing for one that had none."""
    return max(0, now - run.started_at) if run.started_at is not None else 0
