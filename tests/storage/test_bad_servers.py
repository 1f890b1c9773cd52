"""Nothing trusts the store: it may be silent, gone, or have done what it never confirmed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest
from tests.storage import bad_servers

from atpix.blobs import Blobs
from atpix.errors import StorageUnavailable

LARGE = bytes(range(256)) * (12 * 2**20 // 256)


@pytest.fixture
def open_at(tmp_path):
    def open_with(endpoint: str) -> Blobs:
        return Blobs.open(
            "s3://bucket/prefix",
            timeout_s=0.2,
            retries=1,
            staging=tmp_path,
            options={"endpoint": endpoint, "region": "us-east-1", "access_key_id": "a", "secret_access_key": "s"},
        )

    return open_with


def every_use(blobs, key):
    return {
        "put": lambda: blobs.put(key, b"bytes"),
        "put in parts": lambda: blobs.put(key, LARGE),
        "delete": lambda: blobs.delete(key),
        "size": lambda: blobs.size(key),
        "read": lambda: blobs.read(key),
        "stream": lambda: asyncio.run(blobs.stream(key)),
        "list": lambda: list(blobs.list()),
        "check": blobs.check,
    }


def test_a_server_that_never_answers_is_given_up(open_at, key):
    with bad_servers.silent() as endpoint, ThreadPoolExecutor() as threads:
        blobs = open_at(endpoint)
        answers = {name: threads.submit(use) for name, use in every_use(blobs, key).items()}
        for name, answer in answers.items():
            error = answer.exception(timeout=bad_servers.HANG_S)
            assert isinstance(error, StorageUnavailable), name


def test_a_server_that_is_gone_is_unavailable_and_its_address_stays_out_of_the_message(open_at, key):
    with bad_servers.silent() as endpoint:
        blobs = open_at(endpoint)
    for use in every_use(blobs, key).values():
        with pytest.raises(StorageUnavailable) as raised:
            use()
        assert "127.0.0.1" not in raised.value.message
        assert raised.value.retry_after_s


def test_wrong_credentials_are_unavailable_storage_not_a_missing_blob(s3_server, tmp_path, key):
    options = s3_server.options | {"secret_access_key": "wrong"}
    blobs = Blobs.open(s3_server.url("prefix"), staging=tmp_path, retries=0, options=options)

    for use in every_use(blobs, key).values():
        with pytest.raises(StorageUnavailable):
            use()


def test_a_missing_bucket_fails_the_readiness_check(s3_server, tmp_path):
    url = s3_server.url("prefix").replace("s3://atpix", "s3://another")

    with pytest.raises(StorageUnavailable):
        Blobs.open(url, staging=tmp_path, retries=0, options=s3_server.options).check()


@pytest.mark.parametrize("retries", [0, 2])
def test_a_put_whose_answer_was_lost_counts_when_the_bytes_are_there(open_s3, s3_server, key, retries):
    with bad_servers.cutting(s3_server.endpoint, b"PUT ") as proxy:
        blobs = open_s3(proxy.endpoint, timeout_s=5, retries=retries)
        with blobs.stage() as staged:
            staged.write(b"arrived")
            blobs.put(key, staged)
            assert not staged.path.exists()
        assert proxy.cuts == retries + 1

    assert open_s3().read(key) == b"arrived"


def test_an_upload_in_parts_whose_last_answer_was_lost_counts_as_well(open_s3, s3_server, key):
    with bad_servers.cutting(s3_server.endpoint, rb"POST \S+uploadId=") as proxy:
        open_s3(proxy.endpoint, timeout_s=5).put(key, LARGE)
        assert proxy.cuts

    assert open_s3().read(key) == LARGE


def test_an_upload_in_parts_that_could_not_begin_is_a_failure(open_s3, s3_server, key):
    with (
        bad_servers.cutting(s3_server.endpoint, rb"POST \S+uploads") as proxy,
        pytest.raises(StorageUnavailable),
    ):
        open_s3(proxy.endpoint, timeout_s=5).put(key, LARGE)

    assert open_s3().size(key) is None


def test_a_put_that_did_not_arrive_is_a_failure_and_the_staged_file_stays(open_s3, s3_server, key):
    with bad_servers.cutting(s3_server.endpoint, rb"(PUT|HEAD) ") as proxy:
        blobs = open_s3(proxy.endpoint, timeout_s=5)
        with blobs.stage() as staged:
            staged.write(b"bytes")
            with pytest.raises(StorageUnavailable):
                blobs.put(key, staged)
            assert staged.path.read_bytes() == b"bytes"
            open_s3().put(key, staged)

    assert open_s3().read(key) == b"bytes"


def test_a_client_that_stops_early_hangs_up_on_the_bucket(open_at, key):
    with bad_servers.endless() as server:
        blobs = open_at(server.endpoint)

        async def first_chunk() -> int:
            async with aclosing(await blobs.stream(key)) as chunks:
                return len(await anext(chunks))

        assert asyncio.run(first_chunk())
        assert server.client_left.wait(bad_servers.HANG_S)
