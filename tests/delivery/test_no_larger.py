"""No re-encode is larger than the original at its size: then that goes out, without what it tells about its maker."""

from io import BytesIO
from itertools import count

import numpy as np
import PIL.Image
import pytest
from tests.delivery.test_renditions import files_of, opened
from tests.photographs import encoded, photo, pixels
from tests.wire import eventually

from atpix.projects import actions, preferences

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
AVIF = {"Accept": "image/avif,image/webp,*/*;q=0.8"}
WEBP = {"Accept": "image/webp,*/*;q=0.8"}
TIGHT = encoded(pixels(4, (120, 90)), "JPEG", quality=20, optimize=True)


@pytest.fixture
def set_rules(svc, project):
    """Change the project's settings; the server goes by them within a second."""
    return lambda **given: actions.update_project(svc, project.row.id, settings=preferences.parse(given))


@pytest.mark.parametrize("accept", [WEBP, AVIF])
def test_whoever_negotiates_gets_the_original_where_nothing_else_is_smaller(public, upload, accept):
    address = f"{upload(TIGHT).storage_url}?w=120&q=95"

    answer = public.get(address, headers=accept)

    assert answer.content == TIGHT
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(TIGHT))
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["etag"].startswith('"r-')
    assert "immutable" in answer.headers["cache-control"]
    again = public.get(f"{address}&utm=1", headers=accept)
    assert (again.content, again.headers["etag"]) == (TIGHT, answer.headers["etag"])
    assert 'desc="hit"' in again.headers["server-timing"]
    known = public.get(address, headers=accept | {"If-None-Match": answer.headers["etag"]})
    assert (known.status_code, known.headers["vary"]) == (304, "Accept")
    named = public.get(f"{address}&dl=1", headers=accept).headers["content-disposition"]
    assert named.endswith('.jpg"')


def test_whoever_names_a_type_gets_that_and_what_is_smaller_is_shared_with_him(public, upload):
    url = upload(TIGHT).storage_url

    named = public.get(f"{url}?w=120&q=95&format=webp", headers=WEBP)
    smaller = [public.get(f"{url}?w=110{rest}", headers=WEBP).headers["etag"] for rest in ("", "&format=webp")]

    assert opened(named).format == "WEBP"
    assert len(named.content) > len(TIGHT)
    assert "vary" not in named.headers
    assert smaller[0] == smaller[1]


def test_a_pixel_stays_a_pixel(public, upload):
    body = encoded(PIL.Image.new("RGB", (1, 1), "teal"), "PNG")

    answer = public.get(f"{upload(body).storage_url}?format=auto", headers=AVIF)

    assert len(answer.content) <= len(body)
    assert answer.headers["content-type"] == "image/png"


def test_what_an_original_tells_is_taken_out_of_it_once_for_all_who_get_it(public, upload, svc):
    image = upload(encoded(pixels(5, (120, 90)), "JPEG", quality=20, comment=b"a secret"))
    url = f"{image.storage_url}?w=120&q=100"

    answers = [public.get(f"{url}&format=jpeg"), public.get(url, headers=WEBP), public.get(url, headers=AVIF)]

    for answer in answers:
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["content-length"] == str(len(answer.content))
        assert b"secret" not in answer.content
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert {answer.content for answer in answers} == {answers[0].content}
    assert len(answers[0].content) < image.file_size
    original = public.get(image.storage_url).content
    assert np.array_equal(opened(answers[0]), PIL.Image.open(BytesIO(original)))
    (file,) = files_of(svc, image)
    assert file.suffix == ".jpeg", "what an index that was lost takes its type from"
    assert svc.renditions.disagreement() == (0, 0)


def test_an_original_goes_out_only_to_those_who_read_its_type(public, upload):
    url = f"{upload(encoded(pixels(6, (1000, 800)), 'WEBP', quality=5)).storage_url}?q=90&anim=0"

    taken = {header: public.get(url, headers={"Accept": header}) for header in ("*/*", "image/webp", "image/avif")}

    assert [answer.headers["content-type"] for answer in taken.values()] == ["image/jpeg", "image/webp", "image/webp"]
    assert taken["image/webp"].content == taken["image/avif"].content


def test_a_hidden_original_does_not_go_out_in_part_either(public, upload, set_rules):
    told = upload(encoded(pixels(7, (120, 90)), "JPEG", quality=20, comment=b"a secret"))
    bare = upload(TIGHT)
    set_rules(hideOriginals=True)
    eventually(lambda: public.get(bare.storage_url).status_code == 403)

    for image in (told, bare):
        url = f"{image.storage_url}?w=120&q=95"
        for rest, accept in (("", WEBP), ("&format=jpeg", {})):
            made = public.get(url + rest, headers=accept)
            assert made.headers["content-type"] == ("image/webp" if accept else "image/jpeg")
            assert len(made.content) > image.file_size


def test_the_original_in_its_place_costs_no_budget_of_its_own(public, upload, set_rules):
    url, widths = upload(photo(8)).storage_url, count(10)
    set_rules(newRenditionsPerImage=1)
    eventually(lambda: public.get(f"{url}?w={next(widths)}").status_code == 429)

    assert public.get(f"{upload(TIGHT).storage_url}?q=95", headers=WEBP).content == TIGHT
