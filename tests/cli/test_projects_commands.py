import json

import pytest

SITE = "acme/shop"


@pytest.fixture
def projects(called, tmp_path):
    """On a data folder with one project."""
    called("keys", "create", "--data", tmp_path / "d", "--project", SITE)
    return lambda *arguments: called("projects", *arguments, ATPIX_DATA=str(tmp_path / "d"))


def test_settings_are_changed_and_shown(projects):
    changed = projects("set", SITE, "presets.card=w=400&h=300", "widthLadder=[640,320]", "privateMetadata=strip")
    lines = projects("show", SITE).out.splitlines()

    assert (changed.code, changed.out) == (0, "")
    assert {'presets={"card":"w=400&h=300"}', "widthLadder=[320,640]", 'privateMetadata="strip"'} <= set(lines)

    projects("set", SITE, "presets.card=null", "privateMetadata=null")
    settings = json.loads(projects("show", SITE, "--json").out)["settings"]
    assert (settings["presets"], settings["privateMetadata"], settings["widthLadder"]) == ({}, "keep", [320, 640])


def test_the_secret_of_a_new_key_comes_alone_on_standard_output_and_once(projects):
    made = projects("set", SITE, "urlKeys.site={}", "signedUrls=true")
    secret = made.out.removesuffix("\n")
    again = projects("set", SITE, "urlKeys.next={}", "--json")

    assert len(secret) == 43
    keys = json.loads(again.out)["settings"]["urlKeys"]
    assert (keys["site"]["secret"], len(keys["next"]["secret"])) == ("***", 43)
    assert secret not in projects("show", SITE).out + projects("show", SITE, "--json").out + made.err


def test_a_wrong_change_is_a_sentence_and_changes_nothing(projects):
    for changes, code in [
        ((), 2),
        (("presetsOnly",), 2),
        (("=true",), 2),
        (("presets.=w=1",), 2),
        (("presets=null", "presets.a=w=1"), 2),
        (("colour=red",), 1),
        (("presetsOnly=true", "presets.a=w=0"), 1),
        (("presetsOnly=true", "signedUrls=true"), 1),
        (("urlKeys.k=null", "urlKeys.site=true"), 1),
    ]:
        ended = projects("set", SITE, *changes)
        assert (ended.code, ended.out) == (code, ""), changes
        assert ended.err.count("\n") == 1, changes
    assert "presetsOnly=false" in projects("show", SITE).out
    assert projects("show", "acme/other").code == 1
