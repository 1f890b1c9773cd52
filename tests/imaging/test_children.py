"""Decoders live in children: one may die, hang or bloat, and only the request it worked on is lost."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from atpix.imaging.children import Examiners
from atpix.imaging.errors import Busy, DecoderFailed
from atpix.imaging.sniff import MediaType
from atpix.imaging.values import Limits


@pytest.fixture
def photograph(encode, tmp_path):
    path = tmp_path / "photograph.jpg"
    path.write_bytes(encode(MediaType.JPEG))
    return path


@pytest.fixture
def hanging(tmp_path):
    """A file that opens and never gives a byte: what a decoder in an endless loop looks like from outside."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.fixture
def build():
    built = []

    def examiners(**options):
        built.append(Examiners(**{"workers": 1, "timeout_s": 60, "max_memory_bytes": 1 << 30} | options))
        return built[-1]

    yield examiners
    for one in built:
        one.close()


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "atpix.imaging.child" in child.cmdline()]


def test_no_child_runs_before_the_first_call(build, photograph):
    before = len(children())
    examiners = build()
    assert len(children()) == before

    assert examiners.examine(photograph, MediaType.JPEG, Limits()).width == 300
    assert len(children()) == before + 1


def test_warming_starts_them_all(build, photograph):
    before = len(children())
    examiners = build(workers=2)

    examiners.warm()
    examiners.warm()

    assert len(children()) == before + 2
    assert examiners.examine(photograph, MediaType.JPEG, Limits()).width == 300


def test_closing_leaves_no_child(build, photograph):
    before = len(children())
    examiners = build(workers=2)
    examiners.warm()

    examiners.close()

    assert len(children()) == before
    with pytest.raises(Busy):
        examiners.examine(photograph, MediaType.JPEG, Limits())


def test_a_call_that_takes_too_long_ends(build, hanging):
    with pytest.raises(DecoderFailed, match="too long"):
        build(timeout_s=1).examine(hanging, MediaType.JPEG, Limits())


def test_a_child_that_cannot_live_in_its_memory_is_an_error_and_no_hang(build, photograph):
    with pytest.raises(DecoderFailed, match=r"died|started"):
        build(max_memory_bytes=1 << 20).examine(photograph, MediaType.JPEG, Limits())


def test_a_child_that_stands_still_costs_one_request(build, photograph):
    examiners = build(timeout_s=5)
    before = set(children())
    examiners.examine(photograph, MediaType.JPEG, Limits())
    (child,) = set(children()) - before
    child.suspend()

    with pytest.raises(DecoderFailed, match="too long"):
        examiners.examine(photograph, MediaType.JPEG, Limits())

    assert not child.is_running()
    assert examiners.examine(photograph, MediaType.JPEG, Limits()).width == 300


def test_a_child_that_died_while_idle_costs_nothing(build, photograph):
    examiners = build()
    before = set(children())
    examiners.examine(photograph, MediaType.JPEG, Limits())
    (child,) = set(children()) - before
    child.kill()
    psutil.wait_procs([child], timeout=10)

    assert examiners.examine(photograph, MediaType.JPEG, Limits()).width == 300


def test_a_child_is_replaced_after_its_tasks(build, photograph):
    examiners = build(max_tasks=1)
    before = set(children())

    examiners.examine(photograph, MediaType.JPEG, Limits())

    assert set(children()) == before
    assert examiners.examine(photograph, MediaType.JPEG, Limits()).width == 300


def test_one_call_too_many_is_told_so_at_once(build, photograph):
    examiners = build(max_waiting=0)
    before = set(children())
    examiners.examine(photograph, MediaType.JPEG, Limits())
    (child,) = set(children()) - before
    child.suspend()
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(examiners.examine, photograph, MediaType.JPEG, Limits())
        while not examiners.load.busy:
            pass
        with pytest.raises(Busy):
            examiners.examine(photograph, MediaType.JPEG, Limits())
        child.resume()
        assert slow.result().width == 300

    assert examiners.examine(photograph, MediaType.JPEG, Limits()).width == 300


def test_many_threads_share_few_children(build, photograph):
    before = len(children())
    examiners = build(workers=2)
    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(examiners.examine, photograph, MediaType.JPEG, Limits()) for _ in range(60)]
        assert {job.result().width for job in jobs} == {300}
    assert len(children()) <= before + 2


def test_a_file_that_is_not_there_is_an_oserror(build, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        build().examine(tmp_path / "nothing", MediaType.JPEG, Limits())


def test_stripping_works_through_a_child(build, encode, photograph, tmp_path):
    photograph.write_bytes(encode(MediaType.JPEG, comment=b"private"))

    assert build().strip_private(photograph, tmp_path / "bare", MediaType.JPEG)
    assert b"private" not in (tmp_path / "bare").read_bytes()


def test_children_end_in_the_middle_of_their_work_when_their_parent_is_killed(photograph, hanging):
    program = f"""
from pathlib import Path
from atpix.imaging.children import Examiners
from atpix.imaging.sniff import MediaType
from atpix.imaging.values import Limits
examiners = Examiners(1, 60, 1 << 30)
examiners.examine(Path({str(photograph)!r}), MediaType.JPEG, Limits())
print("ready", flush=True)
examiners.examine(Path({str(hanging)!r}), MediaType.JPEG, Limits())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"ready\n"
        grandchildren = psutil.Process(parent.pid).children()
        parent.kill()
    assert len(grandchildren) == 1
    _, alive = psutil.wait_procs(grandchildren, timeout=10)
    assert not alive


def test_the_parent_imports_no_decoder():
    program = "import sys, atpix.imaging.children; sys.exit('pyvips' in sys.modules or 'litestar' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_child_knows_nothing_of_its_parents_environment(build, photograph, monkeypatch):
    monkeypatch.setenv("ATPIX_SECRET", "hunter2")
    before = set(children())
    build().examine(photograph, MediaType.JPEG, Limits())

    (child,) = set(children()) - before
    assert "ATPIX_SECRET" not in child.environ()


def test_calls_from_threads_that_end_do_not_end_their_child(build, photograph):
    examiners = build()
    before = set(children())
    for _ in range(3):
        thread = threading.Thread(target=examiners.examine, args=(photograph, MediaType.JPEG, Limits()))
        thread.start()
        thread.join()
    assert len(set(children()) - before) == 1
