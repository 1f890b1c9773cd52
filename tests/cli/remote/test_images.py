import json
from itertools import count

import pytest
from tests.generated import Made
from tests.photographs import photo

from atpix_client import errors


@pytest.fixture
def made(svc, project):
    return Made(svc, project, count(1))


def test_a_list_is_an_array_or_all_of_it_line_by_line(remote, upload, client):
    ids = [upload().id for _ in range(23)][::-1]

    page = json.loads(remote("images", "list", "--json").out)
    three = remote("images", "list", "--limit", "3").out.splitlines()
    everything = remote("images", "list", "--all", "--json").out.splitlines()

    assert [image["id"] for image in page] == ids[:20]
    assert [line.split("\t")[0] for line in three] == ids[:3]
    assert [json.loads(line)["id"] for line in everything] == ids
    assert json.loads(everything[0])["storageUrl"] == client.images.get(ids[0]).storage_url


def test_a_list_can_be_filtered(remote, upload, client):
    flow = upload(flow_alias="@x").flow_id
    hero, gone = upload(alias="@hero").id, upload().id
    client.images.delete(gone, trash=True)

    def listed(*filters):
        return [image["id"] for image in json.loads(remote("images", "list", "--json", *filters).out)]

    assert listed("--alias", "hero") == [hero]
    assert listed("--source", "generated") == []
    assert len(listed("--flow", flow)) == 1
    assert gone in listed("--include-deleted")
    assert gone not in listed()


def test_an_image_is_shown_by_id_by_name_and_by_its_name_in_a_flow(remote, upload):
    image = upload(alias="@hero", flow_alias="@step", meta={"a": [1]})

    by_id = json.loads(remote("images", "get", image.id, "--json").out)
    in_flow = json.loads(remote("images", "get", "@step", "--flow", image.flow_id, "--json").out)
    facts = dict(line.split("\t") for line in remote("images", "get", "@hero").out.splitlines())

    assert by_id == in_flow
    assert (by_id["id"], by_id["meta"], by_id["flowAliases"]) == (image.id, {"a": [1]}, ["@step"])
    assert "deletedAt" not in by_id
    assert (facts["id"], facts["alias"], facts["url"]) == (image.id, "@hero", image.storage_url)


def test_focal_point_and_meta_are_changed_replaced_and_merged(remote, upload, client):
    image = upload(meta={"a": 1})

    remote("images", "update", image.id, "--focal-point", "0,1")
    remote("images", "update", image.id, "--patch", "--meta", '{"b": 2}')
    merged = client.images.get(image.id)
    ended = remote("images", "update", image.id, "--focal-point", "none", "--meta", '{"c": 3}', "--json")

    assert (merged.meta, merged.focal_point.y) == ({"a": 1, "b": 2}, 1.0)
    assert (json.loads(ended.out)["meta"], json.loads(ended.out)["focalPoint"]) == ({"c": 3}, None)


def test_a_download_is_the_bytes_that_were_uploaded(remote, upload, tmp_path):
    image = upload(photo(5), alias="@hero")
    (tmp_path / "folder").mkdir()

    named = remote("images", "download", "@hero", "-o", "hero.jpg", "--json")
    remote("images", "download", "@hero", "-o", "folder")
    plain = remote("images", "download", "@hero")

    assert (tmp_path / "hero.jpg").read_bytes() == photo(5)
    assert json.loads(named.out) == {"path": "hero.jpg", "id": image.id, "bytes": len(photo(5))}
    assert (tmp_path / plain.out.strip()).read_bytes() == photo(5)
    assert (tmp_path / "folder" / plain.out.strip()).read_bytes() == photo(5)
    assert plain.err == ""


def test_a_download_can_go_to_standard_output(upload, access, atpix_bytes):
    upload(photo(5), alias="@hero")

    assert atpix_bytes("images", "download", "@hero", "-o", "-", **access) == photo(5)


def test_a_download_that_has_no_place_is_a_sentence(remote, upload, tmp_path):
    upload(alias="@hero")

    for target, code in (("missing/", 2), ("missing/hero.jpg", 3)):
        ended = remote("images", "download", "@hero", "-o", target)
        assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)
    assert list(tmp_path.glob("*")) == []


def test_deleting_asks_and_where_nobody_can_be_asked_it_wants_yes(remote, upload, client):
    image = upload(alias="@hero")

    refused = remote("images", "delete", "@hero")
    kept = client.images.get("@hero")
    done = remote("images", "delete", "@hero", "--yes")

    assert (refused.code, refused.out, kept.id) == (2, "", image.id)
    assert "--yes" in refused.err
    assert (done.code, done.out) == (0, f"@hero\t{image.id}\n")
    with pytest.raises(errors.ImageNotFound):
        client.images.get(image.id)


def test_a_dry_run_asks_nothing_says_what_would_go_and_changes_nothing(remote, upload, made, client):
    image = upload(alias="@hero", flow_alias="@step")
    maker, user = made.generation(image), made.generation(upload(), inputs=[image])
    scope = made.live(maker)

    ended = remote("images", "delete", "@hero", "--dry-run")
    trashed = remote("images", "delete", image.id, "--dry-run", "--trash").out

    assert (ended.code, ended.err) == (0, "Nothing was deleted.\n")
    rows = [line.split("\t")[1:] for line in ended.out.splitlines()]
    addresses = [row for row in rows if row[1] == "address"]
    assert ["goes", "address", image.storage_url] in addresses
    assert [row for row in rows if row not in addresses] == [
        ["goes", "name", "@hero"],
        ["goes", "name", f"@step in flow {image.flow_id}"],
        ["goes", "picture of a live URL", f"{scope} {maker}"],
        ["goes", "renditions", "deleted"],
        ["goes", "file", "deleted"],
        ["stays", "generation that made it", maker],
        ["stays", "generation that used it", user],
    ]
    assert "stays\tfile\tkept" in trashed
    assert client.images.get("@hero").id == image.id


def test_a_dry_run_over_several_tells_programs_which_could_not_be_looked_at(remote, upload, raw):
    image = upload()

    ended = remote("images", "delete", image.id, "@nobody", "--dry-run", "--json")

    account = json.loads(ended.out)
    told = raw.delete(f"/api/v1/images/{image.id}?dryRun=true").json()["data"]["consequences"]
    assert (ended.code, account["consequences"]) == (4, [{"ref": image.id, **told}])
    assert [(fault["ref"], fault["code"]) for fault in account["failed"]] == [("@nobody", "ALIAS_NOT_FOUND")]


def test_what_cannot_be_deleted_does_not_keep_the_others(remote, upload):
    image = upload()

    ended = remote("images", "delete", "@nobody", image.id, image.id, "--yes", "--json")

    account = json.loads(ended.out)
    assert ended.code == 4
    assert account["deleted"] == [{"ref": image.id, "id": image.id}]
    assert [(fault["ref"], fault["code"]) for fault in account["failed"]] == [("@nobody", "ALIAS_NOT_FOUND")]
    assert account["unfinished"] == []


def test_the_trash_gives_back(remote, upload, client):
    image = upload()
    remote("images", "delete", image.id, "--trash", "--yes")

    assert client.images.list().total == 0
    assert json.loads(remote("images", "restore", image.id, "--json").out)["id"] == image.id
    assert client.images.list().total == 1


def test_failures_are_one_sentence_and_a_code(remote, tmp_path, upload):
    upload(alias="@hero")
    (tmp_path / "empty").touch()
    for arguments, env, code in [
        (("images", "get", "@nobody"), {}, 1),
        (("images", "get", "no-ref"), {}, 1),
        (("images", "get"), {}, 2),
        (("images", "list", "--flow", "x"), {}, 1),
        (("images", "list", "--limit", "0"), {}, 2),
        (("images", "list", "--limit", "3", "--all"), {}, 2),
        (("images", "update", "@hero"), {}, 2),
        (("images", "update", "@hero", "--focal-point", "2,2"), {}, 2),
        (("images", "restore", "@hero"), {}, 1),
        (("images", "download", "@hero", "-o", "-", "--json"), {}, 2),
        (("images", "delete", "--yes"), {}, 2),
        (("images", "list"), {"ATPIX_API_KEY": ""}, 2),
        (("images", "list"), {"ATPIX_API_KEY": "atp_wrong"}, 1),
        (("images", "list", "--api-key-file", "missing"), {}, 2),
        (("images", "list", "--api-key-file", "empty"), {}, 2),
        (("images", "list"), {"ATPIX_URL": "http://127.0.0.1:9"}, 3),
        (("images", "list", "--url", "ftp://x"), {}, 2),
    ]:
        ended = remote(*arguments, **env)
        assert (ended.code, ended.out) == (code, ""), arguments
        assert ended.err.startswith("atpix: "), arguments
        assert ended.err.count("\n") == 1, (arguments, ended.err)


def test_the_key_can_come_from_a_file(remote, access, tmp_path):
    (tmp_path / "key").write_text(access["ATPIX_API_KEY"] + "\n")

    ended = remote("images", "list", "--json", "--api-key-file", "key", ATPIX_API_KEY="")

    assert (ended.code, ended.out) == (0, "[]\n")
