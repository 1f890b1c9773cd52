"""Delivery and deletion when bytes are in a bucket, or in memory."""

from contextlib import closing

import pytest
from tests.photographs import encoded, photo, pixels
from tests.wire import Wire, eventually

from atpix import doctor
from atpix.ids import blob_key
from atpix.services import Services

stores = pytest.mark.parametrize(("stored", "database"), [("memory", "sqlite"), ("s3", "postgresql")], indirect=True)
"""A store knows no databases, so each is tried on one."""


@pytest.fixture
def stored(request, backends, shared):
    """A server on that store. One process: memory is nobody else's. The small cache of bytes is off."""
    if request.param == "memory":
        return shared(storage_url="memory://", hot_cache_bytes=0)
    s3 = backends.s3
    return shared(
        storage_url=f"s3://{s3.bucket}/delivered",
        s3_endpoint=s3.endpoint,
        s3_access_key_id=s3.access_key,
        s3_secret_access_key=s3.secret_key,
        hot_cache_bytes=0,
    )


@stores
def test_an_image_is_kept_delivered_in_parts_and_taken_away(stored, new_project, connect, wire):
    with closing(Services.open(stored.settings)) as svc:
        access = new_project(svc)
        client, public = connect(stored, access), Wire(wire, stored.url, {})
        large = encoded(pixels(8, (1600, 1200)), "PNG", compress_level=0)

        image = client.images.upload(large, alias="@hero")
        client.images.upload(photo(1))

        assert public.get(image.storage_url).content == large
        assert public.get(f"{access.cdn}/@hero").content == large
        assert (
            public.get(image.storage_url, headers={"Range": "bytes=1000000-1000099"}).content == large[1000000:1000100]
        )
        several = public.get(image.storage_url, headers={"Range": "bytes=0-9,5000000-5000009"})
        assert several.status_code == 206
        assert large[5_000_000:5_000_010] in several.content
        assert public.head(image.storage_url).headers["content-length"] == str(len(large))
        assert client.images.download(image) == large

        client.images.delete(image.id)
        assert public.get(image.storage_url).status_code == 404
        if stored.settings.storage.startswith("s3"):
            eventually(lambda: svc.blobs.size(blob_key(access.row.id, image.id)) is None)
            eventually(lambda: doctor.examine(svc).findings == ())


@stores
def test_renditions_are_made_kept_and_taken_away(stored, new_project, connect, wire):
    with closing(Services.open(stored.settings)) as svc:
        access = new_project(svc)
        client, public = connect(stored, access), Wire(wire, stored.url, {})
        image = client.images.upload(encoded(pixels(3, (1000, 800)), "PNG"))
        address = f"{access.cdn}/{image.id}"

        sizes = {width: public.get(f"{address}?w={width}&format=png") for width in (60, 70, 900)}
        again = public.get(f"{address}?w=900&format=png&utm=1")

        assert {answer.status_code for answer in sizes.values()} == {200}
        assert again.content == sizes[900].content
        assert 'desc="hit"' in again.headers["server-timing"]
        part = public.get(f"{address}?w=900&format=png", headers={"Range": "bytes=300000-300009"})
        assert (part.status_code, part.content) == (206, sizes[900].content[300000:300010])

        told = client.images.upload(encoded(pixels(5, (120, 90)), quality=20, comment=b"a secret"))
        stripped = [
            public.get(f"{told.storage_url}?q=99{rest}", headers={"Accept": "image/webp"}) for rest in ("", "&x")
        ]
        assert [answer.headers["content-type"] for answer in stripped] == ["image/jpeg"] * 2
        assert stripped[0].content == stripped[1].content
        assert b"secret" not in stripped[0].content

        assert client.images.purge(image.id) == 3
        assert public.get(f"{address}?w=60&format=png").content == sizes[60].content
        client.images.delete(image.id)
        assert public.get(f"{address}?w=60&format=png").status_code == 404


def test_bytes_that_are_lost_are_a_503_and_no_traceback(svc, client, upload, public, project):
    image = upload(photo(5))
    svc.blobs.delete(blob_key(project.row.id, image.id))

    answer = public.get(image.storage_url)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "STORAGE_UNAVAILABLE")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["retry-after"]
    client.images.delete(image.id)
