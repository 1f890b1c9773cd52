"""Do rows, bytes and names agree? The invariants of the design as code, for a live database and a live store.

What is under way is no finding: every suspicion about bytes is looked at afresh, in the order in which their ownership
passes on; the others are single statements, which see one moment each.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from atpix import worker
from atpix.doctor import counted, named, pending, rendered, schema, stored
from atpix.doctor.findings import Diagnosis, Finding, Repair
from atpix.services import Services

__all__ = ["Diagnosis", "Finding", "Repair", "examine", "repair"]

MOST = 1000
"""Findings of one check. More of a kind say nothing new, and a plan is read by a person."""


def examine(svc: Services, *, now: int | None = None, deep: bool = False) -> Diagnosis:
    """`now` is Unix milliseconds; `deep` reads all bytes and holds them against their checksums.

    Raises StorageUnavailable, Overloaded of the database; a store that cannot be reached is a finding.
    """
    at = svc.now() if now is None else now
    if behind := schema.behind(svc):
        return Diagnosis((behind,))
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: schema.damage(svc),
        lambda: named.examine(svc),
        lambda: counted.examine(svc),
        lambda: pending.examine(svc, at),
        lambda: stored.examine(svc, at, deep=deep),
        lambda: rendered.examine(svc, at),
    )
    found = [tuple(islice(check(), MOST + 1)) for check in checks]
    return Diagnosis(
        tuple(finding for part in found for finding in part[:MOST]), cut=any(len(part) > MOST for part in found)
    )


def repair(svc: Services, diagnosis: Diagnosis) -> list[Finding]:
    """Carry the plans out, each after another look; then what has become due. Returns what is repaired.

    Nothing here loses what somebody may want: a row without bytes stays, for a person to decide.
    """
    done = [finding for finding in diagnosis.findings if finding.repair and finding.repair.carry_out(svc)]
    worker.run_once(svc)
    return done
