"""Uploading: contract, sections 2 and 3."""

import hashlib
from io import BytesIO
from itertools import permutations

import pytest
from tests.forms import CONTENT_TYPE, UPLOAD, file_form, form, part
from tests.photographs import TYPES, encoded, photo, pixels

from atpix.projects import actions
from atpix.projects.preferences import SettingsPatch
from atpix_client import FocalPoint, errors

GUARANTEED = {
    "id", "projectId", "flowId", "storageUrl", "mimeType", "fileSize", "width", "height", "source", "alias",
    "focalPoint", "meta", "createdAt", "updatedAt",
}  # fmt: skip
ADDITIONAL = {"filename", "sha256", "thumbhash", "dominantColor", "hasAlpha", "generationId"}


@pytest.fixture
def send(raw):
    """Post a body written by hand."""

    def sent(body: bytes, **headers):
        return raw.post(UPLOAD, content=body, headers={"Content-Type": CONTENT_TYPE, **headers})

    return sent


def test_the_answer_is_the_image_with_all_its_fields(send, server, project):
    answer = send(file_form(photo(1)))

    assert answer.status_code == 201
    data = answer.json()["data"]
    assert set(data) == GUARANTEED | ADDITIONAL | {"flowAliases", "locationFound"}
    assert data["projectId"] == project.row.id
    assert data["storageUrl"] == f"{server.url}{project.cdn}/{data['id']}"
    assert data["mimeType"] == "image/jpeg"
    assert data["fileSize"] == len(photo(1))
    assert (data["width"], data["height"]) == (160, 120)
    assert data["source"] == "uploaded"
    assert (data["flowId"], data["alias"], data["focalPoint"], data["generationId"]) == (None, None, None, None)
    assert data["meta"] == {}
    assert data["createdAt"] == data["updatedAt"]
    assert data["sha256"] == hashlib.sha256(photo(1)).hexdigest()
    assert data["filename"] == "a.jpg"
    assert data["thumbhash"]
    assert data["dominantColor"].startswith("#")
    assert data["hasAlpha"] is False
    assert data["locationFound"] is False


def test_a_list_holds_the_same_image(send, raw):
    uploaded = send(file_form(photo(1), alias="@hero", meta='{"b":1,"a":2}')).json()["data"]

    listed = raw.get("/api/v1/images").json()["data"]

    assert listed == [{name: value for name, value in uploaded.items() if name in GUARANTEED | ADDITIONAL}]


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_found_in_the_bytes(client, svc, project, kind):
    actions.update_project(svc, project.row.id, settings=SettingsPatch(allowed_types=tuple(TYPES.values())))

    image = client.images.upload(photo(2, kind), filename="misleading.txt")

    assert image.mime_type == TYPES[kind]
    assert (image.width, image.height) == (160, 120)


@pytest.mark.parametrize("kind", ["AVIF", "GIF"])
def test_avif_and_gif_need_the_projects_consent(client, kind):
    with pytest.raises(errors.UnsupportedFileType, match=TYPES[kind]):
        client.images.upload(photo(2, kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_original_is_kept_byte_by_byte(client, public, kind):
    content = photo(4, kind)

    image = client.images.upload(content)

    assert image.sha256 == hashlib.sha256(content).hexdigest()
    assert client.images.download(image) == content
    assert public.get(image.storage_url).content == content


def test_a_large_photograph_is_kept_byte_by_byte(client):
    content = encoded(pixels(5, (2000, 2000)), "PNG", compress_level=0)
    assert len(content) > 10_000_000

    image = client.images.upload(content)

    assert image.file_size == len(content)
    assert hashlib.sha256(client.images.download(image)).hexdigest() == image.sha256 == _sha256(content)


def test_width_and_height_are_as_displayed(client):
    turned = pixels(5, (160, 120))
    exif = turned.getexif()
    exif[0x0112] = 6

    image = client.images.upload(encoded(turned, exif=exif))

    assert (image.width, image.height) == (120, 160)


def test_transparency_is_told(client):
    glass = pixels(5, (40, 30)).convert("RGBA")
    glass.putalpha(100)

    assert client.images.upload(encoded(glass, "PNG")).has_alpha is True


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_fields_come_in_any_order(send, order):
    parts = [part("alias", "@hero"), part("file", photo(1), "a.jpg"), part("meta", '{"a": 1}')]

    data = send(form(*(parts[at] for at in order))).json()["data"]

    assert (data["alias"], data["meta"]) == ("@hero", {"a": 1})


def test_everything_at_once(client, upload):
    image = upload(
        alias="@hero",
        flow_alias="@cover",
        meta={"a": [1, None, "ü"]},
        focal_point=FocalPoint(0.25, 1),
        filename="ü.jpg",
    )

    found = client.images.get(image.id)

    assert found.alias == "@hero"
    assert found.flow_aliases == ["@cover"]
    assert found.meta == {"a": [1, None, "ü"]}
    assert found.focal_point == FocalPoint(0.25, 1)
    assert found.filename == "ü.jpg"
    assert client.images.get("@cover", flow_id=found.flow_id).id == image.id


def test_meta_comes_back_in_its_own_order(send):
    assert '"meta":{"z":1,"a":{"y":2,"b":3}}' in send(file_form(photo(), meta='{"z": 1, "a": {"y": 2, "b": 3}}')).text


@pytest.mark.parametrize("flow", [None, "", "null"])
def test_no_flow_is_absent_or_empty_or_null(send, flow):
    fields = {} if flow is None else {"flowId": flow}

    answer = send(file_form(photo(), **fields))

    assert answer.status_code == 201
    assert answer.json()["data"]["flowId"] is None


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_an_unknown_flow_is_created_under_its_id(client, upload, spelling):
    flow = "0b6f5f60-7f5c-4a63-9d5e-0123456789ab".replace("0b6f5f60", upload().id[-8:])

    first, second = upload(flow_id=spelling(flow)), upload(flow_id=flow)

    assert first.flow_id == second.flow_id == flow
    assert client.images.list(flow_id=flow).total == 2


def test_a_flow_alias_without_a_flow_makes_one_and_returns_it(client, upload):
    image, other = upload(flow_alias="@cover"), upload(flow_alias="@cover")

    assert image.flow_id
    assert image.flow_aliases == ["@cover"]
    assert image.alias is None
    assert other.flow_id != image.flow_id
    assert client.images.get("@cover", flow_id=image.flow_id).id == image.id


def test_a_flow_alias_in_a_known_flow_moves(client, upload):
    old = upload(flow_alias="@cover")

    new = upload(flow_id=old.flow_id, flow_alias="@cover")

    assert client.images.get("@cover", flow_id=old.flow_id).id == new.id
    assert client.images.get(old.id).flow_aliases == []


def test_an_image_may_have_many_names_in_its_flow(client, upload):
    image = upload(photo(1), flow_alias="@a", on_duplicate="reuse")

    upload(photo(1), flow_id=image.flow_id, flow_alias="@b", on_duplicate="reuse")

    assert client.images.get(image.id).flow_aliases == ["@a", "@b"]


def test_an_alias_given_at_upload_is_taken_from_its_holder(client, upload):
    old = upload(alias="@hero")

    new = upload(alias="@hero")

    assert client.images.get("@hero").id == new.id
    assert client.images.get(old.id).alias is None


def test_the_same_file_is_a_new_image_unless_told(client, upload):
    assert upload(photo(1)).id != upload(photo(1), on_duplicate="new").id
    assert client.images.list().total == 2


def test_a_reused_duplicate_is_the_image_that_was_there(send, client, upload):
    known = upload(photo(1), meta={"kept": True})

    answer = send(file_form(photo(1), onDuplicate="reuse", alias="@hero", meta='{"ignored": true}'))

    assert answer.status_code == 200
    assert answer.json()["data"]["id"] == known.id
    assert answer.json()["data"]["alias"] == "@hero"
    assert answer.json()["data"]["meta"] == {"kept": True}
    assert client.images.list().total == 1


def test_reuse_for_a_flow_finds_only_what_is_in_it(client, upload):
    elsewhere = upload(photo(1))

    image = upload(photo(1), flow_alias="@a", on_duplicate="reuse")

    assert image.id != elsewhere.id
    assert image.flow_id is not None
    assert client.images.get("@a", flow_id=image.flow_id).id == image.id


def test_reuse_without_a_duplicate_is_a_new_image(send):
    assert send(file_form(photo(1), onDuplicate="reuse")).status_code == 201


def test_a_rejected_duplicate_names_the_image_that_is_there(client, upload):
    known = upload(photo(1))

    with pytest.raises(errors.DuplicateImage, match=known.id):
        upload(photo(1), on_duplicate="reject", alias="@hero")

    assert client.images.list().total == 1
    assert list(client.images.list(alias="@hero")) == []


def test_a_trashed_image_is_no_duplicate(client, upload):
    known = upload(photo(1))
    client.images.delete(known.id, trash=True)

    assert upload(photo(1), on_duplicate="reject").id != known.id


def test_a_project_may_take_smaller_files_only(client, svc, project, upload):
    actions.update_project(svc, project.row.id, settings=SettingsPatch(max_file_bytes=len(photo(1)) - 1))

    with pytest.raises(errors.FileTooLarge, match="limit"):
        upload(photo(1))

    actions.update_project(svc, project.row.id, settings=SettingsPatch(max_file_bytes=len(photo(1))))


def test_an_upload_from_a_file_object_and_from_a_path(client, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(photo(1))
    told = []

    from_path = client.images.upload(tmp_path / "photo.jpg", progress=lambda sent, total: told.append((sent, total)))
    from_file = client.images.upload(BytesIO(photo(1)), filename="named.jpg")

    assert (from_path.filename, from_file.filename) == ("photo.jpg", "named.jpg")
    assert told[-1] == (len(photo(1)), len(photo(1)))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
