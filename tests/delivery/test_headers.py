"""What comes with the bytes: contract, section 4."""

from email.utils import parsedate_to_datetime

import pytest
from tests.photographs import TYPES, photo
from tests.wire import eventually

WRITING = ["POST", "PUT", "PATCH", "DELETE"]


def test_an_image_by_id_may_be_kept_for_ever(public, hero, project):
    answer = public.get(hero.by_id)

    assert answer.status_code == 200
    assert answer.content == hero.content
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(hero.content))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].startswith('"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-tag"] == f"img-{hero.image.id},project-{project.row.id}"
    assert answer.headers["surrogate-key"] == f"img-{hero.image.id} project-{project.row.id}"
    assert answer.headers["server-timing"]
    assert "content-location" not in answer.headers
    assert "set-cookie" not in answer.headers


def test_an_image_by_alias_is_kept_for_a_moment_and_says_which_it_is(public, hero, project):
    answer = public.get(hero.by_alias)

    assert answer.content == hero.content
    assert "max-age=" in answer.headers["cache-control"]
    assert "stale-while-revalidate=" in answer.headers["cache-control"]
    assert "immutable" not in answer.headers["cache-control"]
    assert answer.headers["content-location"] == hero.by_id
    assert answer.headers["cache-tag"] == f"img-{hero.image.id},project-{project.row.id},alias-hero"
    assert answer.headers["surrogate-key"] == f"img-{hero.image.id} project-{project.row.id} alias-hero"
    assert public.get(answer.headers["content-location"]).content == hero.content


def test_the_etag_is_of_the_bytes_by_either_address(public, hero, upload):
    etags = {public.get(address).headers["etag"] for address in (hero.by_id, hero.by_alias)}

    assert len(etags) == 1
    assert public.get(upload().storage_url).headers["etag"] not in etags


def test_last_modified_is_when_the_bytes_or_the_name_came(public, hero, client):
    created = public.head(hero.by_id).headers["last-modified"]
    assert parsedate_to_datetime(created) == hero.image.created_at.replace(microsecond=0)

    eventually(lambda: "last-modified" in public.head(hero.by_alias).headers)
    named = public.head(hero.by_alias).headers["last-modified"]
    assert parsedate_to_datetime(named) >= parsedate_to_datetime(created)
    for address, date in ((hero.by_id, created), (hero.by_alias, named)):
        assert public.get(address, headers={"If-Modified-Since": date}).status_code == 304


@pytest.mark.parametrize("way", ["by_id", "by_alias"])
def test_head_says_what_get_says_without_the_bytes(public, hero, way):
    address = getattr(hero, way)

    got, head = public.get(address), public.head(address)

    assert head.status_code == 200
    assert head.content == b""
    differing = {"date", "server-timing", "last-modified"}
    assert {n: v for n, v in head.headers.items() if n not in differing} == {
        n: v for n, v in got.headers.items() if n not in differing
    }


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_media_type_is_that_of_the_bytes(public, upload, kind):
    image = upload(photo(3, kind), filename="wrong.html")

    assert public.get(image.storage_url).headers["content-type"] == TYPES[kind]


@pytest.mark.parametrize(
    "name", ["photo.jpg", "a%20b.png", "%F0%9F%8C%8D.webp", "a@2x.jpg", "..%2f..%2fetc%2fpasswd", ""]
)
def test_a_file_name_at_the_end_is_ignored(public, hero, name):
    for address in (hero.by_id, hero.by_alias):
        assert public.get(f"{address}/{name}").content == hero.content


def test_other_origins_may_read(public, hero):
    origin = {"Origin": "https://shop.example"}
    preflight = public.options(
        hero.by_id, headers=origin | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    )

    assert public.get(hero.by_id, headers=origin).headers["access-control-allow-origin"] == "*"
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "GET" in preflight.headers["access-control-allow-methods"]
    assert "range" in preflight.headers["access-control-allow-headers"].lower()


@pytest.mark.parametrize("method", WRITING)
def test_nothing_can_be_written_here(public, hero, method):
    answer = public.request(method, hero.by_id)

    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert "GET" in answer.headers["allow"]
    assert public.get(hero.by_id).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("{cdn}/01890000-0000-7000-8000-000000000000", 404, "IMAGE_NOT_FOUND"),
        ("{cdn}/@nobody", 404, "ALIAS_NOT_FOUND"),
        ("/cdn/nobody/shop/img/@hero", 404, "IMAGE_NOT_FOUND"),
        ("/cdn/nobody", 404, "NOT_FOUND"),
        ("/cdn/", 404, "NOT_FOUND"),
        ("{cdn}", 404, "NOT_FOUND"),
        ("{cdn}/hero", 400, "VALIDATION_ERROR"),
        ("{cdn}/@he%20ro", 400, "ALIAS_FORMAT_CHECK"),
        ("{cdn}/%2540hero", 400, "VALIDATION_ERROR"),
        ("{cdn}/@last", 400, "TECHNICAL_ALIAS_REQUIRES_FLOW"),
        ("{cdn}/%00", 400, "VALIDATION_ERROR"),
        ("/cdn/%00/%00/img/@hero", 404, "NOT_FOUND"),
    ],
)
def test_an_error_is_small_json_with_a_short_life(public, hero, project, path, status, code):
    answer = public.get(path.format(cdn=project.cdn))

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["success"] is False
    assert len(answer.content) < 500
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-request-id"] == answer.json()["error"]["requestId"]
    assert public.head(path.format(cdn=project.cdn)).status_code == status


def test_a_flows_names_are_found_in_the_flow_only(public, upload, project):
    image = upload(flow_alias="@cover")

    assert public.get(f"{project.cdn}/@cover").status_code == 404
    assert public.get(f"{project.cdn}/@cover?flow={image.flow_id}").status_code == 200
