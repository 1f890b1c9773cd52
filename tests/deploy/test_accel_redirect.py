"""nginx sends the files that Atpix only names. Nobody outside learns their places or reaches them by one."""

from email.utils import formatdate

import pytest
from tests.deploy import proxies
from tests.deploy.conftest import told

HIDDEN = ("x-accel-redirect", "x-accel-expires", "x-accel-buffering")


@pytest.mark.parametrize("options", ["", "/a.png", "?w=320&format=webp", "?w=320", "?w=320&dl=cat.png"])
def test_an_image_comes_as_atpix_would_have_sent_it(accelerated, options):
    image, _ = accelerated.upload()
    path = f"{accelerated.access.cdn}/{image.id}{options}"
    accelerated.public.get(path)

    named, sent = accelerated.direct.get(path), accelerated.public.get(path)

    assert named.headers["x-accel-redirect"].startswith("/atpix-files/blobs/")
    assert sent.status_code == 200
    assert int(sent.headers["content-length"]) == len(sent.content) > 0
    assert sent.headers["accept-ranges"] == "bytes"
    assert told(sent, "content-length", "accept-ranges") == told(named, "content-length", "accept-ranges", *HIDDEN)


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
    whole = accelerated.public.get(path)
    file = next((accelerated.server.settings.data / "blobs").rglob(image.id))
    same, other = {"If-None-Match": whole.headers["etag"]}, {"If-None-Match": '"other"'}
    dates = (
        whole.headers["last-modified"],
        formatdate(file.stat().st_mtime, usegmt=True),
        "Mon, 01 Jan 2018 00:00:00 GMT",
    )

    assert accelerated.public.get(path, headers=same).status_code == 304
    assert accelerated.public.get(path, headers=other).content == content
    for date in dates:
        since = {"If-Modified-Since": date}
        expected = accelerated.direct.get(path, headers=since).status_code
        assert accelerated.public.get(path, headers=since).status_code == expected
        assert accelerated.public.get(path, headers=since | other).content == content


def test_ranges_are_cut_by_nginx(accelerated):
    image, content = accelerated.upload(8)
    path = f"{accelerated.access.cdn}/{image.id}"
    etag = accelerated.public.head(path).headers["etag"]
    part = {"Range": "bytes=5-14"}

    one = accelerated.public.get(path, headers=part)
    several = accelerated.public.get(path, headers={"Range": "bytes=0-4,-5"})

    assert (one.status_code, one.content) == (206, content[5:15])
    assert (one.headers["content-range"], one.headers["etag"]) == (f"bytes 5-14/{len(content)}", etag)
    assert several.status_code == 206
    assert several.content.count(b"Content-Range: bytes ") == 2
    assert accelerated.public.get(path, headers={"Range": f"bytes={len(content)}-"}).status_code == 416
    assert accelerated.public.get(path, headers=part | {"If-Range": etag}).content == content[5:15]
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


def test_a_file_that_nginx_cannot_read_is_no_answer_to_be_kept(accelerated, tmp_path):
    image, _ = accelerated.upload(7)

    (tmp_path / "nginx").mkdir()
    with proxies.nginx(tmp_path / "nginx", accelerated.server.port, files=tmp_path / "elsewhere") as blind:
        away = accelerated.public.get(f"{blind.url}{accelerated.access.cdn}/{image.id}")

    assert (away.status_code, away.json()["error"]["code"]) == (503, "STORAGE_UNAVAILABLE")
    assert "no-store" in away.headers["cache-control"]
    assert "retry-after" in away.headers
    assert not any(name in away.headers for name in HIDDEN)
