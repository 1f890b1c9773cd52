"""How long an answer may be kept, by whom, and what tells two answers of one address apart."""

import time

import pytest
from tests.photographs import photo
from tests.wire import eventually

from atpix.projects import actions, preferences
from atpix_client import signing

SECRET = "a-secret-of-our-own"
WEBP = {"Accept": "image/webp"}
FOR_EVER = "public, max-age=31536000, immutable"
UNTIL_IT_IS_MOVED = "public, max-age=300, stale-while-revalidate=300"


@pytest.fixture
def rules(svc, project, public, hero):
    """Change the project's settings, and wait until the server goes by them: `path` is answered with `status`."""

    def change(path, status, **given):
        actions.update_project(svc, project.row.id, settings=preferences.parse(given))
        eventually(lambda: public.get(path).status_code == status)

    return change


@pytest.fixture
def sign(server):
    return lambda path, **options: signing.sign(server.url + path, SECRET, "site", **options)


def life(answer):
    return answer.headers["cache-control"]


def test_facts_that_tell_the_focal_point_are_not_for_ever_by_id(public, hero):
    assert life(public.get(f"{hero.by_id}?format=json")) == UNTIL_IT_IS_MOVED
    assert life(public.get(f"{hero.by_id}?format=thumbhash")) == FOR_EVER


def test_what_a_preset_means_may_change_so_it_is_not_for_ever_by_id(rules, public, hero):
    rules(f"{hero.by_id}?preset=card", 200, presets={"card": "w=40&format=png"})

    answers = [public.get(f"{hero.by_id}{rest}") for rest in ("?preset=card", "/p=card", "?p=card&w=50&q=3")]

    assert {life(answer) for answer in answers} == {UNTIL_IT_IS_MOVED}
    assert not any("last-modified" in answer.headers for answer in answers)
    assert life(public.get(f"{hero.by_id}?w=40&format=png")) == FOR_EVER


def test_files_of_several_kinds_under_one_address_share_no_date(public, hero):
    address = f"{hero.by_id}?w=47"
    date = public.get(f"{address}&format=png").headers["last-modified"]
    webp, plain = public.get(address, headers=WEBP), public.get(address)

    assert "last-modified" not in webp.headers
    assert "last-modified" not in plain.headers
    assert public.get(address, headers=WEBP | {"If-Modified-Since": date}).status_code == 200
    part = public.get(address, headers=WEBP | {"If-Range": date, "Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (200, webp.content)
    assert public.get(address, headers={"If-None-Match": webp.headers["etag"]}).status_code == 200
    assert public.get(f"{address}&format=png", headers={"If-Modified-Since": date}).status_code == 304


def test_what_has_no_date_is_remembered_all_the_same(public, hero):
    public.get(f"{hero.by_id}?w=48", headers=WEBP)

    assert public.get(f"{hero.by_id}?w=48", headers=WEBP).headers["server-timing"] == 'cache;desc="memory"'


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_whatever_goes_to_a_key_is_for_nobody_else(public, hero, project, header):
    key = {header: project.key if header == "X-API-Key" else f"Bearer {project.key}"}

    for path in (f"{hero.by_id}?dl=1", f"{hero.by_alias}?utm=1", f"{hero.by_id}?w=40"):
        assert life(public.get(path, headers=key)) == "private, no-store"
        assert life(public.get(path)) != "private, no-store"
    for path in (f"{project.cdn}/@nobody", f"{project.cdn}/@nobody?w=40", f"{hero.by_id}?preset=nothing"):
        assert life(public.get(path, headers=key)) == "private, no-store"
        assert life(public.get(path)) == "public, max-age=5"


def test_refusals_of_one_request_are_kept_by_nobody(rules, public, hero):
    assert life(public.post(hero.by_id)) == "no-store"
    assert life(public.get(hero.by_id, headers={"Range": "bytes=99999999-"})) == "no-store"
    rules(f"{hero.by_id}?utm", 400, newRenditionsPerMinute=0, strictDelivery=True)
    spent = public.get(f"{hero.by_id}?w=44&format=png")
    assert (spent.status_code, life(spent)) == (429, "no-store")


def test_refusals_are_kept_by_nobody_where_a_signature_decides(rules, public, hero, sign, project):
    rules(f"{hero.by_id}?w=44", 403, presetsOnly=True)
    assert life(public.get(f"{hero.by_id}?w=44")) == "public, max-age=5"

    rules(hero.by_id, 403, presetsOnly=None, urlKeys={"site": {"secret": SECRET}}, signedUrls=True)

    missing = public.get(sign(f"{project.cdn}/@nobody"))
    assert (missing.status_code, life(missing)) == (404, "no-store")
    for path in (hero.by_id, f"{hero.by_id}?w=44", f"{project.cdn}/@nobody/w=4"):
        refused = public.get(path)
        assert (refused.status_code, life(refused)) == (403, "no-store")


def test_signed_addresses_end_on_their_second_for_caches_too(rules, public, hero, sign):
    rules(hero.by_id, 403, urlKeys={"site": {"secret": SECRET}}, signedUrls=True)
    end_s = int(time.time()) + 3
    addresses = [sign(f"{hero.by_id}{query}", expires=end_s) for query in ("?w=40&format=png", "")]
    kept_until_s: list[float] = []

    def are_over() -> bool:
        answers = [public.get(address) for address in addresses]
        alive = [answer for answer in answers if answer.status_code == 200]
        kept_until_s.extend(time.time() + int(life(answer).partition("max-age=")[2]) for answer in alive)
        return not alive

    eventually(are_over)

    assert kept_until_s
    assert max(kept_until_s) < end_s + 0.5


def test_a_signature_is_told_to_nobody_however_it_was_written(rules, public, hero, sign):
    rules(hero.by_id, 403, urlKeys={"site": {"secret": SECRET}}, signedUrls=True)
    query = sign(f"{hero.by_alias}?w=40&format=png", expires=int(time.time()) + 100).partition("?")[2]

    for rest, told in (
        (f"?{query}", "?w=40&format=png"),
        (f"?{query.replace('sig=', 'signature=').replace('exp=', 'Expires=')}", "?w=40&format=png"),
        (f"?{query.replace('sig=', '%73ig=')}", "?w=40&format=png"),
        (f"/{query.replace('&', ',')}", "/w=40,format=png"),
    ):
        answer = public.get(hero.by_alias + rest)
        assert answer.status_code == 200
        assert answer.headers["content-location"] == f"{hero.by_id}{told}"


def test_headers_do_not_grow_with_the_address(public, hero):
    answer = public.get(f"{hero.by_alias}?w=50&x={'y' * 30_000}")

    assert answer.status_code == 200
    assert "content-location" not in answer.headers
    assert sum(len(name) + len(value) for name, value in answer.headers.raw) < 2000
    assert (
        public.get(f"{hero.by_alias}?w=50&x={'y' * 100}").headers["content-location"].startswith(f"{hero.by_id}?w=50")
    )


@pytest.mark.parametrize("wanted", ["bytes=0-7", "bytes=0-7,100-107"])
@pytest.mark.parametrize("damage", ["overwritten", "cut"])
def test_parts_are_of_sound_bytes_as_the_whole_is(svc, public, project, upload, damage, wanted):
    width, height = (900, 700) if damage == "cut" else (200, 100)  # a small one is served from memory
    image = upload(photo(9, "PNG", (width, height)))
    address = f"{image.storage_url}?w={width - 10}&format=png"
    whole = public.get(address).content
    expected = public.get(address, headers={"Range": wanted})
    (file,) = (path for path in (svc.settings.data / "blobs" / "renditions").rglob("*.png") if image.id in path.parts)

    if damage == "cut":
        file.write_bytes(whole[:1000])
    else:
        file.write_bytes(b"XXXXXXXX" + whole[8:])
    part = public.get(address, headers={"Range": wanted})

    assert part.status_code == expected.status_code == 206
    assert whole[:8] in part.content
    assert len(part.content) == len(expected.content)
