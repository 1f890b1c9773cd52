"""Shelves on stores of their own: what stands on a disk, and what stands in a bucket."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.backends import Clock
from tests.renditions.shelves import OpenShelf, open_on

from atpix.blobs import Blobs
from atpix.ids import ImageId, new_id
from atpix.renditions import Shelf


@pytest.fixture
def image() -> ImageId:
    return ImageId(new_id())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def on_disk(tmp_path: Path, clock: Clock) -> Iterator[OpenShelf]:
    """As often as asked for, each like a process of its own, on one folder."""
    with ExitStack() as stack:

        def make(**options) -> Shelf:
            made = open_on(tmp_path, f"file://{tmp_path / 'blobs'}", clock, **options)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def in_bucket(tmp_path: Path, clock: Clock) -> Iterator[OpenShelf]:
    """As often as asked for, each like a process on a machine of its own when it is named, on one bucket."""
    bucket = Blobs.open("memory://", staging=tmp_path / "staging")
    with ExitStack() as stack:

        def make(machine: str = "here", **options) -> Shelf:
            folder = tmp_path / machine
            folder.mkdir(exist_ok=True)
            made = open_on(folder, bucket, clock, **options)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture(params=["disk", "bucket"])
def open_shelf(request: pytest.FixtureRequest) -> OpenShelf:
    return request.getfixturevalue("on_disk" if request.param == "disk" else "in_bucket")


@pytest.fixture
def shelf(open_shelf: OpenShelf) -> Shelf:
    return open_shelf()
