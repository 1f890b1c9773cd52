import json
import sqlite3
import stat

import pytest

from atpix import SCHEMA
from atpix.settings import Settings


def test_migrate_makes_an_empty_database_ours_and_may_be_repeated(called, tmp_path):
    first = json.loads(called("migrate", "--data", tmp_path / "d", "--json").out)
    again = called("migrate", "--data", tmp_path / "d")

    assert first == {"before": None, "after": SCHEMA}
    assert (again.code, again.out) == (0, "")
    assert SCHEMA in again.err


def test_a_database_of_a_newer_program_is_left_alone(called, tmp_path):
    called("migrate", "--data", tmp_path)
    with sqlite3.connect(tmp_path / "atpix.db") as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()

    for command in (("migrate",), ("keys", "list")):
        ended = called(*command, ATPIX_DATA=str(tmp_path))
        assert ended.code == 3
        assert "newer" in ended.err


def test_without_auto_migrate_the_operator_is_told_what_to_run(called, tmp_path):
    data = {"ATPIX_DATA": str(tmp_path / "d"), "ATPIX_AUTO_MIGRATE": "false"}

    ended = called("keys", "create", "--project", "a/b", **data)

    assert ended.code == 3
    assert "atpix migrate" in ended.err


@pytest.mark.parametrize("command", [("doctor",), ("keys", "list")])
def test_a_mistyped_folder_is_not_made_into_an_empty_one(called, tmp_path, command):
    ended = called(*command, "--data", tmp_path / "mistyped")

    assert ended.code == 3
    assert "Is --data right?" in ended.err
    assert not (tmp_path / "mistyped").exists()


def test_the_settings_in_effect_are_shown_and_secrets_are_not(called, tmp_path):
    secrets = {
        "ATPIX_DATABASE_URL": "postgresql://me:hidden1@localhost/db",
        "ATPIX_STORAGE_URL": "s3://bucket/images?secret_access_key=hidden2&region=eu",
        "ATPIX_S3_SECRET_ACCESS_KEY": "hidden3",
    }
    plain, program = called("config", **secrets), called("config", "--json", ATPIX_PORT="9000", **secrets)

    shown = json.loads(program.out)
    assert set(shown) == set(Settings.model_fields)
    assert (shown["port"], shown["cdn_url"]) == (9000, "http://127.0.0.1:9000/cdn")
    assert shown["database_url"] == "postgresql://me:***@localhost/db"
    assert shown["s3_secret_access_key"] == "***"
    assert "hidden" not in plain.out + program.out
    assert "ATPIX_WORKERS=1" in plain.out.splitlines()


def test_all_faults_of_the_settings_are_named_at_once(called):
    ended = called("config", ATPIX_PORT="70000", ATPIX_WORKERS="many")

    assert ended.code == 2
    assert "ATPIX_PORT" in ended.err
    assert "ATPIX_WORKERS" in ended.err


def test_an_unusable_data_folder_is_a_sentence(atpix, tmp_path):
    (tmp_path / "file").write_text("in the way")

    ended = atpix("migrate", "--data", tmp_path / "file")

    assert ended.code == 3
    assert ended.err == f"atpix: The data folder {tmp_path / 'file'} cannot be used: File exists.\n"


def test_a_database_that_is_none_is_a_sentence(called, tmp_path):
    (tmp_path / "atpix.db").write_bytes(b"not a database" * 100)

    ended = called("keys", "list", "--data", tmp_path)

    assert ended.code == 3
    assert ended.err.startswith("atpix: The database cannot be used")


def test_a_database_that_does_not_answer_is_a_sentence(called, tmp_path):
    for url in ("postgresql://nobody@127.0.0.1:1/nothing", "mysql://me@localhost/db", "nonsense"):
        ended = called("keys", "list", ATPIX_DATA=str(tmp_path), ATPIX_DATABASE_URL=url, ATPIX_DATABASE_TIMEOUT_S="2")
        assert (ended.code, ended.out) == (3, ""), url
        assert ended.err.startswith("atpix: "), url


def test_a_storage_address_that_is_none_is_a_sentence(atpix, tmp_path):
    ended = atpix("serve", "--data", tmp_path, "--port", 0, ATPIX_STORAGE_URL="ftp://somewhere")

    assert ended.code == 3
    assert "storage URL" in ended.err


def test_a_fresh_data_folder_is_the_owners(called, tmp_path):
    called("keys", "create", "--data", tmp_path / "d", "--project", "a/b")

    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) & 0o022 == 0


def test_the_doctor_ends_well_only_when_nothing_is_wrong(called, tmp_path):
    called("keys", "create", "--data", tmp_path, "--project", "a/b")
    healthy = called("doctor", "--data", tmp_path)
    with sqlite3.connect(tmp_path / "atpix.db") as db:
        db.execute("INSERT INTO upload_intents (blob_key, created_at) VALUES ('p/aa/forgotten', 0)")
    db.close()

    sick = called("doctor", "--data", tmp_path)
    told = json.loads(called("doctor", "--data", tmp_path, "--json").out)
    repaired = json.loads(called("doctor", "--data", tmp_path, "--fix", "--json").out)

    assert (healthy.code, healthy.out) == (0, "")
    assert (sick.code, sick.out.partition(":")[0]) == (1, "expired_intents")
    assert "--fix" in sick.err
    assert (told["healthy"], told["findings"][0]["kind"]) == (False, "expired_intents")
    assert (repaired["healthy"], repaired["findings"]) == (True, [])
    assert called("doctor", "--data", tmp_path).code == 0
