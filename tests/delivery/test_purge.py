"""Throwing away what was made from an image."""


def test_a_purged_image_is_rendered_again_and_stays_as_it_was(public, raw, client, hero, svc, project):
    address = f"{hero.by_id}?w=64&h=64"
    before = public.get(address)
    public.get(f"{hero.by_id}?w=32")
    assert svc.renditions.made(project.row.id, hero.image.id) == 2

    assert client.images.purge("@hero") == 2

    assert svc.renditions.made(project.row.id, hero.image.id) == 0
    after = public.get(address)
    assert 'desc="miss"' in after.headers["server-timing"]
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    assert public.get(hero.by_id).content == hero.content


def test_purging_twice_is_no_error_and_an_idempotent_answer_is_repeated(public, raw, hero):
    public.get(f"{hero.by_id}?w=48")
    path, once = f"/api/v1/images/{hero.image.id}/purge", {"Idempotency-Key": f"purge-{hero.image.id}"}

    first = raw.post(path, headers=once)
    again = raw.post(path, headers=once)
    another = raw.post(path)

    assert first.json()["data"] == {"id": hero.image.id, "dropped": 1}
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert another.json()["data"]["dropped"] == 0


def test_only_a_key_that_may_write_purges_and_only_in_its_project(public, other_raw, hero, server, new_project, wire):
    path = f"/api/v1/images/{hero.image.id}/purge"

    assert public.post(path).status_code == 401
    assert other_raw.post(path).status_code == 404
    reader = new_project(scopes=("read",))
    refused = wire.post(server.url + path, headers={"X-API-Key": reader.key})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
