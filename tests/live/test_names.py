"""`@name` in the prompt of a live URL: an image that goes into the picture, or text."""

import pytest
from tests.live.conftest import Page, refused
from tests.live.test_signed import SECRET, signed
from tests.wire import Wire

from atpix.projects.url_keys import UrlKeyIn


@pytest.fixture
def hero(upload) -> str:
    return upload(alias="@hero").id


def went_in(raw: Wire, page: Page, prompt: str, **parameters: object) -> list[str]:
    generation = page.get(prompt, **parameters).headers["X-Generation-Id"]
    return [one["imageId"] for one in raw.get(f"/api/v1/generations/{generation}").json()["data"]["referencedImages"]]


def test_a_name_is_an_image_where_the_projects_originals_are_open_to_everybody(page, raw, prompt, hero):
    assert went_in(raw, page, f"@hero in {prompt}") == [hero]


def test_a_prompt_that_names_too_many_is_the_prompts_fault(page, upload, prompt):
    for number in range(4):
        upload(alias=f"@one-{number}")

    seen = page.get(f"@one-0 @one-1 @one-2 @one-3 {prompt}")

    assert [one["path"] for one in refused(seen, 400, "VALIDATION_ERROR")["details"]] == ["prompt"]


@pytest.mark.parametrize("hiding", [{"hide_originals": True}, {"presets_only": True, "presets": {"small": "w=48"}}])
def test_a_visitor_sees_nothing_of_hidden_images_by_naming_them(page, raw, prompt, settings, hero, hiding):
    settings(**hiding)

    assert went_in(raw, page, f"@hero in {prompt}", **({"preset": "small"} if "presets" in hiding else {"w": 48})) == []


@pytest.mark.parametrize("protection", ["live_signed", "signed_urls"])
def test_in_a_signed_address_a_name_is_its_owners_own_word(page, raw, prompt, settings, hero, protection):
    settings(hide_originals=True, url_keys={"a": UrlKeyIn(SECRET)}, **{protection: True})
    asked = f"@hero in {prompt}"

    assert went_in(raw, page, asked, **signed(page, asked, w="48")) == [hero]
