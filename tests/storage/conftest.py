"""Every store there is, so that one suite can ask the same of all of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests import servers

from atpix.blobs import Blobs
from atpix.ids import BlobKey

OpenBlobs = Callable[..., Blobs]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[servers.S3Server]:
    with servers.s3() as server:
        yield server


@pytest.fixture
def open_s3(s3_server: servers.S3Server, tmp_path: Path) -> OpenBlobs:
    """The real server, or something between us and it when an `endpoint` is given."""
    prefix = uuid4().hex

    def open_with(endpoint: str = s3_server.endpoint, *, timeout_s: float = 20, retries: int = 0) -> Blobs:
        return Blobs.open(
            f"s3://{s3_server.bucket}/{prefix}",
            timeout_s=timeout_s,
            retries=retries,
            staging=tmp_path / "staging",
            options=s3_server.options | {"endpoint": endpoint},
        )

    return open_with


@pytest.fixture(params=["disk", "memory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    match request.param:
        case "disk":
            return Blobs.open(f"file://{tmp_path / 'blobs'}")
        case "memory":
            return Blobs.open("memory://", staging=tmp_path / "staging")
        case _:
            return request.getfixturevalue("open_s3")()


@pytest.fixture
def key() -> BlobKey:
    image = uuid4().hex
    return BlobKey(f"project/{image[-2:]}/{image}")
