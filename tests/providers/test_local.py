"""A server of one's own that speaks OpenAI's API, as far as it knows it."""

import base64
from collections.abc import Callable
from contextlib import closing

import pytest
from tests.photographs import photo
from tests.providers.conftest import Answer, Asked, StandIn, refused
from tests.providers.recipes import documented, mask, recipe, reference
from tests.providers.standins import openai as answers

from atpix.providers.openai import Local
from atpix.providers.values import ProviderFailed
from atpix.settings import Settings

PNG = photo(1, "PNG", (96, 64))
PICTURE = answers.picture_of_dall_e(PNG)


def provider(stand_in: StandIn, **more: object) -> Local:
    return Local(Settings(**{"local_base_url": f"{stand_in.url}/v1", **more}))  # type: ignore[arg-type]


@pytest.fixture
def local(stand_in: StandIn) -> Local:
    return provider(stand_in)


def strict(*known: str) -> Callable[[Asked], Answer]:
    """As servers built on pydantic are that forbid what they do not know."""

    def answer(asked: Asked) -> Answer:
        fault = {"type": "extra_forbidden", "msg": "Extra inputs are not permitted"}
        extra = {name: value for name, value in asked.json().items() if name not in known}
        faults = [{**fault, "loc": ["body", name], "input": value} for name, value in extra.items()]
        return Answer({"detail": faults}, 422) if faults else PICTURE

    return answer


def test_no_key_and_no_model_are_needed(stand_in, local, target):
    stand_in.answers = [PICTURE]

    pictured = local.generate(recipe(), target)

    (asked,) = stand_in.transcript
    assert answers.line(asked) == (
        "POST /v1/images/generations | Accept-Encoding: identity | Accept: application/json | Connection: close"
        " | Content-Type: application/json | User-Agent: atpix"
    )
    assert "Authorization" not in asked.headers
    assert asked.json() == {"prompt": "A harbour in fog", "size": "1280x832", "response_format": "b64_json"}
    assert asked.json() == documented("A server of your own")
    assert target.read_bytes() == PNG
    assert (pictured.model, pictured.cost_micro_usd, pictured.warnings) == (None, 0, ())


def test_a_key_a_model_and_a_seed_are_sent_where_there_are_some(stand_in, target):
    stand_in.answers = [PICTURE]
    local = provider(stand_in, local_api_key="secret", local_model="sdxl")

    pictured = local.generate(recipe(seed=7, aspect_ratio="16:9"), target)

    (asked,) = stand_in.transcript
    assert asked.headers["Authorization"] == "Bearer secret"
    assert asked.json() == {
        "prompt": "A harbour in fog",
        "model": "sdxl",
        "size": "1344x768",
        "seed": 7,
        "response_format": "b64_json",
    }
    assert (pictured.model, pictured.seed) == ("sdxl", 7)


def test_any_model_may_be_asked_for(stand_in, local, target):
    stand_in.answers = [PICTURE]

    assert local.generate(recipe(model="my/own:model"), target).model == "my/own:model"
    assert stand_in.transcript[0].json()["model"] == "my/own:model"
    assert local.capabilities("my/own:model").seed


def test_what_the_server_does_not_know_is_left_out_with_a_warning_where_it_matters(stand_in, local, target):
    stand_in.routes["/v1/images/generations"] = strict("prompt")

    pictured = local.generate(recipe(seed=7), target)

    assert [sorted(asked.json()) for asked in stand_in.transcript] == [
        ["prompt", "response_format", "seed", "size"],
        ["prompt"],
    ]
    assert pictured.seed is None
    assert pictured.warnings == (
        "The local server knows no seed; it was left out.",
        "The local server did not take the size; the picture has a size of its own choice.",
    )
    assert target.read_bytes() == PNG


def test_a_server_that_minds_one_thing_at_a_time_is_asked_until_it_minds_nothing(stand_in, local, target):
    unknown = "Unrecognized request argument supplied: {}"
    stand_in.answers = [
        *(answers.error(400, None, unknown.format(name)) for name in ("seed", "response_format")),
        PICTURE,
    ]

    pictured = local.generate(recipe(seed=7), target)

    assert stand_in.transcript[-1].json() == {"prompt": "A harbour in fog", "size": "1280x832"}
    assert pictured.warnings == ("The local server knows no seed; it was left out.",)


def test_a_size_that_is_not_on_the_servers_list_is_left_to_the_server(stand_in, local, target):
    refused = answers.error(400, "invalid_value", "Invalid value: '1280x832'. Supported values for size are 512x512.")
    stand_in.answers = [refused, PICTURE]

    pictured = local.generate(recipe(), target)

    assert "size" not in stand_in.transcript[1].json()
    assert len(pictured.warnings) == 1


def test_a_refusal_of_the_prompt_itself_is_not_asked_again(stand_in, local, target):
    stand_in.answers = [answers.error(400, None, "The prompt is too long.")]

    with pytest.raises(ProviderFailed, match=r"The local server refused the request with status 400.*too long"):
        local.generate(recipe(), target)
    assert len(stand_in.transcript) == 1


def test_references_and_a_mask_go_to_edits(stand_in, local, target, tmp_path):
    stand_in.answers = [PICTURE]
    first, hole = reference(tmp_path, 1), mask(tmp_path)

    local.generate(recipe(references=(first,), mask=hole, seed=7), target)

    (asked,) = stand_in.transcript
    assert asked.path == "/v1/images/edits"
    assert {part.name: part.content for part in answers.parts(asked)} == {
        "prompt": b"A harbour in fog",
        "size": b"1280x832",
        "seed": b"7",
        "response_format": b"b64_json",
        "image": first.path.read_bytes(),
        "mask": hole.path.read_bytes(),
    }


def test_a_server_that_edits_nothing_draws_without_the_references_and_says_so(stand_in, local, target, tmp_path):
    stand_in.answers = [Answer({"detail": "Not Found"}, 404), PICTURE]

    pictured = local.generate(recipe(references=(reference(tmp_path),)), target)

    assert [asked.path for asked in stand_in.transcript] == ["/v1/images/edits", "/v1/images/generations"]
    assert pictured.warnings == ("The local server edits no pictures; the reference images were left out.",)


@pytest.mark.parametrize("where", ["{url}/files/1.png", "/files/1.png", "data:image/png;base64,{data}"])
def test_a_picture_may_come_by_url_path_or_data_url(stand_in, local, target, where):
    stand_in.routes["/files/1.png"] = Answer(PNG, 200, {"Content-Type": "image/png"})
    url = where.format(url=stand_in.url, data=base64.b64encode(PNG).decode())
    stand_in.answers = [answers.picture_by_url(url)]

    local.generate(recipe(), target)

    assert target.read_bytes() == PNG


def test_a_data_url_may_stand_where_base64_is_due(stand_in, local, target):
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    stand_in.answers = [Answer({"data": [{"b64_json": data}]})]

    local.generate(recipe(), target)

    assert target.read_bytes() == PNG


def test_another_server_of_the_same_network_is_not_asked_for_the_picture(stand_in, local, target):
    with closing(StandIn()) as other:
        stand_in.answers = [answers.picture_by_url(f"{other.url}/files/1.png")]
        with pytest.raises(ProviderFailed, match="not a public address"):
            local.generate(recipe(), target)

        assert other.transcript == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer({"images": ["…"]}), "without a picture"),
        (Answer({"data": [], "usage": "none"}), "without a picture"),
        (Answer({"error": "CUDA out of memory"}, 500), "CUDA out of memory"),
    ],
)
def test_an_answer_without_a_usable_picture_is_the_providers_error(stand_in, local, target, answer, words):
    stand_in.answers = [answer]

    with pytest.raises(ProviderFailed, match=words) as caught:
        local.generate(recipe(), target)
    assert caught.value.code == "PROVIDER_ERROR"


def test_usage_in_a_form_of_its_own_is_passed_over(stand_in, local, target):
    stand_in.answers = [Answer({**PICTURE.body, "usage": {"input_tokens": "many"}})]

    assert local.generate(recipe(), target).usage.input_tokens is None


def test_a_server_that_is_not_there_is_worth_another_attempt(stand_in, target):
    stand_in.close()

    told = refused(provider(stand_in), target)

    assert "cannot be reached" in told.message
    assert told.worth_retrying
