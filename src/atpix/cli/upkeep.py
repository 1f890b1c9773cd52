"""`atpix migrate`, `atpix config`, `atpix doctor`."""

import json as plain_json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from pydantic import SecretStr

from atpix.cli import opening
from atpix.cli.opening import Data, Json
from atpix.cli.outcome import Exit
from atpix.settings import Settings, load

if TYPE_CHECKING:
    from atpix.doctor import Diagnosis, Finding


def migrate(*, data: Data = None, json: Json = False) -> None:
    """Bring the database to this program's schema. Safe to repeat, and beside other processes."""
    from atpix.db import Database, migrating

    settings = load(data=data)
    opening.require_folder(settings.data)
    db = Database.open(settings.database, timeout_s=settings.database_timeout_s)
    try:
        before, after = migrating.revision(db), migrating.migrate(db)
    finally:
        db.close()
    if json:
        print(plain_json.dumps({"before": before, "after": after}))
    else:
        said = "was there already" if before == after else f"was {before or 'empty'}"
        print(f"The database has the schema {after}; it {said}.", file=sys.stderr)


def config(*, data: Data = None, json: Json = False) -> None:
    """Show the settings in effect, with their sources merged and secrets masked."""
    shown = effective(load(data=data))
    if json:
        print(plain_json.dumps(shown, indent=2))
        return
    for name, value in shown.items():
        print(f"ATPIX_{name.upper()}={value}")


def effective(settings: Settings) -> dict[str, str | int | float | bool]:
    """Passwords inside URLs are masked as well."""
    import sqlalchemy as sa

    shown: dict[str, str | int | float | bool] = {}
    for name, value in settings.model_dump().items():
        match value:
            case SecretStr():
                shown[name] = "***" if value.get_secret_value() else ""
            case bool() | int() | float():
                shown[name] = value
            case _:
                shown[name] = str(value)
    shown["database_url"] = sa.make_url(settings.database).render_as_string(hide_password=True)
    shown["storage_url"] = _without_query_values(settings.storage)
    shown["public_url"], shown["cdn_url"] = settings.api, settings.cdn
    return shown


def _without_query_values(url: str) -> str:
    """A storage URL may carry the store's credentials as options."""
    address, mark, query = url.partition("?")
    names = [part.partition("=")[0] for part in query.split("&")] if mark else []
    return address + mark + "&".join(f"{name}=***" for name in names)


def doctor(
    *,
    fix: Annotated[bool, Parameter(negative="", help="Carry the plans out, then look again.")] = False,
    deep: Annotated[bool, Parameter(negative="", help="Read all bytes and compare checksums.")] = False,
    data: Data = None,
    json: Json = False,
) -> Exit:
    """Check that rows, bytes and names agree. Ends with 0 only when nothing is wrong, or nothing is left wrong."""
    from atpix import doctor as doctors

    with opening.existing(load(data=data)) as svc:
        found = doctors.examine(svc, deep=deep)
        repaired = doctors.repair(svc, found) if fix else []
        left = doctors.examine(svc, deep=deep) if repaired else found
    show = _print_findings_as_json if json else _print_findings
    show(left, repaired)
    return Exit.DONE if left.healthy else Exit.FAILED


def _print_findings_as_json(left: "Diagnosis", repaired: "Sequence[Finding]") -> None:
    print(
        plain_json.dumps(
            {
                "healthy": left.healthy,
                "findings": [_plain(finding) for finding in left.findings],
                "repaired": [_plain(finding) for finding in repaired],
                "cut": left.cut,
            }
        )
    )


def _plain(finding: "Finding") -> dict[str, str | None]:
    plan = finding.repair.plan if finding.repair else None
    return {"kind": finding.kind, "message": finding.sentence, "plan": plan}


def _print_findings(left: "Diagnosis", repaired: "Sequence[Finding]") -> None:
    for finding in repaired:
        print(f"{finding.kind}: {finding.sentence} Repaired.")
    for finding in left.findings:
        plan = finding.repair.plan if finding.repair else "This needs a person."
        print(f"{finding.kind}: {finding.sentence} {plan}")
    if left.healthy:
        print("Nothing is wrong." if not repaired else "Nothing is wrong any more.", file=sys.stderr)
    elif any(finding.repair for finding in left.findings):
        print("atpix doctor --fix carries these plans out.", file=sys.stderr)
    if left.cut:
        print("There is more of the same kinds than is shown.", file=sys.stderr)
