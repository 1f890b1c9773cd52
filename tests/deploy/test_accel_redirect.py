"""nginx sends the files that Atpix only names. Nobody outside learns their places or reaches them by one."""

import pytest
from tests.deploy.conftest import told

HIDDEN = ("x-accel-redirect", "x-accel-expires", "x-accel-buffering")


@pytest.mark.parametrize("options", ["", "/a.png", "?w=320&format=webp", "?w=320"])
def test_an_image_comes_as_atpix_would_have_sent_it(accelerated, options):
    image, _ = accelerated.upload()
    path = f"{accelerated.access.cdn}/{image.id}{options}"
    accelerated.public.get(path)

    named, sent = accelerated.direct.get(path), accelerated.public.get(path)

    assert named.headers["x-accel-redirect"].startswith("/atpix-files/blobs/")
    assert sent.status_code == 200
    assert "detail=file" in sent.headers["cache-status"]
    assert int(sent.headers["content-length"]) == len(sent.content) > 0
    assert told(sent, "content-length") == told(named, "content-length", *HIDDEN)


def test_the_bytes_are_those_of_the_upload(accelerated):
    image, content = accelerated.upload(1)
    path = f"{accelerated.access.cdn}/{image.id}"

    assert accelerated.public.get(path).content == content
    assert accelerated.public.get(path, headers={"Range": "bytes=100-199"}).content == content[100:200]
    head = accelerated.public.head(path)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(content)), b"")


def test_conditions_are_atpixs_to_judge(accelerated):
    image, content = accelerated.upload(2)
    path = f"{accelerated.access.cdn}/{image.id}"
    file = next((accelerated.server.settings.data / "blobs").rglob(image.id))
    whole = accelerated.public.get(path)

    assert accelerated.public.get(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert accelerated.public.get(path, headers={"If-None-Match": '"other"'}).content == content
    dated = whole.headers["last-modified"]
    assert accelerated.public.get(path, headers={"If-Modified-Since": dated}).status_code == 304
    assert file.stat().st_size == len(content)
    part = {"Range": "bytes=0-9", "If-Range": whole.headers["etag"]}
    assert accelerated.public.get(path, headers=part).content == content[:10]
    assert accelerated.public.get(path, headers=part | {"If-Range": '"other"'}).content == content


def test_a_moved_name_is_seen_at_once(accelerated):
    (old, _), (new, content) = accelerated.upload(3, alias="@hero"), accelerated.upload(4)
    path = f"{accelerated.access.cdn}/@hero"
    before = accelerated.public.get(path)
    assert before.headers["content-location"] == f"{accelerated.access.cdn}/{old.id}"

    accelerated.client.images.assign_alias(new.id, "@hero")

    after = accelerated.public.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.content) == (200, content)
    assert after.headers["content-location"] == f"{accelerated.access.cdn}/{new.id}"


def test_no_answer_tells_where_a_file_is(accelerated):
    image, _ = accelerated.upload(5, alias="@told")
    base = accelerated.access.cdn
    folder = str(accelerated.server.settings.data)

    for path in (
        f"{base}/{image.id}",
        f"{base}/@told",
        f"{base}/{image.id}?w=50",
        f"{base}/@nobody",
        f"{base}/{image.id}?w=0",
    ):
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            answer = accelerated.public.request(method, path)
            head = str(answer.headers.raw)
            assert not any(name in answer.headers for name in HIDDEN)
            assert "atpix-files" not in head
            assert folder not in head


def test_the_files_place_is_not_reached_from_outside(accelerated):
    image, content = accelerated.upload(6)
    named = accelerated.direct.get(f"{accelerated.access.cdn}/{image.id}").headers["x-accel-redirect"]

    for path in (
        named,
        f"/cdn/..{named}",
        f"/cdn/%2e%2e{named}",
        f"/{named}",
        named.replace("/blobs/", "/%62lobs/"),
        named.replace("/blobs/", "/./blobs/"),
        "/atpix-files/atpix.db",
        "/atpix-files/blobs/../atpix.db",
        "/atpix-files/blobs../atpix.db",
    ):
        for headers in ({}, {"X-Accel-Redirect": named}, {"X-API-Key": accelerated.access.key}):
            answer = accelerated.public.get(path, headers=headers)
            assert answer.status_code in {400, 404}, path
            assert content not in answer.content


def test_a_file_that_is_away_is_no_answer_to_be_kept(accelerated):
    image, content = accelerated.upload(7)
    file = next((accelerated.server.settings.data / "blobs").rglob(image.id))
    hidden = file.with_name("hidden")
    path = f"{accelerated.access.cdn}/{image.id}"
    file.rename(hidden)
    try:
        away = accelerated.public.get(path)
    finally:
        hidden.rename(file)

    assert (away.status_code, away.json()["error"]["code"]) == (503, "STORAGE_UNAVAILABLE")
    assert away.headers.get_list("cache-control") == ["no-store"]
    assert accelerated.public.get(path).content == content
