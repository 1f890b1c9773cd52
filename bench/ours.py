"""Atpix as it is measured: `atpix serve` on the server's core, its keys from the command line, images over HTTP."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from bench import load, machine, servers
from bench.load import Target

_ATPIX = Path(sys.executable).with_name("atpix")
_BOUNDARY = "bench-boundary"


@dataclass(frozen=True)
class Ours:
    """A running server with a key to one project."""

    port: int
    process: psutil.Process
    project: str
    key: str

    def get(self, *paths: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Target:
        """Of the API, with the key."""
        return Target(self.port, paths, self.process, {"X-API-Key": self.key, **(headers or {})}, status)

    def image(self, ref: str, *, headers: Mapping[str, str] | None = None, status: int = 200) -> Target:
        """Of delivery, where there is no key."""
        return Target(self.port, (f"/cdn/{self.project}/img/{ref}",), self.process, headers or {}, status)

    def upload(self, photograph: Path | bytes, **fields: str) -> dict[str, Any]:
        """The image that came of it."""
        file = photograph if isinstance(photograph, bytes) else photograph.read_bytes()
        return dict(self.ask("POST", "/api/v1/images/upload", form(file, **fields), FORM)["data"])

    def metric(self, name: str) -> float:
        """The sum over its labels. What other processes count is a second old."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        values = [float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == name]
        assert values, f"/metrics says nothing of {name}"
        return sum(values)

    def ask(self, method: str, path: str, body: bytes | None = None, media_type: str = "application/json") -> Any:
        """Raises AssertionError with the answer when it is an error."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"X-API-Key": self.key, "Content-Type": media_type})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status < 300, f"{method} {path}: {answer.status} {text[:500]!r}"
            return json.loads(text)
        finally:
            connection.close()


FORM = f"multipart/form-data; boundary={_BOUNDARY}"


def form(file: bytes, **fields: str) -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="photograph.jpg"\r\n'
    parts = [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", file, b"\r\n"]
    for name, value in fields.items():
        parts.append(f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    parts.append(f"--{_BOUNDARY}--\r\n".encode())
    return b"".join(parts)


@contextmanager
def serving(
    data: Path,
    *,
    database_url: str = "",
    project: str = "bench/bench",
    workers: int = 1,
    cores: Sequence[int] | None = None,
    settings: Mapping[str, object] | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[Ours]:
    """`data` is made when it is missing; so is the project. `settings` are the project's, `env` is the server's."""
    data.mkdir(parents=True, exist_ok=True)
    environment = {**_environment(database_url), **(env or {})}
    key = _key(data, environment, "--project", project)
    with _running(data, environment, workers, cores) as server:
        mine = Ours(server.port, server.process, project, key)
        if settings:
            _configure(replace(mine, key=_key(data, environment, "--master")), settings)
        yield mine


def start_s(data: Path) -> float:
    """From the command until /readyz says yes."""
    began = time.perf_counter()
    with _running(data, {}, 1) as server:
        target = Target(server.port, ("/readyz",), server.process)
        machine.wait_until(lambda: load.answers(target), timeout_s=30, what="/readyz")
        return time.perf_counter() - began


def _running(
    data: Path, environment: Mapping[str, str], workers: int, cores: Sequence[int] | None = None
) -> AbstractContextManager[servers.Server]:
    port = servers.free_port()
    command = [_ATPIX, "serve", "--data", data, "--port", str(port), "--workers", str(workers)]
    return servers.running(command, port, data / "serve.log", env=environment, cores=cores)


def _configure(admin: Ours, settings: Mapping[str, object]) -> None:
    """`admin` holds the master key."""
    organization, slug = admin.project.split("/")
    found = admin.ask("GET", f"/api/v1/projects?organization={organization}")["data"]
    project = next(one["id"] for one in found if one["slug"] == slug)
    admin.ask("PATCH", f"/api/v1/projects/{project}", json.dumps({"settings": settings}).encode())


def _key(data: Path, environment: Mapping[str, str], *whose: str) -> str:
    """Also brings the database to the program's schema."""
    command = [_ATPIX, "keys", "create", "--data", data, *whose, "--json"]
    done = subprocess.run(
        [str(word) for word in command],
        env={**servers.inherited(), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"atpix keys create ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return str(json.loads(done.stdout)["key"])


def _environment(database_url: str) -> dict[str, str]:
    return {"ATPIX_DATABASE_URL": database_url} if database_url else {}
