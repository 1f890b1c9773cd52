"""A refused request has changed nothing: checked after every test here."""

from collections.abc import Callable, Iterator

import pytest
from tests.forms import CONTENT_TYPE, UPLOAD
from tests.photographs import photo


@pytest.fixture
def send(raw) -> Callable:
    """Post a body written by hand."""

    def sent(body: bytes, content_type: str = CONTENT_TYPE, **headers):
        return raw.post(UPLOAD, content=body, headers={"Content-Type": content_type, **headers})

    return sent


@pytest.fixture
def nothing_kept(client, svc, project) -> Iterator[None]:
    """Nothing is listed, stored or staged by what the test did, and the service goes on."""
    yield
    assert client.images.list(include_deleted=True).total == 0
    assert [info.key for info in svc.blobs.list() if info.key.startswith(project.row.id)] == []
    assert list(svc.blobs._staging.iterdir()) == []
    assert client.images.upload(photo(11)).mime_type == "image/jpeg"


@pytest.fixture
def refused() -> Callable:
    """The answer is this status and code, with a sentence and nothing of our insides."""

    def check(answer, status: int, code: str) -> str:
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
        message = answer.json()["error"]["message"]
        assert len(message) > 10
        for word in ("Traceback", "sqlite", "psycopg", "SELECT", "/tmp", ".py", "vips"):
            assert word not in answer.text
        return message

    return check
