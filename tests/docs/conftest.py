"""Documents are tried as a reader would: a demo server in an empty folder, and the samples one after another.

One server for all of them, since nothing differs but the project: each document has one of its own.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import skimage.data

from atpix.caller import SCOPES
from atpix.projects import actions
from atpix.services import Services
from atpix.settings import Settings

ROOT = Path(__file__).parents[2]
_START_S = 60
_STOP_S = 30
_SAMPLES_S = 120
_LONGER_CURL = 'curl() { command curl --fail-with-body --silent --show-error "$@"; }'
"""As readers see it, a refusal is an answer; here it is a failure."""


@dataclass(frozen=True)
class Demo:
    """`atpix serve --demo`, as `make run` starts it, all that it said, and the folder that a reader is in."""

    folder: Path
    said: str
    project: str
    key: str

    @property
    def url(self) -> str:
        return re.search(r"ready at (\S+)", self.said)[1]

    def run(self, script: str) -> str:
        """Bash, with this server's address, project and key for those of the document. Returns what it printed."""
        ours = script.replace("http://127.0.0.1:8000", self.url).replace("atp_your_key", self.key)
        ours = ours.replace("default/demo/", f"{self.project}/")
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{_LONGER_CURL}\n{ours}"],
            cwd=self.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SAMPLES_S,
            check=False,
        )
        assert ended.returncode == 0, f"{ours}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout


def _furnish(folder: Path) -> None:
    (folder / ".venv").symlink_to(sys.prefix)
    photographs = Path(skimage.data.__file__).parent
    shutil.copy(photographs / "chelsea.png", folder / "cat.jpg")
    shutil.copy(photographs / "rocket.jpg", folder / "dog.jpg")


@pytest.fixture
def demo(first, tmp_path):
    _furnish(tmp_path)
    data = first.folder / "atpix-data"
    (tmp_path / "atpix-data").symlink_to(data)
    with closing(Services.open(Settings(data=data))) as svc:
        project = actions.ensure_project(svc, f"default/{tmp_path.name.replace('_', '-')}")
        key = actions.create_key(svc, project, scopes=SCOPES).text
    return Demo(tmp_path, first.said, project.path, key)


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """The first start, with the project and the key that it made."""
    folder = tmp_path_factory.mktemp("demo")
    _furnish(folder)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [".venv/bin/atpix", "serve", "--data", "./atpix-data", "--demo", "--port", "0"],
            cwd=folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    impatience = threading.Timer(_START_S, process.kill)
    impatience.start()
    try:
        said = ""
        while "/docs" not in said:
            line = process.stdout.readline()
            assert line, (folder / "log").read_text()
            said += line
        impatience.cancel()
        yield Demo(folder, said, "default/demo", re.search(r"atp_[0-9A-Za-z]{38}", said)[0])
        process.send_signal(signal.SIGTERM)
        assert process.wait(_STOP_S) == 0
    finally:
        impatience.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_STOP_S)
        process.stdout.close()


def _environment() -> dict[str, str]:
    """Ours, without the settings of whoever runs the tests, and without a proxy on the way to this machine."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ATPIX_")} | {"NO_PROXY": "*"}
