"""With `ATPIX_ACCEL_REDIRECT` nginx sends the files. What it is told is tested here; the rest in tests/deploy."""

from contextlib import closing

import pytest
from tests.photographs import photo
from tests.wire import Wire

from atpix.services import Services


@pytest.fixture
def accelerated(serve, new_project, connect, wire):
    server = serve(accel_redirect="/atpix-files/")
    with closing(Services.open(server.settings)) as svc:
        access = new_project(svc)
    client, public = connect(server, access), Wire(wire, server.url, {})
    image = client.images.upload(photo(1), alias="@hero")
    return server.settings.data, public, f"{access.cdn}/{image.id}"


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_file_is_named_instead_of_sent_and_is_there(accelerated):
    data, public, address = accelerated

    for rest, life in (("", "immutable"), ("?w=40&format=webp", "immutable"), ("?w=40", "immutable")):
        answer = public.get(address + rest)

        assert answer.status_code == 200
        assert answer.content == b""
        assert life in answer.headers["cache-control"]
        assert answer.headers["etag"]
        assert answer.headers["content-type"].startswith("image/")
        prefix, _, inside = answer.headers["x-accel-redirect"].partition("/atpix-files/")
        assert prefix == ""
        assert inside.startswith("blobs/")
        assert (data / inside).is_file()
        known = public.get(address + rest, headers={"If-None-Match": answer.headers["etag"]})
        assert (known.status_code, "x-accel-redirect" in known.headers) == (304, False)
        head = public.head(address + rest)
        assert head.headers["content-length"] == str((data / inside).stat().st_size)

    (data / public.get(f"{address}?w=40").headers["x-accel-redirect"].removeprefix("/atpix-files/")).unlink()
    made_again = public.get(f"{address}?w=40").headers["x-accel-redirect"].removeprefix("/atpix-files/")
    assert (data / made_again).is_file()


def test_nobody_is_told_without_it(public, hero):
    assert "x-accel-redirect" not in public.get(hero.by_id).headers
