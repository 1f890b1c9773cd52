"""A project's rules for its delivery, over HTTP, on a running server that has delivered before."""

import time
from io import BytesIO

import PIL.Image
import pytest
from tests.photographs import photo
from tests.wire import eventually

from atpix.projects import actions, preferences
from atpix_client import signing

SECRET = "a-secret-of-our-own"


@pytest.fixture
def rules(svc, project, public, hero):
    """Change them, and wait until the server goes by them: by the answer that `until` expects of an address."""

    def change(until=None, **given):
        actions.update_project(svc, project.row.id, settings=preferences.parse(given))
        if until is not None:
            path, status = until
            eventually(lambda: public.get(path).status_code == status)

    assert public.get(hero.by_id).status_code == 200
    return change


@pytest.fixture
def sign(server):
    def signed(path, kid="site", secret=SECRET, **options):
        return signing.sign(server.url + path, secret, kid, **options)

    return signed


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def size(answer):
    assert answer.status_code == 200, answer.text
    return PIL.Image.open(BytesIO(answer.content)).size


def test_a_preset_is_a_name_for_parameters_and_may_be_the_only_way(rules, public, hero):
    rules(presets={"card": "w=80&h=40&format=png"}, until=(f"{hero.by_id}?preset=card", 200))

    assert size(public.get(f"{hero.by_alias}?preset=card")) == (80, 40)
    assert size(public.get(f"{hero.by_alias}/preset=card,w=40/x.png")) == (40, 40)
    assert code(public.get(f"{hero.by_alias}?preset=nothing")) == (400, "VALIDATION_ERROR")

    rules(presetsOnly=True, until=(f"{hero.by_id}?w=30", 403))
    assert size(public.get(f"{hero.by_alias}?preset=card")) == (80, 40)
    assert code(public.get(f"{hero.by_alias}?preset=card&w=30")) == (403, "FORBIDDEN")
    assert public.get(hero.by_alias).content == hero.content


def test_a_preset_that_changes_changes_what_is_delivered_under_its_name(rules, public, hero):
    address = f"{hero.by_alias}?preset=card&format=png"
    rules(presets={"card": "w=80&h=40"}, until=(address, 200))
    before = public.get(address)

    rules(presets={"card": "w=20&h=10"})

    eventually(lambda: size(public.get(address)) == (20, 10))
    assert public.get(address).headers["etag"] != before.headers["etag"]


def test_strict_delivery_says_what_it_would_have_ignored_or_clamped(rules, public, hero):
    address = f"{hero.by_id}?w=0&q=900&utm=x"
    assert public.get(address).status_code == 200

    rules(strictDelivery=True, until=(address, 400))

    refused = public.get(address)
    assert [fault["path"] for fault in refused.json()["error"]["details"]] == ["w", "q", "utm"]
    assert "immutable" not in refused.headers["cache-control"]


def test_widths_are_those_of_the_ladder(rules, public, hero):
    rules(widthLadder=[40, 80], strictDelivery=True, until=(f"{hero.by_id}?utm", 400))

    answers = [public.get(f"{hero.by_id}?w={width}&format=png") for width in (1, 39, 40, 41, 80, 81, 5000)]

    assert [size(answer)[0] for answer in answers] == [40, 40, 40, 80, 80, 80, 80]
    assert len({answer.headers["etag"] for answer in answers}) == 2


def test_a_hidden_original_is_never_delivered(rules, public, hero):
    rules(hideOriginals=True, until=(hero.by_id, 403))

    for path in (hero.by_id, hero.by_alias, f"{hero.by_alias}/cat.jpg", f"{hero.by_id}?utm=1", f"{hero.by_id}?dl=1"):
        assert code(public.get(path)) == (403, "FORBIDDEN"), path
    for query in ("w=5000", "q=100", "format=jpeg&q=100", "fit=inside", "w=160&h=120&format=jpeg&q=100", "rot=360"):
        answer = public.get(f"{hero.by_id}?{query}", headers={"Accept": "image/jpeg"})
        assert answer.status_code in {200, 403}, query
        assert hero.content not in answer.content, query


def test_an_original_that_was_the_best_answer_is_not_served_once_it_is_hidden(rules, public, upload, project):
    small = photo(3, "WEBP", (32, 32))
    image = upload(small)
    address = f"{project.cdn}/{image.id}?w=32&format=webp&q=100"
    assert public.get(address).status_code == 200

    rules(hideOriginals=True, until=(f"{project.cdn}/{image.id}", 403))

    assert public.get(address).content != small


def test_every_address_needs_a_signature_where_a_project_asks_for_them(rules, public, hero, sign, project):
    other = "other-secret-of-ours"
    keys = {"site": {"secret": SECRET}, "next": {"secret": other}}
    rules(urlKeys=keys, signedUrls=True, until=(hero.by_id, 403))
    soon = int(time.time()) + 1000
    rendition = sign(f"{hero.by_alias}?w=40&format=png", expires=soon)

    assert public.get(sign(hero.by_id)).content == hero.content
    assert public.get(sign(hero.by_id, "next", other)).content == hero.content
    assert size(public.get(rendition))[0] == 40
    path, _, query = rendition.partition("?")
    reordered = "&".join(reversed(query.split("&"))).replace("w=40", "Width=40")
    assert size(public.get(f"{path}?{reordered}"))[0] == 40
    assert size(public.get(f"{path}/{query.replace('&', ',')}/cat.png"))[0] == 40

    for address in (
        hero.by_alias,
        f"{hero.by_alias}?w=40&format=png",
        rendition.replace("w=40", "w=41"),
        rendition.replace("@hero", hero.image.id),
        rendition.replace(f"exp={soon}", f"exp={soon + 1}"),
        rendition.replace("kid=site", "kid=next"),
        rendition.replace("kid=site", "kid=gone"),
        sign(f"{hero.by_alias}?w=40&format=png", expires=soon - 2000),
        sign(f"{hero.by_alias}?w=40", secret="of somebody else"),
        sign(f"{project.cdn}/@nobody").replace("sig=", "sig=x"),
    ):
        assert code(public.get(address)) == (403, "FORBIDDEN"), address
    assert public.get(sign(f"{project.cdn}/@nobody")).status_code == 404


def test_an_answer_lives_no_longer_than_its_signature_and_tells_nobody_of_it(rules, public, hero, sign):
    rules(urlKeys={"site": {"secret": SECRET}}, signedUrls=True, until=(hero.by_id, 403))

    answers = [
        public.get(sign(f"{address}{query}", expires=int(time.time()) + 100))
        for address in (hero.by_id, hero.by_alias)
        for query in ("", "?w=40")
    ]

    for answer in answers:
        assert int(answer.headers["cache-control"].partition("max-age=")[2].partition(",")[0]) <= 100
        assert "immutable" not in answer.headers["cache-control"]
        assert "sig=" not in answer.headers.get("content-location", "")


def test_an_address_ends_on_the_second_also_where_it_is_remembered(rules, public, hero, sign):
    rules(urlKeys={"site": {"secret": SECRET}}, signedUrls=True, until=(hero.by_id, 403))
    address = sign(hero.by_id, expires=int(time.time()) + 2)

    assert public.get(address).status_code == 200
    eventually(lambda: public.get(address).status_code == 403, within_s=5)


def test_a_key_that_is_removed_signs_nothing_any_more(rules, public, hero, sign):
    keys = {"site": {"secret": SECRET}, "next": {"secret": SECRET[::-1]}}
    rules(urlKeys=keys, signedUrls=True, until=(hero.by_id, 403))
    address = sign(f"{hero.by_id}?w=40")
    assert public.get(address).status_code == 200

    rules(urlKeys={"site": None}, until=(address, 403))


def test_new_renditions_have_a_budget_and_those_that_exist_do_not(rules, public, hero):
    kept = f"{hero.by_id}?w=40&format=png"
    assert public.get(kept).status_code == 200

    rules(newRenditionsPerImage=1, strictDelivery=True, until=(f"{hero.by_id}?utm", 400))

    assert code(public.get(f"{hero.by_id}?w=42&format=png")) == (429, "RATE_LIMIT_EXCEEDED")
    assert public.get(kept).status_code == 200
    assert public.get(hero.by_id).status_code == 200

    rules(newRenditionsPerImage=None, newRenditionsPerMinute=0, strictDelivery=None, until=(f"{hero.by_id}?utm", 200))
    spent = public.get(f"{hero.by_id}?w=42&format=png")
    assert code(spent) == (429, "RATE_LIMIT_EXCEEDED")
    assert 0 < int(spent.headers["retry-after"]) <= 60


def test_what_is_hidden_or_signed_is_open_to_the_projects_own_key(rules, public, hero, project, other_project, client):
    rules(hideOriginals=True, signedUrls=True, urlKeys={"site": {"secret": SECRET}}, until=(hero.by_id, 403))

    own = public.get(hero.by_id, headers={"X-API-Key": project.key})
    assert (own.status_code, own.content) == (200, hero.content)
    assert own.headers["cache-control"] == "private, no-store"
    assert public.get(hero.by_alias, headers={"Authorization": f"Bearer {project.key}"}).content == hero.content
    assert public.get(f"{hero.by_id}?w=30", headers={"X-API-Key": project.key}).status_code == 200
    assert client.images.download(hero.image.id) == hero.content
    for key in (None, "nonsense", other_project.key):
        headers = {"X-API-Key": key} if key else {}
        assert code(public.get(hero.by_id, headers=headers))[0] == 403
        assert code(public.get(f"{hero.by_id}?w=30", headers=headers))[0] == 403


def test_a_key_that_may_not_read_opens_nothing(rules, public, hero, svc, project):
    key = actions.create_key(svc, project.row, scopes=frozenset({"write"})).text
    rules(hideOriginals=True, until=(hero.by_id, 403))

    assert code(public.get(hero.by_id, headers={"X-API-Key": key})) == (403, "FORBIDDEN")
