"""Pictures made from an original: what is answered, kept, made anew and taken away."""

import os
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path

import PIL.Image
import pytest
from tests.photographs import encoded, photo, pixels
from tests.wire import eventually

from atpix.ids import ImageId, ProjectId, rendition_folder
from atpix_client import FocalPoint

BROWSER = {"Accept": "image/avif,image/webp,*/*;q=0.8"}
WEBP = {"Accept": "image/webp,*/*;q=0.8"}


def opened(answer) -> PIL.Image.Image:
    assert answer.status_code == 200, answer.text
    return PIL.Image.open(BytesIO(answer.content))


def files_of(svc, image) -> list:
    """Of its renditions."""
    folder = svc.blobs.local_path(rendition_folder(ProjectId(image.project_id), ImageId(image.id)))
    return [Path(here, name) for here, _, names in os.walk(folder) for name in names]  # they may be going just now


def test_a_rendition_by_id_has_the_size_asked_for_and_may_be_kept_for_ever(public, hero, project):
    answer = public.get(f"{hero.by_id}?w=80&h=40&fp=0.2,0.3")

    assert opened(answer).size == (80, 40)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["etag"].startswith('"r-')
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-tag"] == f"img-{hero.image.id},project-{project.row.id}"
    assert "content-location" not in answer.headers


def test_a_crop_around_the_stored_point_has_a_short_life_by_id_for_the_point_may_move(public, hero):
    life = "public, max-age=300, stale-while-revalidate=300"

    assert public.get(f"{hero.by_id}?w=80&h=40").headers["cache-control"] == life
    assert public.get(f"{hero.by_id}?w=80").headers["cache-control"] == "public, max-age=31536000, immutable"


def test_by_alias_it_has_a_short_life_and_names_its_permanent_address(public, hero):
    answer = public.get(f"{hero.by_alias}?w=80&h=40")

    assert "immutable" not in answer.headers["cache-control"]
    assert answer.headers["content-location"] == f"{hero.by_id}?w=80&h=40"
    assert "alias-hero" in answer.headers["cache-tag"]
    assert public.get(answer.headers["content-location"]).content == answer.content
    named = public.get(f"{hero.by_alias}/w=80,h=40/hero.jpg").headers["content-location"]
    assert named == f"{hero.by_id}/w=80,h=40"


@pytest.mark.parametrize(
    "spelled",
    [
        "?h=40&w=80",
        "/w=80,h=40",
        "/w=80,h=40/photo.jpg",
        "/w=9999,h=40?w=80",
        "/photo.jpg?width=80&height=40",
        "?W=80&H=40&fit=cover&dpr=1",
        "?w=80.0&h=40&utm_source=mail",
        "?w=40&h=20&dpr=2",
    ],
)
def test_one_picture_has_one_etag_however_it_is_spelled(public, hero, spelled):
    plain = public.get(f"{hero.by_id}?w=80&h=40")

    assert public.get(f"{hero.by_id}{spelled}").headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize("way", ["by_id", "by_alias"])
def test_conditions_ranges_and_head_are_those_of_originals(public, hero, way):
    address = f"{getattr(hero, way)}?w=90"
    whole = public.get(address)
    etag = whole.headers["etag"]

    known = public.get(address, headers={"If-None-Match": etag})
    part = public.get(address, headers={"Range": "bytes=10-19", "If-Range": etag})
    head = public.head(address)

    assert (known.status_code, known.content) == (304, b"")
    assert (known.headers["etag"], known.headers["vary"]) == (etag, "Accept")
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert (head.status_code, head.content, head.headers["vary"]) == (200, b"", "Accept")
    assert head.headers["content-length"] == str(len(whole.content))
    beyond = public.get(address, headers={"Range": "bytes=99999999-"})
    assert (beyond.status_code, beyond.headers["vary"]) == (416, "Accept")


def test_each_class_of_accept_gets_its_own_file_under_its_own_etag(public, hero):
    answers = {accept: public.get(f"{hero.by_id}?w=80", headers={"Accept": accept}) for accept in ("*/*", *_named())}

    assert [answer.headers["content-type"] for answer in answers.values()] == ["image/jpeg", "image/webp", "image/avif"]
    assert len({answer.headers["etag"] for answer in answers.values()}) == 3
    assert {answer.headers["vary"] for answer in answers.values()} == {"Accept"}


def _named():
    return WEBP["Accept"], BROWSER["Accept"]


@pytest.mark.parametrize(
    ("rest", "status", "varies"),
    [
        ("", 200, False),
        ("?utm_source=mail", 200, False),
        ("?w=nonsense", 200, False),
        ("?dl=1", 200, False),
        ("?w=70", 200, True),
        ("?format=auto", 200, True),
        ("/w=70/a.jpg", 200, True),
        ("?w=70&format=webp", 200, False),
        ("?format=json", 200, False),
        ("?preset=nothing", 400, True),
        ("?preset=nothing&format=png", 400, False),
    ],
)
def test_vary_stands_on_every_negotiable_answer_and_on_no_other(public, hero, rest, status, varies):
    for address in (hero.by_id, hero.by_alias):
        answer = public.get(address + rest, headers=BROWSER)

        assert answer.status_code == status
        assert answer.headers.get("vary") == ("Accept" if varies else None)
        if answer.status_code == 200:
            again = public.get(address + rest, headers=BROWSER | {"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.headers.get("vary")) == (304, answer.headers.get("vary"))


def test_what_is_not_found_varies_when_it_was_negotiable(public, project):
    assert public.get(f"{project.cdn}/@nobody?w=8").headers["vary"] == "Accept"
    assert "vary" not in public.get(f"{project.cdn}/@nobody?w=8&format=png").headers
    assert "vary" not in public.get(f"{project.cdn}/@nobody").headers


def test_what_is_transparent_is_no_jpeg_unless_it_stands_on_a_background(public, upload):
    clear = encoded(pixels(2, (60, 40)).convert("RGBA").point(lambda value: value // 2), "WEBP")
    image = upload(clear)

    assert public.get(f"{image.storage_url}?w=30").headers["content-type"] == "image/png"
    assert public.get(f"{image.storage_url}?w=30&bg=ffffff").headers["content-type"] == "image/jpeg"


def test_a_moved_focal_point_is_followed_by_the_next_request(public, client, upload, svc, project):
    image = upload(photo(7, size=(400, 100)), alias="@wide", focal_point=FocalPoint(0.0, 0.5))
    addresses = [f"{project.cdn}/{ref}?w=50&h=100" for ref in (image.id, "@wide")]
    left = [public.get(address) for address in addresses]
    other = public.get(f"{project.cdn}/{image.id}?w=60")

    client.images.update(image.id, focal_point=FocalPoint(1.0, 0.5))

    right = [public.get(address, headers={"If-None-Match": left[0].headers["etag"]}) for address in addresses]
    assert {answer.status_code for answer in right} == {200}
    assert right[0].content == right[1].content != left[0].content
    assert public.get(f"{project.cdn}/{image.id}?w=60").headers["etag"] == other.headers["etag"]
    old = left[0].headers["etag"].strip('"').removeprefix("r-")
    eventually(lambda: not [file for file in files_of(svc, image) if file.name.startswith(old)])


def test_a_moved_name_shows_the_new_image_in_every_size(public, client, hero, upload):
    address = f"{hero.by_alias}?w=40&h=40"
    old = public.get(address).headers["etag"]
    new = upload(photo(2))

    client.images.assign_alias(new.id, "@hero")

    answer = public.get(address, headers={"If-None-Match": old})
    assert answer.status_code == 200
    assert new.id in answer.headers["content-location"]


def test_renditions_go_with_their_image(public, client, hero, svc, project):
    address = f"{hero.by_id}?w=40&h=40"
    assert public.get(address).status_code == 200
    assert len(files_of(svc, hero.image)) == 1

    client.images.delete(hero.image.id)

    assert public.get(address).status_code == 404
    eventually(lambda: files_of(svc, hero.image) == [])


def test_a_rendition_that_is_lost_or_damaged_is_made_again(public, upload, svc, project):
    image = upload(photo(9, "PNG", (900, 700)))
    address = f"{image.storage_url}?w=890&format=png"
    before = public.get(address)
    assert len(before.content) > 300_000  # more than is kept in memory

    (file,) = files_of(svc, image)
    file.unlink()
    again = public.get(address)
    (file,) = files_of(svc, image)
    file.write_bytes(b"half of it")
    mended = public.get(address)

    assert before.content == again.content == mended.content
    assert before.headers["etag"] == mended.headers["etag"]


def test_an_original_that_is_smaller_and_looks_the_same_goes_out_instead(public, upload):
    tight = encoded(pixels(4, (120, 90)), "JPEG", quality=20, optimize=True)
    image = upload(tight)

    answer = public.get(f"{image.storage_url}?w=120&format=jpeg&q=95")

    assert answer.content == tight
    assert answer.headers["etag"].startswith('"r-')
    assert public.get(f"{image.storage_url}?w=120&format=jpeg&q=95").content == tight


def test_a_large_avif_is_bridged_by_a_webp_that_lives_briefly(public, upload):
    image = upload(photo(3, size=(1000, 800)))
    address = f"{image.storage_url}?w=990"

    first = public.get(address, headers=BROWSER)

    assert first.headers["content-type"] == "image/webp"
    assert first.headers["cache-control"] == "public, max-age=60"
    assert first.headers["vary"] == "Accept"
    eventually(lambda: public.get(address, headers=BROWSER).headers["content-type"] == "image/avif")
    settled = public.get(address, headers=BROWSER)
    assert "immutable" in settled.headers["cache-control"]
    assert settled.headers["etag"] != first.headers["etag"]
    assert public.get(address, headers=WEBP).headers["etag"] == first.headers["etag"]
    assert "immutable" in public.get(address, headers=WEBP).headers["cache-control"]


def test_an_explicit_avif_is_waited_for(public, upload):
    image = upload(photo(4, size=(1000, 800)))

    answer = public.get(f"{image.storage_url}?w=980&format=avif")

    assert answer.headers["content-type"] == "image/avif"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("dl", "rest"),
    [
        ("1", None),
        ("holiday", 'attachment; filename="holiday.jpg"'),
        ("holiday.png", 'attachment; filename="holiday.jpg"'),
        ("..%2F..%2Fetc%2Fpasswd", 'attachment; filename="passwd.jpg"'),
        ('a"b%0d%0aSet-Cookie:x.gif', 'attachment; filename="a_bSet-Cookie_x.jpg"'),
        ("été 🏖", "attachment; filename=\"_t_ _.jpg\"; filename*=UTF-8''%C3%A9t%C3%A9%20%F0%9F%8F%96.jpg"),
        ("...", None),
    ],
)
def test_a_download_has_a_safe_name_that_ends_as_its_bytes_do(public, hero, dl, rest):
    for address in (f"{hero.by_id}?dl={dl}", f"{hero.by_id}?w=50&dl={dl}"):
        answer = public.get(address)

        assert answer.status_code == 200
        said = answer.headers["content-disposition"]
        assert said == rest if rest else said.startswith("attachment; filename=")
        assert "set-cookie" not in answer.headers
    assert "content-disposition" not in public.get(f"{hero.by_id}?w=50&dl=0").headers


def test_last_modified_of_a_crop_is_when_its_focal_point_may_have_moved(public, client, upload):
    image = upload(photo(5, size=(300, 100)))
    address = f"{image.storage_url}?w=40&h=40&format=png"
    created = public.get(f"{image.storage_url}?w=41&format=png").headers["last-modified"]

    changed = client.images.update(image.id, focal_point=FocalPoint(0.1, 0.1))

    eventually(lambda: "last-modified" in public.get(address).headers)
    moved = parsedate_to_datetime(public.get(address).headers["last-modified"])
    assert moved == changed.updated_at.replace(microsecond=0)
    assert moved >= parsedate_to_datetime(created)
