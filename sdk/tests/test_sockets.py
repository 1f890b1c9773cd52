import asyncio
import socket

import pytest
from sdk.tests.stand_in import StandIn, on_a_socket

from atpix_client import APIConnectionError, AsyncAtpix, Atpix, errors


@pytest.fixture
def server():
    with on_a_socket(StandIn()) as server:
        yield server


def test_a_picture_goes_there_and_comes_back(server, tmp_path):
    with Atpix("k", server.url) as client:
        image = client.images.upload(bytes(range(256)) * 3000, filename="cat.png", alias="@hero")
        path = client.images.download("@hero", tmp_path / "cat.png")

    assert path.read_bytes() == server.files[image.id] == bytes(range(256)) * 3000


def test_a_refusal_in_the_middle_of_an_upload_is_heard(server):
    with Atpix("k", server.url, max_retries=0) as client, pytest.raises(errors.FileTooLarge):
        client.images.upload(bytes(1_500_000))


def test_a_refusal_in_the_middle_of_an_upload_is_heard_asynchronously(server):
    async def upload():
        async with AsyncAtpix("k", server.url, max_retries=0) as client:
            await client.images.upload(bytes(1_500_000))

    with pytest.raises(errors.FileTooLarge):
        asyncio.run(upload())


def test_nobody_listening_is_a_connection_error_that_did_nothing():
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        with Atpix("k", url, max_retries=0) as client, pytest.raises(APIConnectionError) as caught:
            client.images.get("@hero")

    assert caught.value.maybe_done is False
    assert url in str(caught.value)
