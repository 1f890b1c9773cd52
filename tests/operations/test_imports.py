"""Who starts something waits for what it imports, and most of what Atpix is built on most commands can do without."""

import json
import os
import subprocess
import sys

HEAVY = (
    "PIL",
    "alembic",
    "cyclopts",
    "granian",
    "httpx2",
    "litestar",
    "numpy",
    "obstore",
    "psycopg",
    "pydantic",
    "pyvips",
    "rich",
    "sqlalchemy",
    "structlog",
)
SCRIPT = f"""
import contextlib, json, sys

def said(what):
    print(json.dumps([what, sorted(set({HEAVY}) & set(sys.modules))]), file=sys.__stdout__)

def run(*arguments):
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
        cli.main(arguments)
    said(" ".join(arguments))

from atpix import cli
said("atpix")
run("images", "list")
from atpix.cli import serving
from atpix.settings import load
serving.check(load())
said("serve")
run("projects", "show", "nobody/nothing")
run("keys", "list")
run("doctor")
import atpix.web
said("a worker")
"""


def test_each_command_imports_what_it_needs_and_no_more(backends, tmp_path):
    """One after another in one process: what the first ones have, the others have too."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATPIX_")}
    environment |= {"ATPIX_DATA": str(tmp_path), "ATPIX_DATABASE_URL": backends.empty_database("sqlite")}

    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert ended.returncode == 0, ended.stderr
    local = ["cyclopts", "httpx2", "obstore", "pydantic", "rich", "sqlalchemy", "structlog"]
    assert dict(map(json.loads, ended.stdout.splitlines())) == {
        "atpix": [],
        "images list": ["cyclopts", "httpx2"],
        "serve": ["cyclopts", "httpx2", "pydantic"],
        "projects show nobody/nothing": local,
        "keys list": local,
        "doctor": local,
        "a worker": sorted([*local, "litestar"]),
    }
