import json
from datetime import UTC, datetime

import pytest

from atpix_client import FocalPoint, errors


def sent(server):
    return json.loads(server.requests[-1].content)


def test_an_image_has_typed_fields_and_what_a_newer_server_adds_is_ignored(client, server):
    stored = server.add(alias="@hero", focalPoint={"x": 0.25, "y": 1}, meta={"a": [1]})

    image = client.images.get("@hero")

    assert image.id == stored["id"]
    assert image.focal_point == FocalPoint(0.25, 1)
    assert image.meta == {"a": [1]}
    assert image.created_at == datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    assert image.etag == '"v1"'
    assert image.thumbhash is None


def test_the_key_and_the_flow_are_sent_and_the_at_sign_stays_readable(client, server):
    server.add(alias="@hero")

    client.images.get("@hero", flow_id="f1")

    request = server.requests[-1]
    assert str(request.url) == "http://atpix.test/api/v1/images/@hero?flowId=f1"
    assert request.headers["x-api-key"] == "atp_key"


@pytest.mark.parametrize("ref", ["", ".", ".."])
def test_a_reference_that_would_become_another_endpoint_is_refused_before_sending(client, server, ref):
    with pytest.raises(ValueError, match="neither an id nor an alias"):
        client.images.delete(ref)

    assert server.requests == []


def test_a_slash_in_a_reference_stays_in_its_segment(client, server):
    with pytest.raises(errors.NotFound):
        client.images.get("../keys?x=1")

    assert server.requests[-1].url.raw_path == b"/api/v1/images/..%2Fkeys%3Fx%3D1"


def test_what_an_update_does_not_name_is_not_sent(client, server):
    image = server.add()

    client.images.update(image["id"], meta={"a": 1})
    assert sent(server) == {"meta": {"a": 1}}

    client.images.update(image["id"], focal_point=FocalPoint(0.5, 0.25))
    assert sent(server) == {"focalPoint": {"x": 0.5, "y": 0.25}}


def test_none_clears_the_focal_point(client, server):
    image = server.add(focalPoint={"x": 0.1, "y": 0.1})

    updated = client.images.update(image["id"], focal_point=None)

    assert sent(server) == {"focalPoint": None}
    assert updated.focal_point is None


def test_a_patch_is_a_json_merge_patch(client, server):
    image = server.add()

    client.images.patch(image["id"], meta={"a": 1, "b": None})

    assert server.requests[-1].method == "PATCH"
    assert server.requests[-1].headers["content-type"] == "application/merge-patch+json"
    assert sent(server) == {"meta": {"a": 1, "b": None}}


def test_a_write_with_an_old_etag_loses(client, server):
    image = server.add()

    with pytest.raises(errors.PreconditionFailed):
        client.images.update(image["id"], meta={}, if_match='"v0"')


def test_an_assignment_names_the_image_that_lost_the_alias(client, server):
    old, new = server.add(alias="@hero"), server.add()

    assigned = client.images.assign_alias(new["id"], "@hero")

    assert assigned.displaced == old["id"]
    assert assigned.image.alias == "@hero"
    assert assigned.image.etag == '"v1"'
    assert sent(server) == {"alias": "@hero"}


def test_an_assignment_says_only_the_conditions_it_was_given(client, server):
    image = server.add()

    client.images.assign_alias(image["id"], "@a", expect_image_id=None, note="launch")
    assert sent(server) == {"alias": "@a", "expectImageId": None, "note": "launch"}

    with pytest.raises(errors.AliasConflict):
        client.images.assign_alias(image["id"], "@a", on_conflict="fail")


def test_an_alias_can_be_removed(client, server):
    image = server.add(alias="@hero")

    assert client.images.remove_alias("@hero").alias is None
    assert client.images.assign_alias(image["id"], None).image.alias is None
    assert sent(server) == {"alias": None}


def test_delete_returns_the_id_and_trash_is_said_only_when_wanted(client, server):
    gone, trashed = server.add(), server.add()

    assert client.images.delete(gone["id"]) == gone["id"]
    assert server.requests[-1].url.query == b""

    client.images.delete(trashed["id"], trash=True)
    assert server.requests[-1].url.query == b"trash=true"


def test_restore_brings_an_image_back(client, server):
    image = server.add()

    assert client.images.restore(image["id"]).id == image["id"]
    assert server.requests[-1].headers["idempotency-key"]
