"""Live URLs that mean nothing, or no good."""

import http.client
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from tests.live.conftest import refused

from atpix.db.generation_tables import generations


@pytest.fixture(autouse=True)
def nothing_is_made(svc, project):
    yield
    with svc.db.read() as tx:
        mine = generations.c.project_id == project.row.id
        assert tx.scalar(sa.select(sa.func.count()).select_from(generations).where(mine)) == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "prompt"),
        ("prompt", "prompt"),
        ("prompt=", "prompt"),
        ("prompt=%20%09%20", "prompt"),
        ("prompt=%E2%80%8B%E2%80%AE%EF%BB%BF", "prompt"),
        ("prompt=%20%E2%80%8B%C2%A0%20", "prompt"),
        ("prompt=a%00b", "prompt"),
        ("prompt=a%0Ab", "prompt"),
        ("prompt=a%0D%0AX-Header:%20b", "prompt"),
        ("prompt=a%1Bb", "prompt"),
        ("prompt=a%7Fb", "prompt"),
        ("prompt=a%C2%85b", "prompt"),
        ("prompt=%FF%FE", "prompt"),
        ("prompt=%ED%A0%80", "prompt"),
        ("prompt=cat&prompt=", "prompt"),
        ("prompt=" + "x" * 32_001, "prompt"),
        ("prompt=cat&aspectRatio=", "aspectRatio"),
        ("prompt=cat&aspectRatio=5:4", "aspectRatio"),
        ("prompt=cat&aspectratio=16x9", "aspectRatio"),
        ("prompt=cat&autoEnhance=maybe", "autoEnhance"),
        ("prompt=cat&template=gothic", "template"),
        ("prompt=cat&preset=nobody", "preset"),
        ("prompt=cat&" + "&".join(f"p{n}=1" for n in range(64)), ""),
        ("prompt=cat&dl=" + "x" * 8200, ""),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(page, public, query, field):
    answer = public.get(f"{page.path}?{query}")

    error = refused(answer, 400, "VALIDATION_ERROR")
    assert [detail["path"] for detail in error["details"]] == [field]


def as_written(server, path):
    """No client tidies it, or finds it too long."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest("GET", path)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize(
    "scope",
    ["..", "%2e%2e", "..%2f..%2fimg", "heroes/", "heroes/x", "heroes%2Fx", "Heroes", "her%00oes", "her%20oes", "",
     "a" * 64, "-a", "%F0%9F%90%88"],
)  # fmt: skip
def test_no_scope_leads_anywhere_else(page, server, scope):
    path = page.path.replace("heroes", scope)

    assert as_written(server, f"{path}?prompt=cat") in {400, 404}


def test_an_address_that_ends_where_a_live_url_would_begin_is_not_there(public):
    assert [public.get(path).status_code for path in ("/cdn/live/x", "/cdn/live/", "/cdn//live/")] == [404] * 3


@pytest.mark.parametrize("slugs", ["nobody/shop", "nobody/nothing", "../..", "A/b"])
def test_another_project_is_not_there(page, public, slugs):
    answer = public.get(f"/cdn/{slugs}/live/heroes?prompt=cat")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] in {"SCOPE_NOT_FOUND", "NOT_FOUND"}


def test_a_url_that_is_too_long_for_the_server_is_refused_by_it(page, server):
    assert as_written(server, f"{page.path}?prompt={quote('ä' * 31_000)}") in {400, 414, 431}


def test_a_file_name_called_live_is_an_images(page, upload, public):
    image = upload()

    assert public.get(f"{page.images}/{image.id}/live/heroes").status_code == 200
