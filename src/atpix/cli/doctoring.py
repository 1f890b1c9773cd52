"""What `atpix doctor` says, and its exit code."""

import json as plain_json
import sys

from atpix import doctor
from atpix.cli.outcome import Exit
from atpix.doctor import Diagnosis, Finding
from atpix.services import Services


def run(svc: Services, *, fix: bool, json: bool, deep: bool = False) -> Exit:
    """Healthy in the end, after the repairs if there were any, is DONE; anything else is FAILED."""
    before = doctor.examine(svc, deep=deep)
    repaired = doctor.repair(svc, before) if fix and not before.healthy else []
    after = doctor.examine(svc, deep=deep) if repaired else before
    if json:
        print(plain_json.dumps(_plain(before, repaired, after)))
    else:
        _print(before, repaired, after)
    return Exit.DONE if after.healthy else Exit.FAILED


def _plain(before: Diagnosis, repaired: list[Finding], after: Diagnosis) -> dict[str, object]:
    findings = [
        {
            "kind": finding.kind,
            "sentence": finding.sentence,
            "repair": finding.repair.plan if finding.repair else None,
            "repaired": finding in repaired,
        }
        for finding in before.findings
    ]
    return {"healthy": after.healthy, "findings": findings, "more": before.cut, "left": len(after.findings)}


def _print(before: Diagnosis, repaired: list[Finding], after: Diagnosis) -> None:
    for finding in before.findings:
        if finding in repaired:
            outcome = "Repaired."
        else:
            outcome = f"Repair: {finding.repair.plan}" if finding.repair else "Needs a person."
        print(f"{finding.kind}: {finding.sentence} {outcome}")
    if before.cut:
        print("There is more of the same; run it again after the repair.", file=sys.stderr)
    if after.healthy:
        said = f"{len(repaired)} faults were repaired; all is well now." if repaired else "All is well."
    elif repaired:
        said = f"{len(repaired)} faults were repaired, {len(after.findings)} are left."
    else:
        mended = sum(finding.repair is not None for finding in before.findings)
        said = f"{len(before.findings)} faults; `atpix doctor --fix` can repair {mended} of them."
    print(said, file=sys.stderr)
