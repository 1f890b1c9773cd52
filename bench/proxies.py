"""Rows about Atpix behind nginx, with the very file of deploy/: what a request costs both of them together."""

import http.client
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench import load, machine, ours, servers
from bench.load import Run, Target
from bench.ours import Ours
from bench.results import Bench, Line, in_turn

_CONFIGURATION = Path(__file__).parent.parent / "deploy" / "nginx" / "atpix.conf"
_CONNECTIONS = 16
_AT_MOST = 2


@dataclass(frozen=True)
class Behind:
    """Atpix, and nginx in front of it."""

    nginx: servers.Server
    atpix: Ours

    def image(self, ref: str, body_bytes: int | None = None, *, accept: str = "*/*") -> Target:
        target = self.atpix.image(ref, headers={"Accept": accept})
        return replace(target, port=self.nginx.port, process=self.nginx.process, body_bytes=body_bytes)


def behind_nginx(bench: Bench) -> Iterator[Line]:
    """CPU of nginx and Atpix together, a request, against nginx that sends the same file by itself."""
    if not (program := servers.nginx()):
        yield Line("an image behind nginx (baseline: a static file)", "-", "nginx is not installed", None, "", None)
        return
    small, middle = bench.photographs.small, bench.photographs.middle
    files = bench.work / "behind-nginx-files"
    files.mkdir(exist_ok=True)
    with _behind(program, bench) as behind:
        image = str(behind.atpix.upload(small)["id"])
        rendition = _fetched(behind.image(f"{image}?w=800&q=80", accept="image/webp"), files / "rendition.jpg")
        large = str(behind.atpix.upload(middle)["id"])
        yield _compared(bench, program, behind, "original of 100 KB by id", small, behind.image(image))
        negotiated = behind.image(f"{image}?w=800&q=80", accept="image/webp")
        yield _compared(bench, program, behind, "rendition, negotiated", rendition, negotiated)
        yield _compared(bench, program, behind, "original of 2 MB by id", middle, behind.image(large))


def _fetched(target: Target, path: Path) -> Path:
    """The rendition as a file of its own, for the baseline."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
    connection.request("GET", target.paths[0], headers=dict(target.headers))
    path.write_bytes(connection.getresponse().read())
    connection.close()
    return path


def _compared(bench: Bench, program: str, behind: Behind, job: str, file: Path, mine: Target) -> Line:
    folder = bench.work / "static"
    folder.mkdir(exist_ok=True)
    with servers.static(program, file.parent, folder) as static:
        theirs = Target(static.port, (f"/{file.name}",), static.process, body_bytes=file.stat().st_size)
        mine = replace(mine, body_bytes=theirs.body_bytes)
        for target in (theirs, mine):
            load.check(target)
            load.drive(target, connections=_CONNECTIONS, seconds=1, work=bench.work)
        baseline, both = in_turn(bench, lambda: _driven(bench, theirs), lambda: _together(bench, mine, behind.atpix))
    theirs_us, ours_us = median(run.server_us for run in baseline), median(run.server_us for run in both)
    ratio = ours_us / theirs_us
    return Line(
        f"{job}, behind nginx, CPU of both a request (baseline: nginx, a static file)",
        f"{theirs_us:.0f} µs",
        f"{ours_us:.0f} µs",
        ratio,
        f"≤ {_AT_MOST:g} times",
        ratio <= _AT_MOST and not sum(run.errors for run in both),
        (f"baseline {Run.medians(baseline)}", f"measured {Run.medians(both)}"),
    )


def _driven(bench: Bench, target: Target) -> Run:
    return load.drive(target, connections=_CONNECTIONS, seconds=bench.seconds, work=bench.work)


def _together(bench: Bench, target: Target, atpix: Ours) -> Run:
    """The CPU of nginx is what `drive` counts; that of Atpix behind it comes on top."""
    before_s = machine.cpu_s(atpix.process)
    run = _driven(bench, target)
    behind_us = 1e6 * (machine.cpu_s(atpix.process) - before_s) / max(1.0, run.rate * bench.seconds)
    return replace(run, server_us=run.server_us + behind_us)


@contextmanager
def _behind(program: str, bench: Bench) -> Iterator[Behind]:
    data, folder = bench.work / "behind-nginx", bench.work / "behind-nginx-proxy"
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        atpix = stack.enter_context(ours.serving(data))
        port = servers.free_port()
        places = {
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{atpix.port};",
            "listen 80 ": f"listen 127.0.0.1:{port} ",
            "/var/cache/nginx/atpix ": f"{folder}/cache ",
        }
        (folder / "atpix.conf").write_text(_configured(places))
        (folder / "nginx.conf").write_text(_main(folder))
        command = [program, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "nginx.log"]
        yield Behind(stack.enter_context(servers.running(command, port, folder / "nginx.out")), atpix)


def _configured(places: Mapping[str, str]) -> str:
    text = _CONFIGURATION.read_text("utf-8")
    for place, mine in places.items():
        assert text.count(place) == 1, place
        text = text.replace(place, mine)
    return text


def _main(folder: Path) -> str:
    """What surrounds the file in production, as for static files (`servers.static`): one worker, no access log."""
    return f"""
        worker_processes 1; daemon off; pid {folder}/nginx.pid; {"user root;" if os.geteuid() == 0 else ""}
        events {{ worker_connections 1024; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
            client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
            uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
            include {folder}/atpix.conf;
        }}
        """
