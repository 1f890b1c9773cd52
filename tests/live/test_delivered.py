"""How a picture that exists is delivered: as an image is, for as long as a name's."""

from io import BytesIO

import pytest
from PIL import Image
from tests.live.conftest import BROWSER, SCOPES, refused
from tests.wire import eventually


@pytest.fixture
def made(page, prompt):
    answer = page.get(prompt)
    assert answer.status_code == 200
    return answer.headers["X-Image-Id"]


def test_a_hit_lives_as_long_as_a_name_and_says_its_permanent_address(page, prompt, made, project):
    hit, image = page.get(prompt), page.image(made)

    assert hit.headers["Cache-Control"] == "public, max-age=1, stale-while-revalidate=1"
    assert hit.headers["Content-Location"] == f"{page.images}/{made}"
    assert hit.headers["ETag"] == image.headers["ETag"]
    assert hit.headers["Cache-Tag"] == f"img-{made},project-{project.row.id},live-heroes"
    assert hit.headers["Surrogate-Key"].split() == [f"img-{made}", f"project-{project.row.id}", "live-heroes"]
    assert "Last-Modified" not in hit.headers
    assert "X-Cache-Status" in hit.headers["Access-Control-Expose-Headers"]
    same = {"Content-Type", "Content-Length", "Accept-Ranges", "X-Content-Type-Options", "Content-Security-Policy"}
    assert {name: hit.headers[name] for name in same} == {name: image.headers[name] for name in same}


def test_nobody_keeps_the_answer_that_says_miss(page, prompt):
    miss = page.get(prompt)

    assert (miss.headers["X-Cache-Status"], miss.headers["Cache-Control"]) == ("MISS", "no-store")


def test_who_has_it_gets_a_304(page, prompt, made):
    etag = page.get(prompt).headers["ETag"]
    known = page.get(prompt, headers={"If-None-Match": etag})

    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["X-Cache-Status"] == "HIT"
    assert known.headers["Cache-Control"] == "public, max-age=1, stale-while-revalidate=1"


def test_parts_of_it_can_be_had(page, prompt, made):
    whole, part = page.get(prompt), page.get(prompt, headers={"Range": "bytes=10-19"})

    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["X-Image-Id"] == made
    refused(page.get(prompt, headers={"Range": "bytes=99999999-"}), 416, "RANGE_NOT_SATISFIABLE")


def test_its_shape_is_asked_for_as_everywhere(page, prompt, made, painter):
    small = page.get(prompt, w=48, format="png")
    cropped = page.get(prompt, ar="1:1", w=20, format="jpeg")
    negotiated = page.get(prompt, headers={"Accept": "image/webp,*/*"}, w=48)

    with Image.open(BytesIO(small.content)) as picture:
        assert (picture.format, picture.size) == ("PNG", (48, 32))
    with Image.open(BytesIO(cropped.content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (20, 20))
    assert (negotiated.headers["Content-Type"], negotiated.headers["Vary"]) == ("image/webp", "Accept")
    assert small.headers["Content-Location"] == f"{page.images}/{made}?w=48&format=png"
    assert {small.headers["X-Cache-Status"], cropped.headers["X-Cache-Status"]} == {"HIT"}
    assert painter.calls(prompt) == 1


def test_the_first_visitor_gets_the_shape_that_was_asked_for(page, prompt, painter):
    first = page.get(prompt, w=48, format="png")

    with Image.open(BytesIO(first.content)) as picture:
        assert picture.size == (48, 32)
    assert first.headers["X-Cache-Status"] == "MISS"
    assert page.get(prompt).headers["X-Cache-Status"] == "HIT"
    assert painter.calls(prompt) == 1


def test_what_nobody_knows_is_ignored(page, prompt, made):
    assert page.get(prompt, utm_source="mail", fbclid="x").headers["X-Image-Id"] == made


def test_the_ratio_and_the_enhancement_are_part_of_the_question(page, prompt, made, painter):
    others = [
        page.get(prompt, aspectRatio="1:1"),
        page.get(prompt, autoEnhance="false"),
        page.get(prompt, template="comic"),
        page.get(prompt.capitalize()),
    ]

    assert len({made, *(other.headers["X-Image-Id"] for other in others)}) == 5
    same = [
        page.get(f"  {prompt} "),
        page.get(prompt, aspectRatio="16:9", autoEnhance="TRUE", template="general"),
        page.get(prompt, autoEnhance="1"),
    ]
    assert {answer.headers["X-Image-Id"] for answer in same} == {made}


def test_letters_composed_in_two_ways_are_one_prompt(page, prompt):
    first, second = page.get(f"{prompt} \u00e9"), page.get(f"{prompt} e\u0301")

    assert first.headers["X-Image-Id"] == second.headers["X-Image-Id"]


def test_the_same_prompt_in_another_scope_is_another_picture(page, new_page, prompt, made):
    assert new_page("villains").get(prompt).headers["X-Image-Id"] != made


def test_looking_makes_nothing(page, prompt, painter):
    answer = page.head(prompt)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert painter.calls(prompt) == 0
    made = page.get(prompt)
    looked = page.head(prompt)
    assert (looked.status_code, looked.content) == (200, b"")
    assert looked.headers["X-Image-Id"] == made.headers["X-Image-Id"]
    assert looked.headers["Content-Length"] == made.headers["Content-Length"]


def test_other_methods_are_refused_as_for_images(page, public, prompt):
    url = page.at(prompt)

    refused(public.post(url), 405, "METHOD_NOT_ALLOWED")
    assert public.options(url).status_code == 204


def test_its_picture_is_an_image_of_the_project_made_by_a_generation_without_a_key(raw, page, prompt, made, svc):
    image = raw.get(f"/api/v1/images/{made}").json()["data"]
    generation = raw.get(f"/api/v1/generations/{image['generationId']}").json()["data"]

    assert image["source"] == "generated"
    assert (generation["prompt"], generation["status"], generation["outputImageId"]) == (prompt, "success", made)


@pytest.mark.parametrize("trash", ["", "?trash=true"])
def test_a_picture_that_is_deleted_is_made_again(page, second_page, raw, prompt, made, painter, trash):
    assert second_page.get(prompt).headers["X-Image-Id"] == made
    raw.delete(f"/api/v1/images/{made}{trash}")

    again = page.get(prompt)

    assert (again.status_code, again.headers["X-Cache-Status"]) == (200, "MISS")
    assert again.headers["X-Image-Id"] != made
    assert painter.calls(prompt) == 2
    eventually(lambda: second_page.get(prompt).headers.get("X-Image-Id") == again.headers["X-Image-Id"])
    assert raw.get(f"{SCOPES}/heroes").json()["data"]["currentGenerations"] == 1


def test_a_generation_that_is_deleted_takes_the_live_url_along(page, raw, prompt, painter):
    generation = page.get(prompt).headers["X-Generation-Id"]
    raw.delete(f"/api/v1/generations/{generation}")

    assert page.get(prompt).headers["X-Cache-Status"] == "MISS"
    assert painter.calls(prompt) == 2


def test_a_scope_that_is_deleted_ends_its_urls_and_keeps_its_pictures(page, second_page, raw, prompt, made):
    second_page.get(prompt)
    assert raw.delete(f"{SCOPES}/heroes").json()["data"]["imagesKept"] == 1

    refused(page.get(prompt), 404, "SCOPE_NOT_FOUND")
    eventually(lambda: second_page.get(prompt).status_code == 404)
    assert page.image(made).status_code == 200


def test_a_project_that_hides_originals_hides_them_here_before_it_costs_anything(page, settings, prompt, painter):
    settings(hide_originals=True)

    refused(page.get(prompt), 403, "FORBIDDEN")
    refused(page.get(prompt, preset="unknown"), 400, "VALIDATION_ERROR")
    assert painter.calls(prompt) == 0
    assert page.get(prompt, w=48).status_code == 200


def test_a_browser_gets_the_picture_itself_once_it_is_there(page, prompt, made):
    assert page.get(prompt, headers={"Accept": BROWSER}).headers["Content-Type"] == "image/png"
