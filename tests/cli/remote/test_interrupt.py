"""Ctrl-C while a file is on its way: a relay stands between the command and the server and holds it back."""

import json
import selectors
import signal
import socket
import subprocess
import threading
from contextlib import ExitStack

import pytest
from tests.cli.conftest import ATPIX, environment
from tests.photographs import encoded, original

POST = b"POST /api/v1/images/upload"


class Relay:
    """Passes bytes on, both ways, until the second upload begins; then it only holds the connection."""

    def __init__(self, port):
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.holds = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        ours, _ = self._listener.accept()
        with ours, socket.create_connection(self._server) as theirs, selectors.DefaultSelector() as ready:
            other = {ours: theirs, theirs: ours}
            for side in other:
                ready.register(side, selectors.EVENT_READ)
            uploads = 0
            while uploads < 2:
                for key, _ in ready.select():
                    if not (more := key.fileobj.recv(65536)):
                        return
                    uploads += more.count(POST) if key.fileobj is ours else 0
                    other[key.fileobj].sendall(more)
            self.holds.set()
            self._done.wait(60)

    def close(self):
        self._done.set()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def relay(server):
    relay = Relay(server.port)
    yield relay
    relay.close()


@pytest.fixture
def interruptible():
    """A shell's background jobs are started deaf to Ctrl-C, and so would be a command that we start then."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def started(tmp_path, interruptible):
    """Start a command; it does not outlive the test."""
    with ExitStack() as stack:

        def start(*command, **env):
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                env=environment(**env),
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


def test_ctrl_c_while_a_generation_is_asked_for_says_that_there_may_be_one(there, strange, interruptible):
    ours, generate = threading.get_ident(), strange._generate

    def interrupt(asked):
        signal.pthread_kill(ours, signal.SIGINT)
        return generate(asked)

    strange._generate = interrupt
    ended = there("generate", "A lighthouse")

    assert (ended.code, ended.out) == (130, "")
    assert "A generation may have been begun. To look: atpix generations list" in ended.err
    assert f"--idempotency-key {strange.requests[0].headers['idempotency-key']} goes on" in ended.err


@pytest.mark.parametrize("form", ["lines", "json"])
def test_an_interrupted_upload_says_what_was_done(access, relay, photos, started, client, form):
    first, second, third = photos("1.jpg", "2.png", "3.jpg")
    second.write_bytes(encoded(original("coffee").resize((3000, 2000)), "PNG"))
    command = [ATPIX, "images", "upload", first, second, third, "--concurrency", "1", "--url", relay.url]
    process = started(*command, *(["--json"] if form == "json" else []), **access)
    assert relay.holds.wait(60)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    (image,) = client.images.list()
    assert process.returncode == 130
    assert err == "Uploaded 1, skipped 0, failed 0, unfinished 2.\n"
    if form == "json":
        account = json.loads(out)
        assert [entry["id"] for entry in account["uploaded"]] == [image.id]
        assert account["unfinished"] == [str(second), str(third)]
    else:
        assert out == f"{first}\t{image.id}\t{image.storage_url}\n"
