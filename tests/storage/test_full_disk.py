"""A disk without room: one clear error, nothing left behind, and the store goes on."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from atpix.blobs import Blobs, StagedFile
from atpix.errors import StorageFull, StorageUnavailable

UNDER_A_LIMIT = """
    import resource, sys
    from atpix.blobs import Blobs
    from atpix.errors import StorageFull

    blobs = Blobs.open(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))

    def is_refused(write):
        try:
            write()
        except StorageFull:
            return True
        return False

    with blobs.stage() as staged:
        assert is_refused(lambda: [staged.write(bytes(60_000)) for _ in range(3)])
        assert staged.size == 100_000
    assert is_refused(lambda: blobs.put("a/large", bytes(100_001)))
    blobs.put("a/small", b"goes on")
"""


def test_a_full_disk_refuses_what_does_not_fit_and_goes_on(tmp_path):
    """A limit on the size of files acts like a full disk: it takes a part of a write, then fails."""
    script = [sys.executable, "-c", textwrap.dedent(UNDER_A_LIMIT), str(tmp_path)]
    subprocess.run(script, check=True, timeout=60)

    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"a/small"}


def test_a_device_without_space_is_full(tmp_path):
    (path := tmp_path / "x.part").touch()
    staged = StagedFile(path, os.open("/dev/full", os.O_WRONLY))

    with staged, pytest.raises(StorageFull) as raised:
        staged.write(b"bytes")

    assert raised.value.code == "STORAGE_UNAVAILABLE"
    assert str(tmp_path) not in raised.value.message


def test_a_folder_that_vanished_is_unavailable(tmp_path: Path):
    blobs = Blobs.open(str(tmp_path / "blobs"))
    (tmp_path / "blobs" / ".staging").rmdir()

    for use in (blobs.stage, blobs.check, lambda: blobs.delete_staged_older_than(0)):
        with pytest.raises(StorageUnavailable):
            use()
