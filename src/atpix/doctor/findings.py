"""What the doctor says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from atpix.services import Services

Kind = Literal[
    "schema",
    "damage",
    "store",
    "lost_bytes",
    "wrong_size",
    "wrong_checksum",
    "orphan_bytes",
    "foreign_bytes",
    "orphan_renditions",
    "rendition_index",
    "two_holders",
    "dangling_name",
    "history",
    "counts",
    "expired_intents",
    "stuck_work",
]


@dataclass(frozen=True, slots=True)
class Repair:
    """`carry_out` looks again first; it returns False when there is nothing left to do, or it could not be done."""

    plan: str
    carry_out: Callable[[Services], bool]


@dataclass(frozen=True, slots=True)
class Finding:
    """`repair` is None when it needs a person."""

    kind: Kind
    sentence: str
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`cut`: there is more of a kind than is told."""

    findings: tuple[Finding, ...]
    cut: bool = False

    @property
    def healthy(self) -> bool:
        return not self.findings
