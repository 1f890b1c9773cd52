"""Focal point and meta: replaced by PUT, merged by PATCH."""

import pytest

from atpix_client import FocalPoint, errors


def test_what_is_absent_stays(client, upload):
    image = upload(meta={"a": 1}, focal_point=FocalPoint(0.1, 0.2))

    moved = client.images.update(image.id, focal_point=FocalPoint(0.5, 0.5))
    renamed = client.images.update(image.id, meta={"b": 2})

    assert (moved.meta, moved.focal_point) == ({"a": 1}, FocalPoint(0.5, 0.5))
    assert (renamed.meta, renamed.focal_point) == ({"b": 2}, FocalPoint(0.5, 0.5))


def test_null_clears_the_focal_point(client, upload):
    image = upload(focal_point=FocalPoint(0.1, 0.2))

    assert client.images.update(image.id, focal_point=None).focal_point is None
    assert client.images.get(image.id).focal_point is None


@pytest.mark.parametrize("point", [(0, 0), (1, 1), (0.5, 1), (1e-9, 0.999999)])
def test_the_bounds_of_a_focal_point_are_inside(client, upload, point):
    assert client.images.update(upload().id, focal_point=FocalPoint(*point)).focal_point == FocalPoint(*point)


def test_meta_is_replaced_whole(client, upload):
    image = upload(meta={"a": {"b": 1}, "c": 2})

    assert client.images.update(image.id, meta={"a": {}}).meta == {"a": {}}
    assert client.images.update(image.id, meta={}).meta == {}


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [  # RFC 7396, appendix A, as far as the target is an object
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_patch_is_the_json_merge_patch(client, upload, before, patch, after):
    image = upload(meta=before, focal_point=FocalPoint(0.1, 0.2))

    patched = client.images.patch(image.id, meta=patch)

    assert patched.meta == after
    assert patched.focal_point == FocalPoint(0.1, 0.2)


def test_a_patch_of_null_empties_meta_and_clears_the_focal_point(client, upload):
    image = upload(meta={"a": 1}, focal_point=FocalPoint(0.1, 0.2))

    patched = client.images.patch(image.id, meta=None, focal_point=None)

    assert (patched.meta, patched.focal_point) == ({}, None)


@pytest.mark.parametrize("content_type", ["application/json", "application/merge-patch+json"])
def test_a_patch_comes_in_either_media_type(raw, upload, content_type):
    path = f"/api/v1/images/{upload().id}"

    answer = raw.patch(path, content=b'{"meta": {"a": 1}}', headers={"Content-Type": content_type})

    assert answer.json()["data"]["meta"] == {"a": 1}


def test_an_update_shows_in_updated_at(client, upload):
    image = upload()

    updated = client.images.update(image.id, meta={"a": 1})

    assert updated.updated_at > image.updated_at
    assert updated.created_at == image.created_at


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_to_what_is_already_so_changes_nothing(raw, client, upload, method):
    image = upload(meta={"a": 1}, focal_point=FocalPoint(0.5, 0.25))

    body = {"meta": {"a": 1}, "focalPoint": {"x": 0.5, "y": 0.25}}
    answer = raw.request(method, f"/api/v1/images/{image.id}", json=body)

    assert answer.status_code == 200
    assert client.images.get(image.id).updated_at == image.updated_at
    assert client.images.get(image.id).etag == image.etag


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_alias_in_the_body_is_sent_to_its_own_address(raw, client, upload, method):
    image = upload()

    answer = raw.request(method, f"/api/v1/images/{image.id}", json={"alias": "@hero", "meta": {"a": 1}})

    assert answer.status_code == 400
    assert "/alias" in answer.json()["error"]["message"]
    assert client.images.get(image.id).meta == {}


def test_an_empty_update_is_the_image_as_it_is(client, upload):
    image = upload(meta={"a": 1})

    assert client.images.update(image.id).meta == {"a": 1}
    assert client.images.patch(image.id).updated_at == image.updated_at


def test_parallel_patches_of_different_keys_are_all_kept(client, upload, threads):
    image = upload()

    list(threads.map(lambda n: client.images.patch(image.id, meta={f"key{n}": n}), range(12)))

    assert client.images.get(image.id).meta == {f"key{n}": n for n in range(12)}


def test_of_parallel_writers_with_one_etag_one_wins(client, upload, threads):
    image = upload()

    def attempt(n):
        try:
            client.images.update(image.id, meta={"winner": n}, if_match=image.etag)
        except errors.PreconditionFailed:
            return None
        return n

    winners = [n for n in threads.map(attempt, range(8)) if n is not None]

    assert len(winners) == 1
    assert client.images.get(image.id).meta == {"winner": winners[0]}
