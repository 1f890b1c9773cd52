"""What each store must do alike: a folder, memory, a bucket."""

import asyncio
import os
from contextlib import aclosing
from pathlib import Path

import pytest

from atpix.blobs import Blobs
from atpix.blobs.reading import CHUNK_BYTES
from atpix.ids import BlobKey

LARGE = os.urandom(12 * 2**20 + 7)  # three parts of a multipart upload, and chunks that do not divide it


def streamed(blobs: Blobs, key: BlobKey, start: int = 0, end: int | None = None) -> bytes:
    async def collect() -> bytes:
        async with aclosing(await blobs.stream(key, start, end)) as chunks:
            return b"".join([chunk async for chunk in chunks])

    return asyncio.run(collect())


def test_what_is_put_can_be_read_whole(blobs, key):
    blobs.put(key, b"some bytes")

    assert blobs.read(key) == b"some bytes"
    assert streamed(blobs, key) == b"some bytes"
    assert blobs.size(key) == 10


def test_a_staged_file_becomes_the_blob_and_leaves_nothing_behind(blobs, key):
    with blobs.stage() as staged:
        staged.write(LARGE[:1000])
        staged.write(LARGE[1000:])
        assert staged.path.read_bytes() == LARGE
        blobs.put(key, staged)

        assert not staged.path.exists()
    assert streamed(blobs, key) == LARGE
    assert blobs.size(key) == len(LARGE)


def test_large_bytes_are_put_in_parts(blobs, key):
    blobs.put(key, LARGE)

    assert blobs.read(key) == LARGE


def test_nothing_at_all_can_be_stored(blobs, key):
    blobs.put(key, b"")

    assert blobs.size(key) == 0
    assert streamed(blobs, key) == b""


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 1),
        (1, 4),
        (0, len(LARGE)),
        (len(LARGE) - 1, len(LARGE)),
        (CHUNK_BYTES - 1, 2 * CHUNK_BYTES + 1),
        (5, None),
    ],
)
def test_a_range_is_those_bytes_exactly(blobs, key, start, end):
    blobs.put(key, LARGE)

    assert streamed(blobs, key, start, end) == LARGE[start:end]


def test_a_range_that_cannot_be_is_our_own_mistake(blobs, key):
    blobs.put(key, b"abc")

    for start, end in ((2, 2), (2, 1), (-1, 2)):
        with pytest.raises(ValueError, match="No bytes"):
            streamed(blobs, key, start, end)


def test_a_stream_may_be_left_early(blobs, key):
    blobs.put(key, LARGE)

    async def first_chunk() -> bytes:
        async with aclosing(await blobs.stream(key)) as chunks:
            return await anext(chunks)

    first = asyncio.run(first_chunk())
    assert first
    assert LARGE.startswith(first)
    assert streamed(blobs, key) == LARGE


def test_a_missing_blob_is_missing_before_the_first_byte(blobs, key):
    assert blobs.size(key) is None
    with pytest.raises(FileNotFoundError):
        blobs.read(key)
    with pytest.raises(FileNotFoundError):
        asyncio.run(blobs.stream(key))


def test_a_blob_is_never_overwritten(blobs, key):
    blobs.put(key, b"first")

    with blobs.stage() as staged:
        staged.write(b"second")
        for body in (b"third", staged):
            with pytest.raises(FileExistsError):
                blobs.put(key, body)

    assert blobs.read(key) == b"first"


def test_deleting_twice_is_deleting_once(blobs, key):
    blobs.put(key, b"bytes")

    blobs.delete(key)
    blobs.delete(key)

    assert blobs.size(key) is None


def test_a_deleted_key_can_be_put_again(blobs, key):
    """A restored backup does that, images never do."""
    blobs.put(key, b"first")
    blobs.delete(key)
    blobs.put(key, b"second")

    assert blobs.read(key) == b"second"


def test_a_listing_holds_every_blob_and_nothing_that_is_staged(blobs):
    for name in ("a/1", "a/b/2", "ab/3"):
        blobs.put(BlobKey(name), b"x" * len(name))

    with blobs.stage() as staged:
        staged.write(b"still arriving")
        listed = {info.key: info.size for info in blobs.list()}

    assert listed == {"a/1": 3, "a/b/2": 5, "ab/3": 4}


def test_a_prefix_matches_whole_segments(blobs):
    for name in ("a/1", "a/b/2", "ab/3"):
        blobs.put(BlobKey(name), b"")

    assert {info.key for info in blobs.list("a")} == {"a/1", "a/b/2"}
    assert {info.key for info in blobs.list("nothing")} == set()


def test_a_listing_tells_when_a_blob_was_written(blobs, key, tmp_path):
    (mark := tmp_path / "mark").touch()
    blobs.put(key, b"")

    [info] = blobs.list()
    day_ms = 24 * 3600 * 1000
    assert abs(info.modified_ms - mark.stat().st_mtime * 1000) < day_ms


def test_more_blobs_than_a_page_are_all_listed(blobs):
    names = {f"many/{number}" for number in range(1_203)}
    for name in names:
        blobs.put(BlobKey(name), b"")

    assert {info.key for info in blobs.list("many")} == names


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "/etc/passwd",
        "a/../b",
        "..",
        ".staging/x",
        "a//b",
        "a/",
        "./a",
        "a\0b",
        "a\nb",
        "a b",
        "a\\b",
        "a%2fb",
        "a?b",
        "a#1",
        "\N{LATIN SMALL LETTER U WITH DIAERESIS}",
        "\N{RIGHT-TO-LEFT OVERRIDE}a",
        "a" * 201,
        "a/" * 450 + "a",
    ],
)
def test_a_key_that_a_store_might_read_otherwise_is_refused(blobs, wrong):
    key = BlobKey(wrong)
    for use in (
        lambda: blobs.put(key, b""),
        lambda: blobs.delete(key),
        lambda: blobs.size(key),
        lambda: blobs.read(key),
        lambda: blobs.local_path(key),
        lambda: asyncio.run(blobs.stream(key)),
    ):
        with pytest.raises(ValueError, match="Not a key"):
            use()


def test_the_keys_of_renditions_are_kept_as_they_are(blobs):
    key = BlobKey("project/renditions/0a/w=100,h=1.5_x-y.avif")

    blobs.put(key, b"r")

    assert [info.key for info in blobs.list("project")] == [key]
    assert blobs.read(key) == b"r"


def test_what_a_killed_upload_left_is_swept_and_what_is_written_stays(blobs, key):
    with blobs.stage() as old, blobs.stage() as young:
        old.write(b"old")
        os.utime(old.path, (0, 0))
        young.write(b"young")

        assert blobs.delete_staged_older_than(3600) == 1
        assert not old.path.exists()
        blobs.put(key, young)

    assert blobs.read(key) == b"young"


def test_leaving_the_block_discards_what_was_not_stored(blobs):
    with blobs.stage() as staged:
        staged.write(b"never stored")

    assert not staged.path.exists()
    with pytest.raises(ValueError, match="discarded"):
        staged.write(b"more")


def test_a_store_in_order_passes_the_readiness_check(blobs):
    blobs.check()


def test_only_files_have_a_path(tmp_path: Path, key):
    on_disk, in_memory = Blobs.open(str(tmp_path)), Blobs.open("memory://", staging=tmp_path)
    on_disk.put(key, b"bytes")

    assert on_disk.local_path(key).read_bytes() == b"bytes"
    assert in_memory.local_path(key) is None


@pytest.mark.parametrize(
    "url", ["ftp://host/x", "s3://", "s3://bucket?nonsense=1", "s3:///prefix", "gs://bucket?region=x"]
)
def test_an_unusable_url_is_refused_with_a_sentence(tmp_path, url):
    with pytest.raises(ValueError, match="The storage URL"):
        Blobs.open(url, staging=tmp_path)


def test_a_folder_that_is_a_file_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "blobs").touch()

    with pytest.raises(ValueError, match=r"The storage folder .* cannot be used"):
        Blobs.open(str(tmp_path / "blobs"))
