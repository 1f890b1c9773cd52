"""nginx and Varnish with the files of deploy/ hand on what Atpix says, and keep it as long as Atpix says."""

import os
import signal

import httpx2
import pytest
from tests.deploy.conftest import is_hit, told
from tests.photographs import photo
from tests.wire import Wire, eventually

from atpix_client import Image

ACCEPTS = {
    "avif": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "webp": "image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
    "plain": "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
}
SAME_CLASS = {
    "avif": ["IMAGE/AVIF", "text/html, image/avif ; q=0.1 , */*", "image/webp,image/avif"],
    "webp": ["image/avif;q=0,image/webp", "image/webp;q=0.001", "image/avif ; a=b ; q=0.000, image/webp;v=1"],
    "plain": ["image/webp;q=0, image/avif;q=0.0", "*/*", "", "image/webpish, ximage/avif", "image/jpeg"],
}
CLASSES = [(kind, accept) for kind, accepts in SAME_CLASS.items() for accept in accepts]


@pytest.fixture
def at(project):
    """The public path of an image, by its id or a name."""

    def path(image: Image | str, options: str = "") -> str:
        return f"{project.cdn}/{image if isinstance(image, str) else image.id}{options}"

    return path


def until_avif(public: Wire, path: str) -> None:
    """As long as it is being made, WebP stands in for a minute."""
    asked = {"Accept": ACCEPTS["avif"]}
    eventually(lambda: public.head(path, headers=asked).headers["content-type"] == "image/avif")


def is_as_fresh(kept: httpx2.Response, direct: httpx2.Response) -> bool:
    """Not fresher than it is: what changes is told with its age, or is to be asked about."""
    life = kept.headers["cache-control"]
    as_atpix_says = life == direct.headers["cache-control"]
    return as_atpix_says if "immutable" in life or "age" in kept.headers else life.startswith("public, max-age=0, must")


@pytest.mark.parametrize("options", ["", "/harbour.jpg", "?w=80&format=webp", "/w=80,fit=cover,h=80,format=png"])
def test_an_image_comes_through_as_it_is_and_is_kept(through, public, upload, at, options):
    path = at(upload(), options)

    direct, first, second = public.get(path), through.get(path), through.get(path)

    assert first.status_code == second.status_code == 200
    assert first.content == second.content == direct.content
    assert told(first) == told(direct)
    assert told(second, "cache-control") == told(direct, "cache-control")
    assert is_as_fresh(second, direct)
    assert (is_hit(first), is_hit(second)) == (False, True)


def test_each_class_of_accept_has_one_entry_and_its_own_type(through, public, upload, at):
    path = at(upload(), "?w=100")
    until_avif(public, path)

    first = {kind: through.get(path, headers={"Accept": accept}) for kind, accept in ACCEPTS.items()}
    again = {kind: through.get(path, headers={"Accept": accept}) for kind, accept in ACCEPTS.items()}

    assert {kind: answer.headers["content-type"] for kind, answer in first.items()} == {
        "avif": "image/avif",
        "webp": "image/webp",
        "plain": "image/jpeg",
    }
    assert [is_hit(answer) for answer in (*first.values(), *again.values())] == [False] * 3 + [True] * 3
    for kind, answer in again.items():
        assert answer.content == first[kind].content
        assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize(("kind", "accept"), CLASSES)
def test_other_words_for_a_class_meet_its_entry(through, public, upload, at, kind, accept):
    path = at(upload(), "?w=100")
    until_avif(public, path)
    kept = through.get(path, headers={"Accept": ACCEPTS[kind]})

    answer = through.get(path, headers={"Accept": accept})

    assert is_hit(answer)
    assert answer.content == kept.content
    assert answer.headers["content-type"] == public.get(path, headers={"Accept": accept}).headers["content-type"]


@pytest.mark.parametrize("options", ["", "/a.jpg", "?w=100&format=webp", "?fm=png&w=100", "/w=100,f=jpeg/a.jpg"])
def test_what_is_the_same_for_everybody_is_kept_once(through, upload, at, options):
    path = at(upload(), options)

    answers = [through.get(path, headers={"Accept": accept}) for accept in ACCEPTS.values()]

    assert [is_hit(answer) for answer in answers] == [False, True, True]
    assert len({answer.content for answer in answers}) == 1
    assert "vary" not in answers[0].headers


@pytest.mark.parametrize(
    "options", ["?w=100&format=webp&output=auto", "?w=100&format=jpeg,png", "?w=100&dl=a&format=webp.png"]
)
def test_a_format_that_is_none_mixes_no_classes(through, public, upload, at, options):
    path = at(upload(), options)
    until_avif(public, path)
    for accept in (*ACCEPTS.values(), *ACCEPTS.values()):
        asked = {"Accept": accept}
        assert through.get(path, headers=asked).content == public.get(path, headers=asked).content


def test_ranges_heads_and_conditions_are_answered_from_what_is_kept(through, upload, at):
    content = photo(3)
    path = at(upload(content))
    whole = through.get(path)

    one = through.get(path, headers={"Range": "bytes=10-19"})
    end = through.get(path, headers={"Range": "bytes=-5"})
    outside = through.get(path, headers={"Range": "bytes=99999999-"})
    head = through.head(path)
    same = through.get(path, headers={"If-None-Match": whole.headers["etag"]})
    other = through.get(path, headers={"If-None-Match": '"another"'})

    assert (one.status_code, one.content) == (206, content[10:20])
    assert one.headers["content-range"] == f"bytes 10-19/{len(content)}"
    assert (end.status_code, end.content) == (206, content[-5:])
    assert outside.status_code == 416
    assert (head.status_code, head.content, told(head)) == (200, b"", told(whole))
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == whole.headers["etag"]
    assert (other.status_code, other.content) == (200, content)


@pytest.mark.parametrize("first", ["range", "head", "condition"])
def test_a_partial_question_comes_first_and_the_whole_is_right_after_it(through, public, upload, at, first):
    content = photo(4)
    path = at(upload(content))
    asked = {"range": {"Range": "bytes=0-9"}, "condition": {"If-None-Match": public.head(path).headers["etag"]}}

    partial = through.request("HEAD" if first == "head" else "GET", path, headers=asked.get(first))

    assert partial.status_code == {"range": 206, "head": 200, "condition": 304}[first]
    assert partial.content == (content[:10] if first == "range" else b"")
    assert through.get(path).content == content


def test_a_name_that_has_moved_is_seen_within_its_life_each_time(through, upload, client, at):
    images = upload(photo(5), alias="@hero"), upload(photo(6))
    path = at("@hero")
    for here, content in ((1, photo(6)), (0, photo(5))):
        eventually(lambda: is_hit(through.get(path)))
        before = through.get(path)
        assert before.headers["content-location"] == at(images[1 - here])

        client.images.assign_alias(images[here].id, "@hero")

        eventually(lambda content=content: through.get(path).content == content, within_s=5)
        after = through.get(path, headers={"If-None-Match": before.headers["etag"]})
        assert (after.status_code, after.headers["content-location"]) == (200, at(images[here]))


def test_what_is_kept_of_a_name_gets_no_second_life_in_the_browser(through, public, upload, at):
    upload(alias="@hero")
    found = []

    eventually(lambda: found.append(through.get(at("@hero"))) or is_hit(found[-1]))

    assert is_as_fresh(found[-1], public.get(at("@hero")))


def test_an_error_is_kept_for_its_few_seconds_and_looks_the_same(through, public, at):
    path = at("@nobody")

    direct, first, second = public.get(path), through.get(path), through.get(path)

    assert (first.status_code, first.json()["error"]["code"]) == (404, "ALIAS_NOT_FOUND")
    assert told(first, "x-request-id") == told(direct, "x-request-id")
    assert second.content == first.content
    assert (is_hit(first), is_hit(second)) == (False, True)


@pytest.mark.parametrize("name", ["X-API-Key", "Authorization"])
def test_what_came_with_a_key_is_neither_kept_nor_taken_from_what_is(through, project, upload, at, name):
    path = at(upload())
    with_key = {name: project.key if name == "X-API-Key" else f"Bearer {project.key}"}

    assert not is_hit(through.get(path, headers=with_key))
    assert not is_hit(through.get(path))
    assert is_hit(through.get(path))
    assert not is_hit(through.get(path, headers=with_key))


def test_the_api_goes_through_and_is_never_kept(through, project):
    mine = Wire(through.connections, through.base, {"X-API-Key": project.key})

    uploaded = mine.post("/api/v1/images/upload", files={"file": photo(8)})
    path = f"/api/v1/images/{uploaded.json()['data']['id']}"
    changed = mine.put(path, json={"meta": {"seen": 1}})

    assert (uploaded.status_code, changed.status_code) == (201, 200)
    assert mine.get(path).json()["data"]["meta"] == {"seen": 1}
    assert mine.put(path, json={"meta": {"seen": 2}}).status_code == 200
    assert mine.get(path).json()["data"]["meta"] == {"seen": 2}
    assert through.get(path).status_code == 401
    assert mine.delete(path).status_code == 200
    assert mine.get(path).status_code == 404


def test_the_metrics_stay_inside(through):
    assert through.get("/metrics").status_code == 403


def test_while_atpix_is_away_ids_are_shown_and_names_not_longer_than_their_life(mortal):
    content = photo(9)
    image = mortal.client.images.upload(content, alias="@hero")
    by_id, by_name = (f"{mortal.access.cdn}/{ref}" for ref in (image.id, "@hero"))
    for through in mortal.through:
        assert through.get(by_id).content == through.get(by_name).content == content

    os.killpg(mortal.server.process.pid, signal.SIGKILL)

    for through in mortal.through:
        eventually(lambda through=through: through.get(by_name).status_code >= 500, within_s=5)
        assert "max-age" not in through.get(by_name).headers.get("cache-control", "")
        assert is_hit(through.get(by_id))
        assert through.get(by_id).content == content
