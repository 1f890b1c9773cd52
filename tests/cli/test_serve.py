import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from PIL import Image
from tests.cli.conftest import ATPIX, environment

READY = re.compile(r"Atpix is ready at http://127\.0\.0\.1:(\d+)")


class Serving:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""
        assert process.stdout is not None
        given_up = threading.Timer(60, process.kill)
        given_up.start()
        while not (found := READY.search(self.said)):
            line = process.stdout.readline()
            assert line, "the server ended before it was ready"
            self.said += line
        given_up.cancel()
        self.port = int(found[1])

    @property
    def workers(self) -> list[psutil.Process]:
        alive = [child for child in self._children() if child.status() != psutil.STATUS_ZOMBIE]
        return [child for child in alive if "spawn_main" in str(child.cmdline())]

    def _children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def get(self, path: str = "/healthz", key: str = "") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={"X-API-Key": key})
        status = connection.getresponse().status
        connection.close()
        return status

    def stop(self, sent: int = signal.SIGTERM) -> int:
        self.process.send_signal(sent)
        return self.process.wait(60)

    def rest(self) -> str:
        """What it said until its end."""
        assert self.process.stdout is not None
        return self.process.stdout.read()


@pytest.fixture
def migrated(backends, tmp_path):
    """A data folder that was used before: most tests need not wait for a migration."""
    (tmp_path / "d").mkdir()
    shutil.copy(backends.empty_database("sqlite").removeprefix("sqlite:///"), tmp_path / "d" / "atpix.db")


@pytest.fixture
def serve(tmp_path):
    """Start servers on free ports. They get a process group of their own, as in a terminal, and are gone afterwards."""
    started = []

    def start(*arguments: object, **env: str) -> Serving:
        few = {"ATPIX_DECODERS": "1", "ATPIX_RENDERERS": "1"}
        with (tmp_path / "log").open("a") as log:
            process = subprocess.Popen(
                [ATPIX, "serve", "--data", str(tmp_path / "d"), "--port", "0", *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=tmp_path,
                env=environment(**few, **env),
                start_new_session=True,
            )
        started.append(process)
        return Serving(process)

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
        process.stdout.close()


def until(condition):
    """Wait for another process, which cannot tell us."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"


@contextmanager
def half_an_upload(server: Serving, key: str, picture: Path):
    """A request whose first half was read by the server; yields how to send the rest."""
    body = b"".join(
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n',
            picture.read_bytes(),
            b"\r\n--x--\r\n",
        )
    )
    head = (
        f"POST /api/v1/images/upload HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.encode() + body[:100])
        server.get()

        def finish() -> http.client.HTTPResponse:
            connection.sendall(body[100:])
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer

        yield finish


@pytest.fixture
def picture(tmp_path):
    Image.new("RGB", (64, 48), "teal").save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_the_demo_shows_a_first_key_once_and_a_line_that_uploads(serve, picture):
    server = serve("--demo")
    said = server.said
    while "/docs" not in said:
        said += server.process.stdout.readline()
    line = re.search(r"curl .*", said)[0].replace("picture.jpg", str(picture))

    done = subprocess.run(
        ["bash", "-c", f"{line} --silent --show-error --fail-with-body"], capture_output=True, check=False
    )

    assert done.returncode == 0, done
    assert b'"alias":"@hero"' in done.stdout
    assert server.get("/cdn/default/demo/img/@hero") == 200
    assert server.get("/docs") == 200
    key = re.search(r"atp_[0-9A-Za-z]{38}", said)[0]
    assert f'curl -H "X-API-Key: {key}"' in said
    server.stop()
    again = serve("--demo")
    again.stop()
    assert "atp_" not in again.said + again.rest()


@pytest.mark.usefixtures("migrated")
def test_several_workers_serve_one_sqlite_file_beside_commands(serve, called, tmp_path):
    server = serve("--workers", 2)
    key = called("keys", "create", "--data", tmp_path / "d", "--project", "a/b").out.strip()

    assert len(server.workers) == 2
    assert {server.get("/api/v1/images", key) for _ in range(10)} == {200}
    assert server.stop() == 0


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_running_uploads(serve, called, picture, tmp_path, sent):
    server = serve()
    key = called("keys", "create", "--data", tmp_path / "d", "--project", "a/b").out.strip()

    with half_an_upload(server, key, picture) as finish:
        server.process.send_signal(sent)
        until(lambda: refuses(server.port))
        assert server.process.poll() is None
        assert finish().status == 201

    assert server.process.wait(60) == 0


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:  # it was in the queue of a socket that is being closed
        return False
    return False


@pytest.mark.usefixtures("migrated")
def test_a_request_that_never_ends_does_not_stop_the_stop(serve, called, picture, tmp_path):
    server = serve(ATPIX_SHUTDOWN_S="1")
    key = called("keys", "create", "--data", tmp_path / "d", "--project", "a/b").out.strip()

    with half_an_upload(server, key, picture):
        assert server.stop() == 0


@pytest.mark.usefixtures("migrated")
def test_ctrl_c_in_a_terminal_ends_well(serve):
    server = serve("--workers", 2)

    os.killpg(server.process.pid, signal.SIGINT)

    assert server.process.wait(60) == 0


@pytest.mark.usefixtures("migrated")
def test_a_worker_that_was_killed_is_replaced(serve):
    server = serve("--workers", 2)
    victim = server.workers[0]

    victim.kill()

    victim.wait(30)
    until(lambda: len(server.workers) == 2)
    assert server.stop() == 0


@pytest.mark.usefixtures("migrated")
def test_workers_do_not_outlive_a_killed_parent(serve):
    server = serve("--workers", 2)
    workers = server.workers

    server.process.kill()
    server.process.wait()

    # Not by the port: with many tests at once, another server may have been given it by now.
    until(lambda: all(not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE for worker in workers))


def test_a_taken_port_is_a_sentence(atpix, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = atpix("serve", "--data", tmp_path, "--port", taken.getsockname()[1])

    assert (ended.code, ended.out) == (3, "")
    assert "Choose another with --port" in ended.err


def test_an_address_that_is_not_ours_is_a_sentence(atpix, tmp_path):
    ended = atpix("serve", "--data", tmp_path, "--host", "192.0.2.1", "--port", 0)

    assert ended.code == 3
    assert ended.err.count("\n") == 1
