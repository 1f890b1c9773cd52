"""Documents are tried as a reader would: a demo server in an empty folder, and the samples one after another."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import skimage.data

ROOT = Path(__file__).parents[2]
_START_S = 60
_STOP_S = 30
_SAMPLES_S = 120
_LONGER_CURL = 'curl() { command curl --fail-with-body --silent --show-error "$@"; }'
"""As readers see it, a refusal is an answer; here it is a failure."""


@dataclass(frozen=True)
class Demo:
    """`atpix serve --demo` in `folder`, as `make run` starts it, and all that it said."""

    folder: Path
    said: str

    @property
    def url(self) -> str:
        return re.search(r"ready at (\S+)", self.said)[1]

    @property
    def key(self) -> str:
        return re.search(r"atp_[0-9A-Za-z]{38}", self.said)[0]

    def run(self, script: str) -> str:
        """Bash, with this server's address and key for those of the document. Returns what it printed."""
        ours = script.replace("http://127.0.0.1:8000", self.url).replace("atp_your_key", self.key)
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


@pytest.fixture
def demo(tmp_path):
    (tmp_path / ".venv").symlink_to(sys.prefix)
    photographs = Path(skimage.data.__file__).parent
    shutil.copy(photographs / "chelsea.png", tmp_path / "cat.jpg")
    shutil.copy(photographs / "rocket.jpg", tmp_path / "dog.jpg")
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [".venv/bin/atpix", "serve", "--data", "./atpix-data", "--demo", "--port", "0"],
            cwd=tmp_path,
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
            assert line, (tmp_path / "log").read_text()
            said += line
        impatience.cancel()
        yield Demo(tmp_path, said)
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
