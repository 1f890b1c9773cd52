"""nginx and Varnish as Debian packs them, with the very files of `deploy/`: only ports and folders are put in place."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import servers

DEPLOY = Path(__file__).parents[2] / "deploy"
PACKAGES = {"nginx": "nginx-light", "varnishd": "varnish varnish-modules"}


@dataclass(frozen=True)
class Proxy:
    name: str
    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def program(name: str) -> str:
    """Its path. What is missing is told; in CI nothing may be."""
    if found := shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin"):
        return found
    missing = f"{name} is not installed, so deploy/ was not tried with it: apt-get install {PACKAGES[name]}"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@contextmanager
def nginx(folder: Path, atpix_port: int, *, files: Path | None = None) -> Iterator[Proxy]:
    """It keeps what Atpix sends; or it sends Atpix's `files` by itself."""
    found, port = program("nginx"), servers._free_ports(1)[0]
    places = {"server 127.0.0.1:8000;": f"server 127.0.0.1:{atpix_port};", "listen 80 ": f"listen 127.0.0.1:{port} "}
    if files is None:
        text = configured("nginx/atpix.conf", places | {"/var/cache/nginx/atpix ": f"{folder}/cache "})
    else:
        text = configured("nginx/atpix-files.conf", places | {"/var/lib/atpix/blobs/": f"{files}/"})
    (folder / "atpix.conf").write_text(text)
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
    command = [found, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "output")]
    with servers._running(command, folder, signal.SIGTERM) as process:
        servers._until_ready(process, folder, lambda: _listens(port))
        yield Proxy("nginx", port, process)


_MAIN = """
daemon off; worker_processes 1; pid {folder}/pid; {user}
events {{ }}
http {{
    access_log off; sendfile on; tcp_nopush on;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    include {folder}/atpix.conf;
}}
"""
"""What Debian's own nginx.conf has around the files of conf.d, as far as it matters."""


@contextmanager
def varnish(folder: Path, atpix_port: int) -> Iterator[Proxy]:
    found, port = program("varnishd"), servers._free_ports(1)[0]
    (folder / "atpix.vcl").write_text(
        configured("varnish/atpix.vcl", {'.port = "8000";': f'.port = "{atpix_port}";'}),
    )
    small = ["-s", "malloc,64m", "-l", "8m", "-p", "thread_pools=1", "-p", "thread_pool_min=10"]
    # -j none: one user, so that nothing but the program itself needs to be installed. -T none: no management port.
    command = [found, "-F", "-n", str(folder / "n"), "-f", str(folder / "atpix.vcl"), "-a", f"127.0.0.1:{port}"]
    with servers._running([*command, *small, "-j", "none", "-T", "none"], folder, signal.SIGTERM) as process:
        servers._until_ready(process, folder, lambda: _listens(port))
        yield Proxy("Varnish", port, process)


def configured(name: str, places: Mapping[str, str]) -> str:
    text = (DEPLOY / name).read_text("utf-8")
    for place, ours in places.items():
        assert text.count(place) == 1, f"{name}: {place}"
        text = text.replace(place, ours)
    return text


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True
