"""The console script, run as a user runs it; or the same command in this process, where that shows as much."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
import structlog

from atpix import cli

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


@pytest.fixture
def called(tmp_path, monkeypatch):
    """The same without a process, whose start costs more than most commands: in the same folder and environment, to the
    same exit code, with streams that are no terminal.
    """

    def run(*arguments: object, **env: str) -> Ended:
        streams = {name: TextIOWrapper(BytesIO(), "utf-8") for name in ("stdin", "stdout", "stderr")}
        with monkeypatch.context() as here, chdir(tmp_path), logs_put_back():
            for name in os.environ.keys() - environment().keys():
                here.delenv(name)
            for name, value in env.items():
                here.setenv(name, value)
            for name, stream in streams.items():
                here.setattr(sys, name, stream)
            with pytest.raises(SystemExit) as ended:
                cli.main([str(argument) for argument in arguments])
        out, err = (_written(streams[name]) for name in ("stdout", "stderr"))
        return Ended(int(ended.value.code), out, err)

    return run


@contextmanager
def logs_put_back() -> Iterator[None]:
    """Local commands set up the logs of their process, which here is the one that runs the tests."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    hooks = sys.excepthook, threading.excepthook
    try:
        yield
    finally:
        structlog.configure(**before)
        logging.captureWarnings(capture=False)
        root.handlers[:], root.level = handlers, level
        sys.excepthook, threading.excepthook = hooks


def _written(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
