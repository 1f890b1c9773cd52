"""The order of a local write, watched at the system's door: content, name, folders; and never over an older file."""

import errno
import os
from pathlib import Path

import pytest

from atpix.blobs import Blobs
from atpix.errors import StorageUnavailable
from atpix.ids import BlobKey


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def seen(folder, monkeypatch) -> list[str]:
    """Flushes and names, in order. The calls go through."""
    steps: list[str] = []
    fsync, link, unlink = os.fsync, os.link, Path.unlink

    def spied_fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append("flush content" if path.suffix == ".part" else f"flush {path.relative_to(folder)}")
        fsync(descriptor)

    def spied_link(source: Path, target: Path) -> None:
        link(source, target)
        steps.append(f"name {target.relative_to(folder)}")

    def spied_unlink(path: Path, *, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        if path.suffix != ".part":
            steps.append(f"remove {path.relative_to(folder)}")

    monkeypatch.setattr(os, "fsync", spied_fsync)
    monkeypatch.setattr(os, "link", spied_link)
    monkeypatch.setattr(Path, "unlink", spied_unlink)
    return steps


def test_content_is_on_disk_before_its_name_and_every_new_folder_after_it(folder, seen):
    blobs = Blobs.open(str(folder))

    blobs.put(BlobKey("p/a/1"), b"x")
    blobs.put(BlobKey("p/a/2"), b"x")

    assert seen == [
        *("flush content", "name p/a/1", "flush .", "flush p", "flush p/a"),
        *("flush content", "name p/a/2", "flush p/a"),
    ]


def test_a_removal_is_on_disk_when_it_returns(folder, seen):
    blobs = Blobs.open(str(folder))
    blobs.put(BlobKey("a/1"), b"x")
    seen.clear()

    blobs.delete(BlobKey("a/1"))
    blobs.delete(BlobKey("a/1"))

    assert seen == ["remove a/1", "flush a"]


def test_a_failed_flush_is_no_success(folder, monkeypatch):
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "disk error")

    blobs = Blobs.open(str(folder))
    monkeypatch.setattr(os, "fsync", broken)

    with pytest.raises(StorageUnavailable):
        blobs.put(BlobKey("a/1"), b"x")
    assert blobs.size(BlobKey("a/1")) is None


def test_a_file_system_without_hard_links_keeps_the_same_promises(folder, monkeypatch):
    def unsupported(source: Path, target: Path) -> None:
        if not target.parent.exists():
            raise FileNotFoundError(target)
        raise OSError(errno.EPERM, "no hard links here")

    blobs = Blobs.open(str(folder))
    monkeypatch.setattr(os, "link", unsupported)
    blobs.put(BlobKey("a/1"), b"first")

    with pytest.raises(FileExistsError):
        blobs.put(BlobKey("a/1"), b"second")
    assert blobs.read(BlobKey("a/1")) == b"first"
    assert not list((folder / ".staging").iterdir())
