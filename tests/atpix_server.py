"""A real Atpix server: `atpix serve` in a process of its own, on a free port, with a data folder of its own."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests import servers

from atpix.settings import Settings

ATPIX = Path(sys.executable).with_name("atpix")
START_S = 60
STOP_S = 30


@dataclass(frozen=True)
class AtpixServer:
    """`settings` are the server's own, for Services on the same database and store."""

    process: subprocess.Popen[bytes]
    settings: Settings
    log: Path

    @property
    def url(self) -> str:
        return self.settings.api

    @property
    def port(self) -> int:
        return self.settings.port


@contextmanager
def running(data: Path, **settings: object) -> Iterator[AtpixServer]:
    """`settings` by their names in `Settings`. Raises ServerFault with what the server printed."""
    data.mkdir(parents=True, exist_ok=True)
    port = servers._free_ports(1)[0]
    chosen = {"data": data, "port": port, "log_level": "warning", **settings}
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ATPIX_")}
    env = plain | {f"ATPIX_{name.upper()}": _text(value) for name, value in chosen.items()}
    log = data.parent / f"{data.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([ATPIX, "serve"], stdout=output, stderr=output, env=env, start_new_session=True)
        try:
            server = AtpixServer(process, Settings(**chosen), log)
            _until_it_answers(server)
            yield server
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_S)


def _text(value: object) -> str:
    """As the environment has it."""
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def _until_it_answers(server: AtpixServer) -> None:
    """Any answer will do."""
    end = time.monotonic() + START_S
    while not _answers(server.port):
        if server.process.poll() is not None or time.monotonic() > end:
            raise servers.ServerFault(f"Atpix did not start:\n{server.log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.02)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
