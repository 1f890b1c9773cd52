"""What fal and Replicate have in common: hosts of other people's models, who run each picture as a job."""

import re
from typing import TypeGuard

from atpix.providers import telling
from atpix.providers.values import Json, ProviderFailed

AGAIN_S = 0.5
"""The fast models take less than a second."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def is_id(told: object) -> TypeGuard[str]:
    """Whether it can be a job's: it becomes part of a path."""
    return isinstance(told, str) and _ID.fullmatch(told) is not None


def over(message: str, *, worth_retrying: bool = False) -> ProviderFailed:
    """The job has ended without a picture, or is lost."""
    return ProviderFailed("PROVIDER_ERROR", message, worth_retrying=worth_retrying, job_over=True)


def needs_image(model: str) -> ProviderFailed:
    return ProviderFailed("PROVIDER_ERROR", f"{model} changes images only: send it one in referenceImages.")


def seconds(told: Json, name: str) -> float | None:
    """How long it took by the metrics of an answer, under the host's own name for that."""
    metrics = told.get("metrics")
    return telling.seconds(metrics.get(name)) if isinstance(metrics, dict) else None


def doubts(host: str, model: str, *, known: bool) -> tuple[str, ...]:
    """The warning beside a picture of a model whose inputs were guessed."""
    if known:
        return ()
    unsure = (
        f"Atpix does not know {model}: aspect ratio, seed, references and mask were sent by the names that most models"
        f" at {host} use, and whether it heeded them cannot be said. Nor can its price."
    )
    return (unsure,)
