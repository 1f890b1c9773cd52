"""Purging through Varnish: by tag, by address, and only from where it is allowed."""

import httpx2
import pytest
from tests.deploy.conftest import is_hit
from tests.deploy.test_through_a_proxy import ACCEPTS, until_avif
from tests.photographs import photo
from tests.wire import Wire


@pytest.fixture
def kept(through_varnish, public, upload, project):
    """Two images, one of them named, each original and each class of a rendition kept."""
    images = upload(photo(1), alias="@hero"), upload(photo(2))
    for image in images:
        original, *renditions = ways(project, image)
        for way in renditions:
            until_avif(public, way)
        for way in (original, *renditions):
            ask(through_varnish, way)
            assert all(map(is_hit, ask(through_varnish, way)))
    return images


def ways(project, image) -> list[str]:
    return [f"{project.cdn}/{image.id}", f"{project.cdn}/{image.id}?w=90", f"{project.cdn}/{image.id}/w=80"]


def ask(through: Wire, path: str) -> list[httpx2.Response]:
    return [through.get(path, headers={"Accept": accept}) for accept in ACCEPTS.values()]


def purge(through: Wire, path: str = "/", **headers: str) -> httpx2.Response:
    return through.request("PURGE", path, headers={name.replace("_", "-"): tag for name, tag in headers.items()})


@pytest.mark.parametrize("header", ["Surrogate_Key", "Cache_Tag"])
def test_a_tag_takes_all_that_carries_it_and_nothing_else(through_varnish, kept, project, header):
    gone, stays = kept

    purged = purge(through_varnish, **{header: f"img-{gone.id}"})

    assert (purged.status_code, purged.text) == (200, "Purged 7\n")
    for way in ways(project, gone):
        assert not is_hit(ask(through_varnish, way)[0])
    for way in ways(project, stays):
        assert all(map(is_hit, ask(through_varnish, way)))


def test_several_tags_go_at_once(through_varnish, kept, project):
    assert purge(through_varnish, Surrogate_Key=" ".join(f"img-{image.id}" for image in kept)).text == "Purged 14\n"


def test_a_projects_tag_takes_all_of_the_project(through_varnish, kept, project):
    assert purge(through_varnish, Cache_Tag=f"project-{project.row.id}").text == "Purged 14\n"


def test_a_deleted_image_is_gone_with_its_tag(through_varnish, kept, client, project):
    gone, _ = kept
    client.images.delete(gone.id)
    assert through_varnish.get(ways(project, gone)[0]).status_code == 200

    purge(through_varnish, Surrogate_Key=f"img-{gone.id}")

    assert {answer.status_code for way in ways(project, gone) for answer in ask(through_varnish, way)} == {404}


def test_a_name_that_moved_and_was_purged_shows_the_new_image_at_once(through_varnish, kept, client, project):
    _, new = kept
    path = f"{project.cdn}/@hero"
    for _ in range(20):
        through_varnish.get(path)
        client.images.assign_alias(new.id, "@hero")
        purge(through_varnish, Surrogate_Key="alias-hero")
        assert through_varnish.get(path).headers["content-location"] == f"{project.cdn}/{new.id}"
        new = kept[0] if new is kept[1] else kept[1]


def test_an_address_goes_in_all_its_classes(through_varnish, kept, project):
    image, _ = kept
    original, rendition, _ = ways(project, image)

    assert purge(through_varnish, rendition).status_code == 200

    assert not any(map(is_hit, ask(through_varnish, rendition)))
    assert is_hit(through_varnish.get(original))


def test_nobody_else_may_purge(through_varnish, kept, project):
    image, _ = kept
    tag = {"Surrogate-Key": f"img-{image.id}"}
    paths = ["/", *ways(project, image)]

    with httpx2.Client(transport=httpx2.HTTPTransport(local_address="127.0.0.2"), trust_env=False) as elsewhere:
        refused = [elsewhere.request("PURGE", through_varnish.base + path, headers=tag) for path in paths]
    forwarded = tag | {"X-Forwarded-For": "203.0.113.7"}
    refused += [through_varnish.request("PURGE", path, headers=forwarded) for path in paths]

    assert {answer.status_code for answer in refused} == {403}
    for way in ways(project, image):
        assert all(map(is_hit, ask(through_varnish, way)))


def test_parameters_in_another_order_meet_the_same_entry(through_varnish, upload, project):
    path = f"{project.cdn}/{upload().id}"
    first = through_varnish.get(f"{path}?w=90&h=60&format=webp")

    again = through_varnish.get(f"{path}?format=webp&h=60&w=90")

    assert is_hit(again)
    assert again.content == first.content


def test_an_encoded_name_is_the_name(through_varnish, upload, project):
    upload(alias="@logo")
    through_varnish.get(f"{project.cdn}/@logo")

    assert through_varnish.get(f"{project.cdn}/%40logo").headers["content-location"].startswith(project.cdn)
