"""The console script, run as a user runs it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ATPIX = Path(sys.executable).with_name("atpix")


@dataclass
class Ended:
    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """Ours, without the settings of whoever runs the tests."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ATPIX_")}
    return plain | more


@pytest.fixture
def atpix(tmp_path):
    """Run a command to its end, in an empty folder."""

    def run(*arguments: object, **env: str) -> Ended:
        ended = subprocess.run(
            [ATPIX, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment(**env),
            timeout=60,
            check=False,
        )
        assert "Traceback" not in ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run
