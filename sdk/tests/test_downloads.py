from io import BytesIO

import httpx2
import pytest
from sdk.tests.stand_in import Chunks, failure

from atpix_client import APIConnectionError, AtpixError, errors
from atpix_client.errors import APIAnswerError

PICTURE = bytes(range(256)) * 2000


def part(*pieces, status=200, etag='"one"', **headers):
    return httpx2.Response(status, stream=Chunks(*pieces), headers={"ETag": etag, **headers})


@pytest.fixture
def image(client, server):
    return client.images.get(server.add(PICTURE, alias="@hero")["id"])


def test_a_download_without_a_destination_is_the_bytes(client, image):
    assert client.images.download("@hero") == PICTURE
    assert client.images.download(image) == PICTURE


def test_a_download_into_a_path_leaves_only_the_file(client, image, tmp_path):
    path = tmp_path / "hero.png"
    path.write_bytes(b"old")

    assert client.images.download("@hero", path) == path
    assert path.read_bytes() == PICTURE
    assert list(tmp_path.iterdir()) == [path]


def test_a_download_into_a_folder_is_named_by_the_id(client, image, tmp_path):
    path = client.images.download(image, str(tmp_path))

    assert path == tmp_path / f"{image.id}.png"


@pytest.mark.parametrize("image_id", ["../../evil", "/tmp/evil", "..", "", "a\x00b", f"{'0' * 36}\n"])
def test_an_id_that_is_none_names_no_file_in_a_folder(client, server, tmp_path, image_id):
    (tmp_path / "a" / "b").mkdir(parents=True)
    ref = server.add(PICTURE, alias="@hero")
    server.images[ref["id"]] = ref | {"id": image_id, "storageUrl": ref["storageUrl"]}

    with pytest.raises(APIAnswerError, match="is no id"):
        client.images.download("@hero", tmp_path / "a" / "b")

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_download_into_a_file_returns_the_count(client, image):
    file = BytesIO(b"")
    told = []

    count = client.images.download(image, file, progress=lambda *moved: told.append(moved))

    assert (count, file.getvalue()) == (len(PICTURE), PICTURE)
    assert told[-1] == (len(PICTURE), len(PICTURE))


PLACES = ["{server}/cdn/{path}", "/cdn/{path}", "https://cdn.example/{path}", "https://cdn.example/some/where/{path}"]


@pytest.mark.parametrize("place", PLACES)
def test_an_original_comes_from_the_server_that_the_key_is_for(client, server, place):
    path = "o/p/img/00000000-0000-7000-8000-000000000001"
    server.add(PICTURE, alias="@hero", storageUrl=place.format(server=server.url, path=path))

    assert client.images.download("@hero") == PICTURE
    assert str(server.requests[-1].url) == f"{server.url}/cdn/{path}"
    assert server.requests[-1].headers["authorization"].startswith("Bearer ")


def test_a_redirect_to_another_host_is_followed_without_the_key(client, image, server):
    server.script.append(httpx2.Response(302, headers={"Location": "https://files.example/cdn/o/p/img/" + image.id}))

    assert client.images.download(image) == PICTURE
    assert server.requests[-1].url.host == "files.example"
    assert not {"x-api-key", "authorization"} & set(server.requests[-1].headers)


@pytest.mark.parametrize("into", ["memory", "path", "file"])
def test_a_broken_download_goes_on_where_it_broke(client, image, server, tmp_path, into):
    server.script.append(part(PICTURE[:100], PICTURE[100:5000], httpx2.ReadError("cut")))
    server.script.append(part(PICTURE[5000:], status=206))
    path, file = tmp_path / "hero.png", BytesIO()

    result = client.images.download(image, {"memory": None, "path": path, "file": file}[into])

    received = {"memory": result, "path": path.exists() and path.read_bytes(), "file": file.getvalue()}
    assert received[into] == PICTURE
    assert server.requests[-1].headers["range"] == "bytes=5000-"
    assert server.requests[-1].headers["if-range"] == '"one"'


def test_a_server_without_ranges_sends_all_again_and_nothing_is_doubled(client, image, server):
    told = []
    server.script.append(part(PICTURE[:5000], httpx2.ReadError("cut")))
    server.script.append(part(PICTURE[:3000], PICTURE[3000:], **{"Content-Length": str(len(PICTURE))}))

    assert client.images.download(image, progress=lambda *moved: told.append(moved)) == PICTURE
    assert told[-1] == (len(PICTURE), len(PICTURE))


def test_two_halves_of_different_files_are_never_joined(client, image, server, tmp_path):
    server.script.append(part(PICTURE[:5000], httpx2.ReadError("cut")))
    server.script.append(part(PICTURE, etag='"two"'))

    with pytest.raises(AtpixError, match="replaced"):
        client.images.download(image, tmp_path / "hero.png")

    assert list(tmp_path.iterdir()) == []


def test_a_download_that_fails_for_good_leaves_the_old_file_and_no_litter(client, image, server, tmp_path):
    path = tmp_path / "hero.png"
    path.write_bytes(b"old")
    server.script.extend(part(PICTURE[:5000], httpx2.ReadError("cut")) for _ in range(3))

    with pytest.raises(APIConnectionError):
        client.images.download(image, path)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_download_waits_for_a_busy_server(client, image, server):
    server.script.append(failure(503, "OVERLOADED", headers={"Retry-After": "2"}))

    assert client.images.download(image) == PICTURE
    assert server.pauses_s == [2.0]


def test_an_image_that_is_gone_is_not_found(client, image, server):
    server.script.append(failure(404, "IMAGE_NOT_FOUND"))

    with pytest.raises(errors.ImageNotFound):
        client.images.download(image)
