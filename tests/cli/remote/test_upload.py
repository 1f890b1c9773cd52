import hashlib
import json
import os
import re
import unicodedata

import PIL.Image
import pytest
from PIL.ExifTags import Base
from tests.photographs import encoded, photo, pixels

from atpix.projects import actions
from atpix.projects.preferences import SettingsPatch

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def names(entries):
    return [entry["path"].rpartition("/")[2] for entry in entries]


def test_a_pipe_gets_a_line_a_file_and_nothing_else(remote, photos, client):
    paths = photos("a.jpg", "b.jpg")

    ended = remote("images", "upload", *paths)

    assert ended.code == 0
    lines = [line.split("\t") for line in ended.out.splitlines()]
    assert sorted(path for path, _, _ in lines) == sorted(map(str, paths))
    assert {id_ for _, id_, _ in lines} == {image.id for image in client.images.list()}
    assert all(url.endswith(f"/img/{id_}") for _, id_, url in lines)
    assert ended.err == "Uploaded 2, skipped 0, failed 0.\n"


def test_folders_are_searched_for_images_only_and_loops_are_not_entered(remote, photos, tmp_path):
    photos("d/2.JPG", "d/1.png", "d/sub/3.webp", "d/.hidden.jpg", "d/.hidden/4.jpg", "d/note.txt", "d/sub/10.jpeg")
    (tmp_path / "d/sub/loop").symlink_to("..", target_is_directory=True)

    ended = remote("images", "upload", "d", "d/1.png", "--json")

    assert ended.code == 0
    assert names(json.loads(ended.out)["uploaded"]) == ["1.png", "2.JPG", "10.jpeg", "3.webp"]


def test_patterns_are_understood_but_not_where_a_file_has_that_name(remote, photos):
    photos("x/1.jpg", "x/y/2.jpg", "x/3.gif", "odd[1].jpg")

    ended = remote("images", "upload", "x/**/*.jpg", "odd[1].jpg", "none*.jpg", "--json")

    assert ended.code == 4
    account = json.loads(ended.out)
    assert names(account["uploaded"]) == ["1.jpg", "2.jpg", "odd[1].jpg"]
    assert names(account["failed"]) == ["none*.jpg"]


def test_one_failing_file_stops_no_other(remote, photos, tmp_path):
    good = photos("1.jpg", "2.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    (tmp_path / "cut.jpg").write_bytes(photo(7)[:-300])

    ended = remote("images", "upload", good[0], "bad.jpg", "cut.jpg", "gone.jpg", good[1], "--json")

    account = json.loads(ended.out)
    assert ended.code == 4
    assert names(account["uploaded"]) == ["1.jpg", "2.jpg"]
    assert {entry["path"]: entry["code"] for entry in account["failed"]} == {
        "bad.jpg": "UNSUPPORTED_FILE_TYPE",
        "cut.jpg": "INVALID_IMAGE",
        "gone.jpg": None,
    }
    assert all(entry["message"] for entry in account["failed"])
    assert "gone.jpg: There is no such file.\n" in ended.err
    assert ended.err.endswith("Uploaded 2, skipped 0, failed 3.\n")
    assert remote("images", "upload", "bad.jpg").code == 1


def test_what_comes_beside_the_file_arrives(remote, photos, tmp_path, client):
    (path,) = photos("cat.jpg")
    (tmp_path / "meta.json").write_text('{"title": "Cat"}')

    ended = remote(
        "images", "upload", path, "--alias", "@hero", "--flow", "new", "--flow-alias", "step",
        "--meta", "@meta.json", "--focal-point", "0.25,0.75", "--json",
    )  # fmt: skip

    (entry,) = json.loads(ended.out)["uploaded"]
    image = client.images.get("@hero")
    assert (image.meta, image.flow_aliases, image.filename) == ({"title": "Cat"}, ["@step"], "cat.jpg")
    assert (image.focal_point.x, image.focal_point.y) == (0.25, 0.75)
    assert (entry["id"], entry["alias"], entry["url"]) == (image.id, "@hero", image.storage_url)
    assert entry["image"]["flowId"] == image.flow_id is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["image"]["createdAt"])


def test_a_new_flow_is_one_flow_for_all(remote, photos):
    photos("d/1.jpg", "d/2.jpg", "d/3.jpg")

    account = json.loads(remote("images", "upload", "d", "--flow", "new", "--json").out)

    assert len({entry["image"]["flowId"] for entry in account["uploaded"]} - {None}) == 1


def test_names_can_come_from_the_files(remote, photos, client):
    photos("d/sea.jpg", "d/Fjörð & co. (1).jpg", f"d/{'x' * 80}.jpg")

    assert remote("images", "upload", "d", "--alias-from-name").code == 0

    assert {image.alias for image in client.images.list()} == {"@sea", "@Fjor-co-1", "@" + "x" * 49}


@pytest.mark.parametrize("names", [("a.jpg", "d/a.png"), ("日本.jpg",)])
def test_names_that_cannot_be_made_are_found_before_anything_is_sent(remote, photos, client, names):
    ended = remote("images", "upload", *photos(*names), "--alias-from-name")

    assert (ended.code, ended.out) == (2, "")
    assert "nothing was sent" in ended.err
    assert client.images.list().total == 0


def test_what_is_there_is_skipped_when_asked(remote, photos, client):
    first = photos("d/1.jpg", "d/2.jpg")
    remote("images", "upload", *first, "--alias-from-name")
    photos("d/1.jpg", "d/2.jpg", "d/3.jpg")
    copy = first[0].with_name("copy.jpg")
    copy.write_bytes(first[0].read_bytes())

    ended = remote("images", "upload", "d", "--skip-existing", "--json")

    account = json.loads(ended.out)
    assert ended.code == 0
    assert (names(account["uploaded"]), names(account["skipped"])) == (["3.jpg"], ["1.jpg", "2.jpg", "copy.jpg"])
    assert account["skipped"][0]["id"] == client.images.get("@1").id
    assert client.images.list().total == 3
    assert ended.err == "Uploaded 1, skipped 3, failed 0.\n"


def test_a_skipped_file_still_gets_the_name_asked_for(remote, photos, client):
    (path,) = photos("1.jpg")
    image = client.images.upload(path)

    ended = remote("images", "upload", path, "--skip-existing", "--alias", "@one")

    assert ended.code == 0
    assert client.images.get("@one").id == image.id


def test_the_server_compares_where_its_list_would_cost_more_than_the_file(remote, photos, client, tmp_path):
    for number in range(4):
        client.images.upload(photo(10 + number))
    (path,) = photos("1.jpg")
    path.write_bytes(photo(3, "PNG", (4, 4)))
    image = client.images.upload(path)
    assert path.stat().st_size < 1000

    (entry,) = json.loads(remote("images", "upload", path, "--skip-existing", "--json").out)["skipped"]

    assert entry["id"] == image.id


def test_a_file_that_the_server_strips_is_known_again(remote, client, svc, project, tmp_path):
    actions.update_project(svc, project.row.id, settings=SettingsPatch(private_metadata="strip"))
    exif = PIL.Image.Exif()
    exif[Base.Artist] = "Somebody"
    path = tmp_path / "mine.jpg"
    path.write_bytes(encoded(pixels(6, (160, 120)), exif=exif))
    image = client.images.upload(path)
    assert image.sha256 != hashlib.sha256(path.read_bytes()).hexdigest()

    (entry,) = json.loads(remote("images", "upload", path, "--skip-existing", "--json").out)["skipped"]

    assert entry["id"] == image.id


def test_a_key_that_may_not_read_skips_all_the_same(remote, photos, client, new_project, server):
    (path,) = photos("1.jpg")
    writer = new_project(scopes=["write"]).key

    first, second = (remote("images", "upload", path, "--skip-existing", ATPIX_API_KEY=writer) for _ in range(2))

    assert first.err == "Uploaded 1, skipped 0, failed 0.\n"
    assert (second.code, second.err) == (0, "Uploaded 0, skipped 1, failed 0.\n")


def test_duplicates_can_be_refused_or_reused(remote, photos):
    (path,) = photos("1.jpg")
    (first,) = json.loads(remote("images", "upload", path, "--json").out)["uploaded"]

    (again,) = json.loads(remote("images", "upload", path, "--json", "--on-duplicate", "reuse").out)["uploaded"]
    refused = remote("images", "upload", path, "--json", "--on-duplicate", "reject")

    assert again["id"] == first["id"]
    assert (refused.code, json.loads(refused.out)["failed"][0]["code"]) == (1, "DUPLICATE_IMAGE")


def test_a_refused_key_ends_it_without_trying_every_file(remote, photos):
    photos(*(f"d/{number}.jpg" for number in range(9)))

    ended = remote("images", "upload", "d", "--concurrency", "1", "--json", ATPIX_API_KEY="atp_wrong")

    account = json.loads(ended.out)
    assert ended.code == 1
    assert (len(account["failed"]), len(account["unfinished"])) == (1, 8)
    assert account["failed"][0]["code"] == "UNAUTHORIZED"


def test_a_name_that_is_no_text_is_no_obstacle(remote, tmp_path):
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / os.fsdecode(b"\xff\n\x1b[31m.jpg")).write_bytes(photo())

    lines = remote("images", "upload", "d")
    as_json = remote("images", "upload", "d", "--json")

    assert lines.code == as_json.code == 0
    assert lines.out.count("\n") == 1
    assert not [c for c in lines.out if unicodedata.category(c) == "Cc" and c not in "\t\n"]
    assert json.loads(as_json.out)["uploaded"][0]["path"] == "d/\ufffd\n\x1b[31m.jpg"


def test_what_cannot_be_meant_is_refused_before_anything_is_sent(remote, photos, client):
    photos("d/1.jpg", "d/2.jpg")
    for arguments in [
        (),
        ("d", "--alias", "@a"),
        ("d", "--flow-alias", "@a"),
        ("d", "--meta", "[1]"),
        ("d", "--meta", "@missing.json"),
        ("d", "--focal-point", "0.5"),
        ("d", "--focal-point", "nan,0"),
        ("d", "--skip-existing", "--on-duplicate", "new"),
        ("d/1.jpg", "--alias", "@a", "--alias-from-name"),
        ("d", "--concurrency", "0"),
    ]:
        ended = remote("images", "upload", *arguments)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), arguments
        assert ended.err.startswith("atpix: ")
    assert client.images.list().total == 0
