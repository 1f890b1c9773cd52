"""The remote commands against a real server."""

import os
import pty
import subprocess
import threading
from contextlib import suppress

import pytest
from sdk.tests.stand_in import StandIn, on_a_socket
from tests.cli.conftest import ATPIX, environment
from tests.photographs import photo


@pytest.fixture
def database():
    """Once is enough: the command line sees HTTP only."""
    return "sqlite"


@pytest.fixture
def access(server, project):
    return {"ATPIX_URL": server.url, "ATPIX_API_KEY": project.key}


@pytest.fixture
def remote(called, access):
    return lambda *arguments, **env: called(*arguments, **access | env)


@pytest.fixture
def strange():
    """A server that says what a test tells it to."""
    with on_a_socket(StandIn()) as server:
        yield server


@pytest.fixture
def key(strange):
    return {"ATPIX_URL": strange.url, "ATPIX_API_KEY": "atp_key"}


@pytest.fixture
def there(called, key):
    """Commands at the strange server."""
    return lambda *arguments: called(*arguments, **key)


@pytest.fixture
def photos(tmp_path):
    """Make so many different files."""

    def make(*names):
        paths = [tmp_path / name for name in names]
        for number, path in enumerate(paths):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(photo(number))
        return paths

    return make


@pytest.fixture
def atpix_bytes(tmp_path):
    """What a command writes to standard output, as it is."""

    def run(*arguments, **env):
        return subprocess.run(
            [ATPIX, *arguments], capture_output=True, cwd=tmp_path, env=environment(**env), check=True
        ).stdout

    return run


class Terminal:
    """What a process wrote to a terminal."""

    def __init__(self):
        self.ours, self.theirs = pty.openpty()
        self._read = b""
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self):
        with suppress(OSError):  # how a terminal says that the last process has closed it
            while more := os.read(self.ours, 65536):
                self._read += more

    def type(self, text):
        os.write(self.ours, text.encode())

    def text(self):
        """After the process ended."""
        os.close(self.theirs)
        self._thread.join()
        os.close(self.ours)
        return self._read.decode()


@pytest.fixture
def at_terminal(tmp_path, access):
    """Run a command with a terminal as some of its streams; gives exit code, terminal text and piped output."""

    def run(*arguments, streams=("stdin", "stdout", "stderr"), typing=""):
        terminal = Terminal()
        terminal.type(typing)
        piped = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(
            [ATPIX, *map(str, arguments)],
            cwd=tmp_path,
            env=environment(**access, TERM="xterm-256color", COLUMNS="100"),
            text=True,
            **piped | dict.fromkeys(streams, terminal.theirs),
        )
        out, err = process.communicate(timeout=60)
        return process.returncode, terminal.text(), out, err

    return run
