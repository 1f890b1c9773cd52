import json


def test_a_name_moves_to_the_image_it_is_set_to(remote, upload, client):
    old, new = upload(alias="@hero"), upload()

    ended = remote("aliases", "set", "@hero", new.id, "--json")

    address = new.storage_url.replace(new.id, "@hero")
    assert json.loads(ended.out) == {"alias": "@hero", "imageId": new.id, "displaced": old.id, "url": address}
    assert client.images.get("@hero").id == new.id


def test_the_at_sign_may_be_left_out(remote, upload, client):
    image = upload()

    ended = remote("aliases", "set", "hero", image.id)

    assert ended.out.split("\t")[:2] == ["@hero", image.id]
    assert client.images.get("@hero").id == image.id


def test_a_name_can_be_set_only_if_it_is_where_it_is_expected(remote, upload, client):
    old, new = upload(alias="@hero"), upload()

    def set_to(image, *options):
        return remote("aliases", "set", "@hero", image.id, *options).code

    assert set_to(new, "--fail-if-taken") == 1
    assert set_to(new, "--expect-image", "none") == 1
    assert set_to(new, "--expect-image", new.id) == 1
    assert client.images.get("@hero").id == old.id
    assert set_to(new, "--expect-image", old.id) == 0
    assert client.images.get("@hero").id == new.id


def test_a_name_is_taken_and_the_image_stays(remote, upload, client):
    image = upload(alias="@hero")

    ended = remote("aliases", "unset", "@hero", "--json")

    assert json.loads(ended.out) == {"alias": "@hero", "imageId": image.id}
    assert client.images.get(image.id).alias is None
    assert remote("aliases", "unset", "@hero").code == 1


def test_names_are_listed_in_order(remote, upload):
    images = {alias: upload(alias=alias).id for alias in ("@sea", "@hero", "@sun")}
    upload()

    everything = json.loads(remote("aliases", "list", "--json").out)
    some = remote("aliases", "list", "--prefix", "s").out

    assert [(entry["alias"], entry["imageId"]) for entry in everything] == sorted(images.items())
    assert [line.split("\t")[:2] for line in some.splitlines()] == [["@sea", images["@sea"]], ["@sun", images["@sun"]]]
