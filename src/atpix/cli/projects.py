"""`atpix projects`: what a project chooses for itself, changed where the server runs."""

import sys
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from atpix.cli.opening import Data, Json, existing
from atpix.cli.outcome import Misused
from atpix.projects import actions, preferences
from atpix.projects.rows import ProjectRow
from atpix.projects.schemas import ProjectOut
from atpix.settings import load

projects = App(name="projects", help="Show and change a project's settings.")

Project = Annotated[str, Parameter(name="ORG/PROJECT")]
Change = Annotated[str, Parameter(name="NAME=VALUE", help="presetsOnly=true, presets.card=w=400, urlKeys.k=null")]


@projects.command
def show(project: Project, /, *, data: Data = None, json: Json = False) -> None:
    """Show the settings of a project; secrets are masked."""
    with existing(load(data=data)) as svc:
        _print(actions.find_project(svc, *actions.parse_path(project)), {}, json=json)


@projects.command(name="set")
def set_(project: Project, /, *changes: Change, data: Data = None, json: Json = False) -> None:
    """Change settings of a project. A secret that is made for a new URL key is printed, this once."""
    if not changes:
        raise Misused("Say what to change, as NAME=VALUE: presetsOnly=true.")
    patch, secrets = preferences.with_secrets(preferences.parse(_patch(changes)))
    with existing(load(data=data)) as svc:
        found = actions.find_project(svc, *actions.parse_path(project))
        changed = actions.update_project(svc, found.id, settings=patch)
    if json:
        _print(changed, secrets, json=True)
        return
    print(f"Changed {changed.path}. A running server follows within seconds.", file=sys.stderr)
    for kid, secret in secrets.items():
        print(f"The secret of the URL key {kid}, shown only now:", file=sys.stderr)
        print(secret)


def _patch(changes: tuple[str, ...]) -> dict[str, Any]:
    """A merge patch from `name=value` and `name.member=value`. Raises Misused."""
    patch: dict[str, Any] = {}
    for change in changes:
        path, equals, text = change.partition("=")
        name, dot, member = path.partition(".")
        if not (equals and name and (member or not dot)):
            raise Misused(f"A change is NAME=VALUE, like presetsOnly=true; {change!r} is none.")
        if not dot:
            patch[name] = _value(text)
        elif isinstance(members := patch.setdefault(name, {}), dict):
            members[member] = _value(text)
        else:
            raise Misused(f"{name} is given as a whole and by {member!r} too; choose one of both.")
    return patch


def _value(text: str) -> Any:  # noqa: ANN401  any JSON
    """JSON, or the text itself: nobody should have to quote quotes for `strip`."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text


def _print(row: ProjectRow, secrets: dict[str, str], *, json: bool) -> None:
    shown = ProjectOut.of(row, secrets)
    if json:
        print(msgspec.json.encode(shown).decode())
        return
    for name, value in preferences.stored(shown.settings).items():
        print(f"{name}={msgspec.json.encode(value).decode()}")
