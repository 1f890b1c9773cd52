"""What a user may meet is documented: settings, error codes, commands, operations, findings, metrics."""

import importlib
import pkgutil
import re
from typing import get_args

import pytest
from cyclopts import App
from tests import openapi_snapshot
from tests.docs.conftest import ROOT

import atpix
from atpix import meters
from atpix.caller import ProjectSettings
from atpix.cli import app
from atpix.doctor.findings import Kind
from atpix.errors import AtpixError
from atpix.health import exposition
from atpix.http.openapi import refusals
from atpix.imaging import parameters
from atpix.settings import Settings

DEFAULT = re.compile(r"^\| `ATPIX_([A-Z0-9_]+)` \| (.*?) \|", re.MULTILINE)
CODE = re.compile(r"^\| (\d{3}) \| `([A-Z_]+)` \|", re.MULTILINE)
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
WITHOUT_DESCRIPTION = {("GET", "/docs"), ("GET", "/openapi.json")}
"""The description itself, and the page that shows it."""
OPERATION = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/\S*)`")


def text(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def test_every_setting_is_documented_with_its_default():
    documented = dict(DEFAULT.findall(text("docs/settings.md")))

    assert documented.keys() == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        assert shown(field.default) in documented[name.upper()], name


def shown(default: object) -> str:
    match default:
        case bool():
            return f"`{str(default).lower()}`"
        case _ if not str(getattr(default, "get_secret_value", lambda: default)()):
            return "empty"
        case float():
            return f"`{default:g}`"
        case _:
            return f"{default}`"


def test_every_setting_of_a_project_is_documented():
    table = text("docs/settings.md").partition("## Settings of a project")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(ProjectSettings.__struct_encode_fields__)


PARAMETER = re.compile(r"^\| `([\w-]+)`(?: \(([^)]*)\))? \|", re.MULTILINE)


def test_every_parameter_of_delivery_is_documented_with_its_synonyms():
    table = text("docs/transformations.md").partition("## Every parameter")[2].partition("\n## ")[0]
    documented = {name: tuple(re.findall(r"`([\w-]+)`", synonyms)) for name, synonyms in PARAMETER.findall(table)}

    assert documented == {row.name: row.synonyms for row in parameters.TABLE}


def test_every_error_code_is_documented_with_its_status():
    documented = {(int(status), code) for status, code in CODE.findall(text("docs/errors.md"))}

    assert documented == {(error.status, error.code) for error in errors()}
    assert documented == {(status, code) for code, (status, _) in refusals.CODES.items()}


def errors() -> set[type[AtpixError]]:
    """All there are, after every module was imported."""
    for module in pkgutil.walk_packages(atpix.__path__, "atpix."):
        if not module.name.startswith(("atpix.db.migrations", "atpix.imaging.")):
            importlib.import_module(module.name)
    found, waiting = set(), [AtpixError]
    while waiting:
        error = waiting.pop()
        found.add(error)
        waiting += error.__subclasses__()
    return {error for error in found if error.__module__.startswith("atpix.")}


def test_every_command_has_its_place_in_the_document():
    lines = text("docs/cli.md").splitlines()
    for command in commands(app()):
        assert any(line.startswith(f"## atpix {command.partition(' ')[0]}") for line in lines), command
        assert any(line.startswith(f"    atpix {command} ") for line in lines), command


def commands(of: App, before: str = "") -> list[str]:
    """Those that do something: groups are gone into."""
    found = []
    for name in of:
        if not name.startswith("-"):
            inner = commands(of[name], f"{before}{name} ")
            found += inner or [f"{before}{name}"]
    return found


def test_every_option_of_a_command_is_in_the_document():
    document = text("docs/cli.md")

    for command in commands(app()):
        options = app()
        for part in command.split():
            options = options[part]
        for argument in options.assemble_argument_collection():
            names = [name for name in argument.names if name.startswith("-")]
            assert not names or any(name in document for name in names), f"{command} {names}"


def test_every_operation_is_on_the_map():
    paths = openapi_snapshot.document()["paths"]
    there = {(method.upper(), path) for path, item in paths.items() for method in item}
    mapped = set(OPERATION.findall(text("docs/api.md")))

    assert {(method, path) for method, path in there if method in METHODS} == mapped - WITHOUT_DESCRIPTION


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_finding_of_the_doctor_is_explained(kind):
    assert f"`{kind}`" in text("docs/operations.md").partition("## The doctor")[2].partition("\n## ")[0]


def test_every_metric_is_explained(empty_svc):
    table = text("docs/operations.md").partition("## Metrics")[2].partition("\n## ")[0]
    counted = meters.Meters()
    counted.answered("GET", "/healthz", 200, 0.1, 10)
    exposed = exposition.render(empty_svc, counted).decode()

    names = {name for name, kind in re.findall(r"^# TYPE (\w+) (\w+)", exposed, re.MULTILINE)}
    assert names == set(re.findall(r"`(atpix_\w+)`", table))
