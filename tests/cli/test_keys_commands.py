import json
import re

from atpix.projects import keys


def test_the_first_key_comes_alone_on_standard_output(atpix, tmp_path):
    made = atpix("keys", "create", "--data", tmp_path / "d", "--project", "acme/shop")

    assert made.code == 0
    assert keys.is_well_formed(made.out.removesuffix("\n"))
    assert "acme/shop" in made.err
    assert made.out.strip() not in made.err


def test_a_key_can_be_made_for_a_program(called, tmp_path):
    made = called(
        "keys", "create", "--data", tmp_path, "--project", "acme/shop", "--json",
        "--scopes", "write,read", "--expires-in-days", "3", "--name", "ci",
    )  # fmt: skip

    key = json.loads(made.out)
    assert keys.is_well_formed(key["key"])
    assert (key["name"], key["kind"], key["project"]) == ("ci", "project", "acme/shop")
    assert key["scopes"] == ["read", "write"]
    assert key["expiresAt"] > key["createdAt"]
    assert made.err == ""


def test_a_master_key_belongs_to_no_project(called, tmp_path):
    made = json.loads(called("keys", "create", "--data", tmp_path, "--master", "--json").out)
    rotated = called("keys", "rotate", made["id"], "--data", tmp_path)

    assert (made["kind"], made["projectId"], made["scopes"]) == ("master", None, [])
    assert rotated.err == "A master key, until revoked. It is shown only now:\n"


def test_keys_are_listed_without_themselves(called, tmp_path):
    text = called("keys", "create", "--data", tmp_path, "--project", "acme/shop").out.strip()
    called("keys", "create", "--data", tmp_path, "--project", "acme/other")

    table = called("keys", "list", "--data", tmp_path)
    listed = json.loads(called("keys", "list", "--data", tmp_path, "--json").out)
    mine = json.loads(called("keys", "list", "--data", tmp_path, "--project", "acme/shop", "--json").out)

    assert text not in table.out + json.dumps(listed)
    assert [key["project"] for key in listed] == ["acme/other", "acme/shop"]
    assert [key["prefix"] for key in mine] == [text[:12]]
    assert re.search(rf"^{mine[0]['id']}\s+{text[:12]}…\s+acme/shop\s.*active", table.out, re.MULTILINE)


def test_a_key_is_revoked_by_its_prefix_and_rotated_by_its_id(called, tmp_path):
    first = json.loads(called("keys", "create", "--data", tmp_path, "--project", "acme/shop", "--json").out)

    second = json.loads(called("keys", "rotate", first["id"], "--data", tmp_path, "--overlap-s", "60", "--json").out)
    revoked = json.loads(called("keys", "revoke", second["prefix"], "--data", tmp_path, "--json").out)

    assert second["key"] != first["key"]
    assert revoked["id"] == second["id"]
    assert revoked["revokedAt"] is not None
    states = {key["id"]: key for key in json.loads(called("keys", "list", "--data", tmp_path, "--json").out)}
    assert states[first["id"]]["expiresAt"] is not None
    assert called("keys", "rotate", second["id"], "--data", tmp_path).code == 1


def test_what_cannot_be_done_is_one_sentence_and_a_code(called, tmp_path):
    for arguments, code in [
        (("keys", "create"), 2),
        (("keys", "create", "--master", "--project", "a/b"), 2),
        (("keys", "create", "--project", "a/b", "--expires-in-days", "0"), 2),
        (("keys", "create", "--project", "no-slash"), 1),
        (("keys", "create", "--project", "a/b", "--scopes", "read,fly"), 1),
        (("keys", "create", "--project", "a/b", "--name", "two\nlines"), 1),
        (("keys", "list", "--project", "a/nothing"), 1),
        (("keys", "revoke", "atp_nothing0"), 1),
        (("keys", "revoke", "nonsense"), 1),
        (("nonsense",), 2),
    ]:
        ended = called(*arguments, ATPIX_DATA=str(tmp_path / "d"))
        assert (ended.code, ended.out) == (code, ""), arguments
        assert ended.err.startswith("atpix: "), arguments
        assert ended.err.count("\n") == 1, arguments
