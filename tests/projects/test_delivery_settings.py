"""What a project chooses for its delivery: presets and keys of signing are merged by name, secrets are shown once."""

import json

import pytest

from atpix.errors import ValidationFailed
from atpix.ids import new_id
from atpix.projects import actions, preferences
from atpix.projects.url_keys import MASK

SECRET = "a-secret-of-our-own-choice"


@pytest.fixture
def change(timed):
    project = actions.ensure_project(timed, "acme/shop")

    def changed(**given):
        return actions.update_project(timed, project.id, settings=preferences.parse(given)).settings

    return changed


def fault(change, **given):
    with pytest.raises(ValidationFailed) as refused:
        change(**given)
    return refused.value.faults[0].path


def test_presets_are_added_changed_and_removed_by_name(change):
    change(presets={"hero": "w=800&h=450", "thumb": "w=100"})

    changed = change(presets={"hero": "w=900", "thumb": None, "card": "w=300"})

    assert changed.presets == {"hero": "w=900", "card": "w=300"}
    assert change(presets=None).presets == {}


def test_a_ladder_ascends_and_has_each_width_once(change):
    assert change(widthLadder=[1600, 320, 800, 320]).width_ladder == (320, 800, 1600)


def test_keys_are_added_and_removed_one_by_one(change):
    change(urlKeys={"first": {"secret": SECRET}})
    both = change(urlKeys={"second": {"secret": SECRET[::-1]}})

    left = change(urlKeys={"first": None})

    assert both.url_keys.keys() == {"first", "second"}
    assert {kid: key.secret for kid, key in left.url_keys.items()} == {"second": SECRET[::-1]}


def test_a_secret_never_changes_under_its_name(change):
    change(urlKeys={"k": {"secret": SECRET}})

    assert change(urlKeys={"k": {"secret": SECRET}}).url_keys["k"].secret == SECRET
    assert change(urlKeys={"k": {"secret": MASK}}).url_keys["k"].secret == SECRET
    assert fault(change, urlKeys={"k": {"secret": "another-secret-of-ours"}}) == "settings.urlKeys.k"


def test_signatures_are_not_asked_for_before_there_is_a_key_nor_after_the_last_is_gone(change):
    assert fault(change, signedUrls=True) == "settings.signedUrls"

    change(urlKeys={"k": {"secret": SECRET}}, signedUrls=True)

    assert fault(change, urlKeys={"k": None}) == "settings.signedUrls"
    assert change(urlKeys={"k": None, "l": {"secret": SECRET}}).url_keys.keys() == {"l"}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"presets": {"no spaces": "w=1"}}, "settings.presets"),
        ({"presets": {"": "w=1"}}, "settings.presets"),
        ({"presets": {"huge": "w=99999"}}, "settings.presets.huge"),
        ({"presets": {"typo": "widht=9"}}, "settings.presets.typo"),
        ({"presets": {"twice": "w=9&width=9"}}, "settings.presets.twice"),
        ({"presets": {"nested": "w=9&p=other"}}, "settings.presets.nested"),
        ({"presets": {"signed": "w=9&sig=x"}}, "settings.presets.signed"),
        ({"presets": {"empty": ""}}, "settings.presets[...]"),
        ({"presets": {f"p{number}": "w=1" for number in range(201)}}, "settings.presets"),
        ({"widthLadder": [0]}, "settings.widthLadder[0]"),
        ({"widthLadder": list(range(1, 66))}, "settings.widthLadder"),
        ({"urlKeys": {"no spaces": {"secret": SECRET}}}, "settings.urlKeys"),
        ({"urlKeys": {"k": {"secret": "short"}}}, "settings.urlKeys.k.secret"),
        ({"urlKeys": {"k": {"secret": MASK}}}, "settings.urlKeys.k.secret"),
        ({"urlKeys": {"k": {"secret": "with a space in the middle"}}}, "settings.urlKeys.k.secret"),
        ({"urlKeys": {f"k{number}": {"secret": SECRET} for number in range(17)}}, "settings.urlKeys"),
        ({"newRenditionsPerMinute": -1}, "settings.newRenditionsPerMinute"),
        ({"keepMetadata": ["gps"]}, "settings.keepMetadata[0]"),
    ],
)
def test_wrong_settings_of_delivery_are_refused_by_name(change, given, path):
    assert fault(change, **given) == path


def test_a_secret_is_in_no_representation(change):
    changed = change(urlKeys={"k": {"secret": SECRET}})

    assert SECRET not in f"{changed!r} {changed}"


@pytest.fixture
def admin(wire, server, svc):
    """Asks with a master key."""
    headers = {"X-API-Key": actions.create_key(svc, None).text}
    return lambda method, path, **options: wire.request(
        method, f"{server.url}/api/v1{path}", headers=headers | options.pop("headers", {}), **options
    )


def test_a_secret_that_the_server_makes_is_shown_once(admin, project):
    path = f"/projects/{project.row.id}"

    made = admin("PATCH", path, json={"settings": {"urlKeys": {"k1": {}, "k2": {"secret": SECRET}}}})
    listed = admin("GET", "/projects?limit=100")
    changed = admin("PATCH", path, json={"settings": {"deliveryDebug": True}})
    again = admin("PATCH", path, json={"settings": {"urlKeys": {"k1": {}}}})

    keys = made.json()["data"]["settings"]["urlKeys"]
    assert made.headers["cache-control"] == "no-store"
    assert len(keys["k1"]["secret"]) == 43
    assert keys["k2"] == {"secret": MASK}
    assert changed.json()["data"]["settings"]["urlKeys"] == {"k1": {"secret": MASK}, "k2": {"secret": MASK}}
    assert again.status_code == 400
    for text in (listed.text, changed.text, again.text):
        assert keys["k1"]["secret"] not in text
        assert SECRET not in text


def test_what_an_answer_shows_can_be_sent_back(admin, project):
    path = f"/projects/{project.row.id}"
    admin("PATCH", path, json={"settings": {"urlKeys": {"k": {}}, "signedUrls": True, "presets": {"p": "w=9"}}})
    shown = admin("PATCH", path, json={"settings": {}}).json()["data"]["settings"]

    assert admin("PATCH", path, json={"settings": shown}).json()["data"]["settings"] == shown


def test_a_replayed_answer_holds_no_secret(admin, project):
    body = {"organization": project.row.organization_slug, "slug": "signed", "settings": {"urlKeys": {"k": {}}}}
    once = {"Idempotency-Key": new_id()}

    first = admin("POST", "/projects", json=body, headers=once)
    again = admin("POST", "/projects", json=body, headers=once)

    assert first.status_code == again.status_code == 201
    assert len(first.json()["data"]["settings"]["urlKeys"]["k"]["secret"]) == 43
    assert json.loads(again.text)["data"]["settings"]["urlKeys"] == {"k": {"secret": MASK}}
