"""What a runner's threads share, and one claim in the hands of one of them."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from atpix.errors import Overloaded, StorageUnavailable
from atpix.generations.queue import Claimed
from atpix.generations.rows import Generation
from atpix.ids import BlobKey, blob_key
from atpix.services import Services

T = TypeVar("T")
_LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True, slots=True)
class Workplace:
    """What the threads of one runner share. `examining` bounds how many pictures of ours stand before the decoders,
    where uploads stand as well; `writing` how many wait for the database.
    """

    svc: Services
    folder: Path
    stopping: threading.Event
    examining: threading.Semaphore
    writing: threading.Semaphore


@dataclass(slots=True)
class Work:
    """A claim being carried out. `ref`: the provider's name for the job it has queued; `is_back`: it waits for another
    attempt. Times are Unix milliseconds.
    """

    claimed: Claimed
    deadline: int
    ref: str | None
    warnings: list[str] = field(default_factory=list)
    failed_polls: int = 0
    called: bool = False
    is_back: bool = False

    @property
    def key(self) -> BlobKey:
        return blob_key(self.claimed.generation.project_id, self.claimed.planned)

    @property
    def run(self) -> Generation:
        return self.claimed.generation


def begun(svc: Services, claimed: Claimed) -> Work:
    """Each claim has time for one call of its provider, also when the run began long before: we may have been away."""
    run = claimed.generation
    deadline = max(ends_at(svc, run), svc.now() + int(svc.settings.provider_timeout_s * 1000))
    return Work(claimed, deadline, run.provider_ref, list(run.warnings))


def ends_at(svc: Services, run: Generation) -> int:
    return (run.started_at or svc.now()) + int(svc.settings.generation_timeout_s * 1000)


def insist(place: Workplace, work: Work, action: Callable[[], T]) -> T:
    """Until it succeeds, the run's time is over, or the process stops. Raises StorageUnavailable, Overloaded then."""
    failures = 0
    while True:
        try:
            return action()
        except (StorageUnavailable, Overloaded):
            if place.stopping.is_set() or place.svc.now() >= work.deadline:
                raise
            failures += 1
            place.stopping.wait(backoff_s(failures - 3))


def backoff_s(failures: int) -> float:
    """1, 2, 4 … 30 seconds after the first, the second, the third failure, each shortened by chance."""
    longest = min(2.0 ** min(failures - 1, 10), _LONGEST_PAUSE_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, guards nothing
