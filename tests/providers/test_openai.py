"""OpenAI's images API, played by a server on this machine that answers in the documented shapes."""

import json
import logging
from contextlib import closing

import pytest
from tests.photographs import photo
from tests.providers.conftest import Answer, StandIn, refused
from tests.providers.recipes import IDENTITY, documented, mask, recipe, reference
from tests.providers.standins import openai as answers

from atpix.providers.openai import OpenAI
from atpix.providers.values import ASPECT_RATIOS, UnknownModel
from atpix.settings import Settings

PNG = photo(1, "PNG", (96, 64))


def provider(stand_in: StandIn, **more: object) -> OpenAI:
    given = {"openai_api_key": answers.KEY, "openai_base_url": f"{stand_in.url}/v1", **more}
    return OpenAI(Settings(**given))  # type: ignore[arg-type]


@pytest.fixture
def openai(stand_in: StandIn) -> OpenAI:
    return provider(stand_in)


def test_a_prompt_becomes_a_picture(stand_in, openai, target):
    stand_in.answers = [answers.picture(PNG)]

    pictured = openai.generate(recipe(), target)

    assert target.read_bytes() == PNG
    assert pictured.model == "gpt-image-1"
    assert pictured.warnings == ()
    assert (pictured.usage.input_tokens, pictured.usage.output_tokens) == (50, 1584)
    assert pictured.cost_micro_usd == 10 * 5 + 40 * 10 + 1584 * 40


def test_the_request_is_the_documented_one(stand_in, openai, target):
    stand_in.answers = [answers.picture(PNG)]

    openai.generate(recipe(), target)

    (asked,) = stand_in.transcript
    assert answers.line(asked) == (
        "POST /v1/images/generations | Accept-Encoding: identity | Accept: application/json | Connection: close"
        f" | Content-Type: application/json | Idempotency-Key: {IDENTITY} | User-Agent: atpix"
    )
    assert asked.headers["Authorization"] == f"Bearer {answers.KEY}"
    assert asked.json() == {"model": "gpt-image-1", "prompt": "A harbour in fog", "size": "1536x1024", "n": 1}
    assert asked.json() == documented("OpenAI")


def test_with_references_and_a_mask_it_edits(stand_in, openai, target, tmp_path):
    stand_in.answers = [answers.picture(PNG)]
    first, second, hole = reference(tmp_path, 1), reference(tmp_path, 2, "JPEG"), mask(tmp_path)

    openai.generate(recipe(references=(first, second), mask=hole), target)

    (asked,) = stand_in.transcript
    assert answers.line(asked) == (
        "POST /v1/images/edits | Accept-Encoding: identity | Accept: application/json | Connection: close"
        f" | Content-Type: multipart/form-data | Idempotency-Key: {IDENTITY} | User-Agent: atpix"
    )
    fields = {part.name: part.content.decode() for part in answers.parts(asked) if part.filename is None}
    assert fields == {"model": "gpt-image-1", "prompt": "A harbour in fog", "size": "1536x1024"}
    assert [part for part in answers.parts(asked) if part.filename] == [
        answers.Part("image[]", "reference-1.png", "image/png", first.path.read_bytes()),
        answers.Part("image[]", "reference-2.jpg", "image/jpeg", second.path.read_bytes()),
        answers.Part("mask", "mask.png", "image/png", hole.path.read_bytes()),
    ]
    assert target.read_bytes() == PNG


def test_one_reference_alone_is_no_list(stand_in, openai, target, tmp_path):
    stand_in.answers = [answers.picture(PNG)]

    openai.generate(recipe(references=(reference(tmp_path),)), target)

    assert [part.name for part in answers.parts(stand_in.transcript[0]) if part.filename] == ["image"]


def test_a_prompt_in_any_script_arrives_as_it_was(stand_in, openai, target, tmp_path):
    stand_in.answers = [answers.picture(PNG), answers.picture(PNG)]
    prompt = 'שלום "quoted" \r\n--boundary\x00 🦊'

    openai.generate(recipe(prompt), target)
    openai.generate(recipe(prompt, references=(reference(tmp_path),)), target)

    written, edited = stand_in.transcript
    assert written.json()["prompt"] == prompt
    assert {part.name: part.content.decode() for part in answers.parts(edited)[:3]}["prompt"] == prompt


@pytest.mark.parametrize(
    ("model", "sizes"),
    [
        ("gpt-image-1", "1024x1024 1536x1024 1024x1536 1536x1024 1024x1536 1536x1024 1024x1536 1536x1024"),
        ("dall-e-3", "1024x1024 1792x1024 1024x1792 1792x1024 1024x1792 1792x1024 1024x1024 1792x1024"),
        ("gpt-image-2", "1024x1024 1360x768 768x1360 1248x832 832x1248 1184x880 880x1184 1568x672"),
    ],
)
def test_every_ratio_has_its_nearest_size_and_a_warning_where_it_is_not_that_ratio(
    stand_in, openai, target, model, sizes
):
    has = openai.capabilities(model).aspect_ratios
    for ratio, size in zip(ASPECT_RATIOS, sizes.split(), strict=True):
        stand_in.answers = [answers.picture(PNG)]
        pictured = openai.generate(recipe(model=model, aspect_ratio=ratio), target)
        assert stand_in.transcript[-1].json()["size"] == size
        warning = f"The nearest to {ratio} that {model} makes is {size}."
        assert pictured.warnings == (() if ratio in has else (warning,))


def test_dall_e_3_asks_for_base64_and_tells_its_own_prompt(stand_in, openai, target):
    stand_in.answers = [answers.picture_of_dall_e(PNG)]

    pictured = openai.generate(recipe(model="dall-e-3", aspect_ratio="16:9"), target)

    assert stand_in.transcript[0].json()["response_format"] == "b64_json"
    assert pictured.revised_prompt == "A harbour in fog, in oil."
    assert pictured.cost_micro_usd == 80_000
    assert pictured.usage.input_tokens is None


def test_dall_e_3_edits_nothing(stand_in, openai, target, tmp_path):
    stand_in.answers = [answers.picture_of_dall_e(PNG)]

    openai.generate(recipe(model="dall-e-3", references=(reference(tmp_path),)), target)

    assert stand_in.transcript[0].path == "/v1/images/generations"
    can = openai.capabilities("dall-e-3")
    assert (can.max_references, can.mask, can.seed) == (0, False, False)


def test_capabilities_are_those_of_the_model(openai):
    assert openai.capabilities(None) == openai.capabilities("gpt-image-1")
    assert openai.capabilities("gpt-image-1").max_references == 16
    assert openai.capabilities("gpt-image-1").mask
    assert openai.capabilities("gpt-image-1").aspect_ratios == {"1:1", "3:2", "2:3"}
    assert openai.capabilities("gpt-image-2-2026-04-21") == openai.capabilities("gpt-image-2")
    assert openai.capabilities("gpt-image-7").aspect_ratios == set(ASPECT_RATIOS)


def test_a_model_that_cannot_be_openais_is_refused_with_those_there_are(openai):
    with pytest.raises(UnknownModel, match=r"no image model 'flux-dev'. There are: .*gpt-image-1, "):
        openai.capabilities("flux-dev")


def test_the_operators_own_choice_of_a_model_is_never_refused(stand_in, target):
    stand_in.answers = [answers.picture(PNG)]
    pictured = provider(stand_in, openai_model="picture-maker").generate(recipe(), target)

    assert pictured.model == "picture-maker"
    assert pictured.cost_micro_usd == 0


def test_the_estimate_is_of_the_best_quality_and_nothing_where_no_price_is_known(openai, tmp_path):
    plain = openai.estimate_micro_usd(recipe("four" * 40))
    assert plain == 250_000 + 40 * 5
    assert openai.estimate_micro_usd(recipe(references=(reference(tmp_path),))) > plain
    assert openai.estimate_micro_usd(recipe(model="gpt-image-7")) == 0


@pytest.mark.parametrize(
    "answer", [answers.MODERATED, answers.MODERATED_BY_DALL_E, answers.MODERATED_WITHOUT_CODE], ids=repr
)
def test_a_moderated_prompt_is_blocked_with_the_reason(stand_in, openai, target, answer):
    stand_in.answers = [answer]

    blocked = refused(openai, target)

    assert (blocked.code, blocked.worth_retrying) == ("CONTENT_BLOCKED", False)
    assert blocked.message.startswith("OpenAI refused the prompt or a picture. It says: Your request was rejected")


@pytest.mark.parametrize(
    ("answer", "code", "again", "words"),
    [
        (answers.TOO_FAST, "PROVIDER_RATE_LIMIT", True, "Rate limit reached"),
        (answers.NO_CREDIT, "PROVIDER_ERROR", False, "no credit left"),
        (answers.BILLING_LIMIT, "PROVIDER_ERROR", False, "no credit left"),
        (answers.WRONG_KEY, "PROVIDER_ERROR", False, "refused the server's key"),
        (answers.UNVERIFIED, "PROVIDER_ERROR", False, "must be verified"),
        (answers.NO_SUCH_MODEL, "PROVIDER_ERROR", False, "does not exist"),
        (answers.BROKEN, "PROVIDER_ERROR", True, "The server had an error"),
        (answers.OVERLOADED, "PROVIDER_ERROR", True, "overloaded"),
    ],
)
def test_an_error_is_told_in_the_contracts_codes(stand_in, openai, target, answer, code, again, words):
    stand_in.answers = [answer]

    failed = refused(openai, target)

    assert (failed.code, failed.worth_retrying) == (code, again)
    assert words in failed.message
    assert failed.retry_after_s == (float(answer.headers["Retry-After"]) if answer.headers else None)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer({"created": 1, "data": []}), "without a picture"),
        (Answer({"created": 1, "data": [{}]}), "without a picture"),
        (Answer({"created": 1, "data": [{"b64_json": 7}]}), "without a picture"),
        (Answer({"error": {"message": "out of memory"}}), "It says: out of memory"),
        (Answer({"data": [{"b64_json": "not base64!"}]}), "broken base64"),
        (Answer({"data": [{"url": "file:///etc/passwd"}]}), "neither http nor https"),
    ],
)
def test_an_answer_without_a_usable_picture_is_the_providers_error(stand_in, openai, target, answer, words):
    stand_in.answers = [answer]

    failed = refused(openai, target)

    assert failed.code == "PROVIDER_ERROR"
    assert words in failed.message


def test_a_picture_of_another_size_is_kept_as_it_is_for_it_is_examined_later(stand_in, openai, target):
    tiny = photo(3, "PNG", (3, 2))
    stand_in.answers = [answers.picture(tiny)]

    openai.generate(recipe(), target)

    assert target.read_bytes() == tiny


def test_a_picture_by_url_is_fetched(stand_in, openai, target):
    stand_in.routes["/files/1.png"] = Answer(PNG, 200, {"Content-Type": "image/png"})
    stand_in.answers = [answers.picture_by_url(f"{stand_in.url}/files/1.png")]

    openai.generate(recipe(model="dall-e-3"), target)

    assert target.read_bytes() == PNG


def test_a_url_that_leads_to_an_internal_address_is_not_fetched(stand_in, openai, target):
    with closing(StandIn()) as internal:
        internal.routes["/secret"] = Answer(PNG)
        for url in (f"{internal.url}/secret", "http://169.254.169.254/latest/"):
            stand_in.answers = [answers.picture_by_url(url)]
            assert "not a public address" in refused(openai, target, model="dall-e-3").message

        assert internal.transcript == []


def test_the_key_stands_in_no_message_and_no_log(stand_in, openai, target, caplog):
    caplog.set_level(logging.DEBUG)
    echo = {"error": {"message": f"bad key {answers.KEY}", "code": None, "type": "x"}}
    for status in (200, 400, 401, 403, 404, 429, 500):
        stand_in.answers = [Answer(echo, status)]
        failed = refused(openai, target)
        assert answers.KEY not in failed.message + repr(failed) + str(failed)
    stand_in.answers = [Answer({**echo, "error": {**echo["error"], "code": "moderation_blocked"}}, 400)]
    assert answers.KEY not in refused(openai, target).message
    assert answers.KEY not in caplog.text
    assert answers.KEY not in json.dumps([vars(openai)], default=repr)
