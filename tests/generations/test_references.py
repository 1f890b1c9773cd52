"""What goes into a generation: ids, names, and names in the prompt."""

import pytest
from tests.generations.api import NOBODY, code, path


def referred(made):
    return [(one["imageId"], one["alias"]) for one in made["referencedImages"]]


def test_references_are_ids_and_names(generations, upload):
    by_id, by_name = upload(), upload(alias="@hero")

    made = generations.make(referenceImages=[by_id.id, "@hero"])

    assert referred(made) == [(by_id.id, None), (by_name.id, "@hero")]
    assert [one["sha256"] for one in made["referencedImages"]] == [by_id.sha256, by_name.sha256]


def test_a_flows_name_comes_before_the_projects(generations, upload):
    of_project = upload(alias="@hero")
    of_flow = upload(flow_alias="@hero")

    assert referred(generations.make(referenceImages=["@hero"])) == [(of_project.id, "@hero")]
    made = generations.make(referenceImages=["@hero"], flowId=of_flow.flow_id)
    assert referred(made) == [(of_flow.id, "@hero")]


def test_names_in_the_prompt_are_references(generations, upload):
    hero, villain = upload(alias="@hero"), upload(alias="@villain-2")

    made = generations.make(prompt="@hero fights\n@villain-2, at night")

    assert referred(made) == [(hero.id, "@hero"), (villain.id, "@villain-2")]
    assert made["prompt"] == "@hero fights\n@villain-2, at night"


@pytest.mark.parametrize(
    "prompt",
    ["mail me@hero please", "(@hero)", "@nobody", "@Hero", "@hero2", "@hero@home", "@", "@@hero", "@last", "@upload"],
)
def test_words_that_mean_no_image_are_text(generations, upload, prompt):
    upload(alias="@hero")

    assert referred(generations.make(prompt=prompt)) == []


@pytest.mark.parametrize("prompt", ["@hero", "see @hero.", "see\u00a0@hero", "a\t@hero's hat"])
def test_a_name_ends_where_its_characters_end(generations, upload, prompt):
    hero = upload(alias="@hero")

    assert referred(generations.make(prompt=prompt)) == [(hero.id, "@hero")]


def test_computed_names_need_a_flow(generations, upload):
    newest = upload(flow_alias="@photo")

    assert code(generations.post(referenceImages=["@upload"])) == (400, "TECHNICAL_ALIAS_REQUIRES_FLOW")
    made = generations.make(prompt="like @upload and @last", flowId=newest.flow_id)
    assert referred(made) == [(newest.id, "@upload")]
    after = generations.make(prompt="like @last", flowId=newest.flow_id)
    assert referred(after) == [(made["outputImageId"], "@last")]


def test_the_same_image_goes_in_once(generations, upload):
    hero = upload(alias="@hero", flow_alias="@star")

    made = generations.make(
        prompt="@hero and @star and @hero", referenceImages=[hero.id, "@hero", hero.id], flowId=hero.flow_id
    )

    assert referred(made) == [(hero.id, "@hero")]


def test_one_more_than_the_model_takes_is_refused(generations, upload):
    images = [upload(alias=f"@image-{n}") for n in range(4)]
    ids = [image.id for image in images]

    assert len(generations.make(referenceImages=ids[:3])["referencedImages"]) == 3
    too_many = generations.post(referenceImages=ids)
    named = generations.post(referenceImages=ids[:3], prompt="and @image-3")

    for answer in (too_many, named):
        assert code(answer) == (400, "VALIDATION_ERROR")
        assert path(answer) == "referenceImages"


def test_a_prompt_of_nothing_but_names_is_bounded(generations, upload):
    upload(alias="@last-of-many")
    words = " ".join(f"@n{number}" for number in range(4000))

    assert referred(generations.make(prompt=f"{words} @last-of-many")) == []


def test_a_reference_that_is_not_there_is_not_found(generations, upload, client):
    deleted, trashed = upload(), upload()
    client.images.delete(deleted.id)
    client.images.delete(trashed.id, trash=True)

    for ref in (NOBODY, deleted.id, trashed.id):
        assert code(generations.post(referenceImages=[ref])) == (404, "IMAGE_NOT_FOUND")
    assert code(generations.post(referenceImages=["@nobody"])) == (404, "ALIAS_NOT_FOUND")
    assert generations.list()["pagination"]["total"] == 0


def test_another_projects_images_are_not_found(others, upload, generations):
    theirs = upload(alias="@hero")

    assert code(others.post(referenceImages=[theirs.id])) == (404, "IMAGE_NOT_FOUND")
    assert code(others.post(referenceImages=["@hero"])) == (404, "ALIAS_NOT_FOUND")
    assert code(others.post(mask=theirs.id, referenceImages=[theirs.id])) == (404, "IMAGE_NOT_FOUND")
    assert referred(others.make(prompt="@hero")) == []
    assert len(referred(generations.make(prompt="@hero"))) == 1


def test_a_deleted_reference_leaves_its_name_and_checksum(generations, upload, client):
    hero = upload(alias="@hero")
    made = generations.make(prompt="@hero in a hat")

    client.images.delete(hero.id)

    assert generations.get(made["id"])["referencedImages"] == [
        {"imageId": None, "alias": "@hero", "sha256": hero.sha256}
    ]


def test_a_mask_is_laid_over_a_reference(generations, upload):
    image, mask = upload(), upload(alias="@mask")

    made = generations.make(referenceImages=[image.id], mask="@mask")

    assert made["mask"] == {"imageId": mask.id, "alias": "@mask", "sha256": mask.sha256}
    assert referred(made) == [(image.id, None)]
    alone = generations.post(mask=mask.id)
    assert code(alone) == (400, "VALIDATION_ERROR")
    assert path(alone) == "mask"


@pytest.mark.parametrize("fields", [{"referenceImages": ["@last"]}, {"referenceImages": ["@hero"], "mask": "@last"}])
def test_a_computed_name_without_its_flow_is_advised_where_it_stands(generations, upload, fields):
    upload(alias="@hero")

    answer = generations.post(**fields)

    assert code(answer) == (400, "TECHNICAL_ALIAS_REQUIRES_FLOW")
    assert answer.json()["error"]["message"].endswith("add flowId to the body.")


@pytest.mark.parametrize(
    ("method", "path", "body", "advice"),
    [
        ("GET", "", None, "add ?flowId=."),
        ("GET", "/lineage", None, "add ?flowId=."),
        ("DELETE", "", None, "use that one's id here."),
        ("DELETE", "?dryRun=true", None, "use that one's id here."),
        ("PUT", "", {"meta": {}}, "use that one's id here."),
        ("PUT", "/alias", {"alias": "@x"}, "use that one's id here."),
    ],
)
def test_advice_about_a_computed_name_can_be_taken(raw, method, path, body, advice):
    answer = raw.request(method, f"/api/v1/images/@last{path}", json=body)

    assert code(answer) == (400, "TECHNICAL_ALIAS_REQUIRES_FLOW")
    assert answer.json()["error"]["message"].endswith(advice)
