"""`atpix keys`: the first key comes from here, since no open endpoint gives one."""

import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
from cyclopts import App, Parameter, validators

from atpix.caller import SCOPES, Scope
from atpix.cli.opening import Data, Json, existing, services
from atpix.cli.outcome import Misused
from atpix.errors import ValidationFailed
from atpix.http.pages import Window
from atpix.http.wire import Wire, iso
from atpix.projects import actions
from atpix.projects.actions import IssuedKey
from atpix.projects.rows import KeyRow
from atpix.projects.schemas import IssuedKeyOut, KeyOut
from atpix.settings import load

keys = App(name="keys", help="Make, list, revoke and rotate API keys.")

Key = Annotated[str, Parameter(help="Its id, or its prefix as `atpix keys list` shows it.")]
Days = Annotated[int | None, Parameter(validator=validators.Number(gte=1, lte=36_500), help="Works for this long.")]
OverlapS = Annotated[
    int, Parameter(name="--overlap-s", validator=validators.Number(gte=0, lte=30 * 86_400), help="Both work so long.")
]


@keys.command
def create(
    *,
    project: Annotated[str | None, Parameter(help="ORG/PROJECT; what is missing of it is made.")] = None,
    master: Annotated[bool, Parameter(negative="", help="A key that administers, for no project's data.")] = False,
    scopes: Annotated[str, Parameter(help="Some of read,write,delete,generate.")] = ",".join(SCOPES),
    expires_in_days: Days = None,
    name: Annotated[str, Parameter(help="To tell keys apart.")] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a key and print it, this once: only a digest of it is kept."""
    if master == (project is not None):
        raise Misused("Give either --project ORG/PROJECT or --master.")
    with services(load(data=data)) as svc:
        owner = None if project is None else actions.ensure_project(svc, project)
        issued = actions.create_key(
            svc, owner, scopes=_scopes(scopes), name=_printable(name), expires_in_days=expires_in_days
        )
    _print_issued(issued, json=json)


@keys.command(name="list")
def list_keys(
    *,
    project: Annotated[str | None, Parameter(help="Only those of ORG/PROJECT.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show all keys, revoked ones too, newest first; never a key itself."""
    with existing(load(data=data)) as svc:
        of = None if project is None else actions.find_project(svc, *actions.parse_path(project)).id
        found = actions.list_keys(svc, Window(sys.maxsize >> 1, 0, None), project=of).rows
        now = svc.now()
    if json:
        _print_json([KeyOut.of(row) for row in found])
    else:
        _print_table(found, now)


@keys.command
def revoke(key: Key, /, *, data: Data = None, json: Json = False) -> None:
    """End a key: at once for writes, within seconds for reads of a running server."""
    with existing(load(data=data)) as svc:
        row = actions.revoke_key(svc, actions.find_key(svc, key).id)
    if json:
        _print_json(KeyOut.of(row))
    else:
        print(f"Revoked {row.prefix}… ({row.id}).", file=sys.stderr)


@keys.command
def rotate(key: Key, /, *, overlap_s: OverlapS = 86_400, data: Data = None, json: Json = False) -> None:
    """Make a key with the same rights, print it, and let the old one end after the overlap."""
    with existing(load(data=data)) as svc:
        issued = actions.rotate_key(svc, actions.find_key(svc, key).id, overlap_s=overlap_s)
    _print_issued(issued, json=json)


def _scopes(text: str) -> list[Scope]:
    """Raises ValidationFailed."""
    asked = {word.strip() for word in text.split(",")}
    if unknown := asked - set(SCOPES):
        raise ValidationFailed.at("scopes", f"there is no {min(unknown)!r}; there are {', '.join(SCOPES)}.")
    return [scope for scope in SCOPES if scope in asked]


def _printable(name: str) -> str:
    """Raises ValidationFailed."""
    if not name.isprintable() or len(name) > 200:
        raise ValidationFailed.at("name", "must be 200 printable characters at most.")
    return name


def _print_issued(issued: IssuedKey, *, json: bool) -> None:
    if json:
        _print_json(IssuedKeyOut.issued(issued))
        return
    row = issued.row
    kind = (
        f"A key for project {row.project_path}, scopes {','.join(row.scopes)}" if row.project_path else "A master key"
    )
    end = f"until {iso(row.expires_at)}" if row.expires_at else "until revoked"
    print(f"{kind}, {end}. It is shown only now:", file=sys.stderr)
    print(issued.text)


def _print_json(value: Wire | list[KeyOut]) -> None:
    print(msgspec.json.encode(value).decode())


def _print_table(rows: Sequence[KeyRow], now: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("ID", "KEY", "PROJECT", "SCOPES", "STATE", "LAST USED", "NAME", box=None, pad_edge=False)
    for row in rows:
        table.add_row(
            row.id,
            f"{row.prefix}…",
            row.project_path or "(master)",
            ",".join(row.scopes),
            _state(row, now),
            iso(row.last_used_at) if row.last_used_at else "never",
            row.name,
        )
    # A pipe has no width: every value stays whole there, a row a line.
    width = None if sys.stdout.isatty() else 1000
    Console(markup=False, highlight=False, emoji=False, width=width).print(table)


def _state(row: KeyRow, now: int) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if not row.is_active(now):
        return "expired"
    return "active" if row.expires_at is None else f"until {iso(row.expires_at)[:10]}"
