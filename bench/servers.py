"""The servers that are measured, each on the server's core, each stopped when its block ends."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import machine

GRANIAN = (
    "--workers", "1", "--loop", "uvloop", "--http", "1", "--no-ws", "--log-level", "error", "--backlog", "2048",
    "--backpressure", "1024", "--http1-header-read-timeout", "15000", "--http1-buffer-size", "65536",
)  # fmt: skip
"""Of the bare applications. Whatever of these `atpix serve` chooses otherwise belongs here as well."""


@dataclass(frozen=True)
class Server:
    port: int
    process: psutil.Process


@contextmanager
def running(
    command: Sequence[object],
    port: int,
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cores: Sequence[int] | None = None,
    timeout_s: float = 60,
) -> Iterator[Server]:
    """On the server's core unless `cores` says otherwise. Yields once the port is open. Raises RuntimeError with the
    end of the log when the process ends before.
    """
    with log.open("w") as output:
        child = subprocess.Popen(
            machine.pinned(command, *(cores or machine.cores()[:1])),
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**inherited(), **(env or {})},
        )
    try:
        machine.wait_until(
            lambda: child.poll() is not None or _open(port), timeout_s=timeout_s, what=f"{command} opens port {port}"
        )
        if child.poll() is not None:
            raise RuntimeError(f"{' '.join(map(str, command))} ended:\n{log.read_text()[-2000:]}")
        yield Server(port, psutil.Process(child.pid))
    finally:
        _stop(child)


@contextmanager
def bare(factory: str, log: Path, env: Mapping[str, str]) -> Iterator[Server]:
    """A factory of `bench.bare` under granian, one worker."""
    port = free_port()
    granian = Path(sys.executable).with_name("granian")
    command = [granian, "--interface", "asginl", "--port", str(port), "--factory", *GRANIAN, f"bench.bare:{factory}"]
    with running(command, port, log, env=env) as server:
        yield server


def nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


@contextmanager
def static(program: str, folder: Path, work: Path) -> Iterator[Server]:
    """Nginx as it is usually set up for files: one worker, sendfile, an open-file cache, no access log."""
    port = free_port()
    config = work / "nginx.conf"
    config.write_text(
        f"""
        worker_processes 1; daemon off; pid {work}/nginx.pid; error_log {work}/nginx.log crit;
        {"user root;" if os.geteuid() == 0 else ""}
        events {{ worker_connections 1024; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
            types {{ image/jpeg jpg; }} open_file_cache max=100 inactive=60s;
            client_body_temp_path {work}/a; proxy_temp_path {work}/b; fastcgi_temp_path {work}/c;
            uwsgi_temp_path {work}/d; scgi_temp_path {work}/e;
            server {{ listen 127.0.0.1:{port} backlog=1024; root {folder}; }}
        }}
        """
    )
    with running([program, "-c", config, "-p", work], port, work / "nginx.out") as server:
        yield server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """Politely, then not; descendants that a killed parent left behind as well."""
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(child.pid).children(recursive=True)
    child.terminate()
    try:
        child.wait(40)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for left in family:
        with suppress(psutil.NoSuchProcess):
            left.kill()


def inherited() -> dict[str, str]:
    """Our environment without settings of Atpix: the bench measures the defaults."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ATPIX_")}
