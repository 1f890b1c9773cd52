"""Gemini's `generateContent`, played by a server on this machine that answers in the documented shapes."""

import base64
import logging

import pytest
from tests.photographs import photo
from tests.providers.conftest import Answer, StandIn, refused
from tests.providers.recipes import documented, mask, recipe, reference
from tests.providers.standins import gemini as answers
from tests.providers.standins.openai import line

from atpix.providers.gemini import Gemini
from atpix.providers.values import ASPECT_RATIOS, UnknownModel
from atpix.settings import Settings

PNG = photo(1, "PNG", (96, 64))


def provider(stand_in: StandIn, **more: object) -> Gemini:
    given = {"gemini_api_key": answers.KEY, "gemini_base_url": f"{stand_in.url}/v1beta", **more}
    return Gemini(Settings(**given))  # type: ignore[arg-type]


@pytest.fixture
def gemini(stand_in: StandIn) -> Gemini:
    return provider(stand_in)


def test_a_prompt_becomes_a_picture(stand_in, gemini, target):
    stand_in.answers = [answers.answer(answers.said("Here it is:"), answers.picture(PNG))]

    pictured = gemini.generate(recipe(), target)

    assert target.read_bytes() == PNG
    assert (pictured.model, pictured.seed, pictured.warnings) == (answers.MODEL, None, ())
    assert (pictured.usage.input_tokens, pictured.usage.output_tokens) == (1300, 1310)
    assert pictured.cost_micro_usd == round(1300 * 0.3 + 1290 * 30 + 20 * 2.5)


def test_the_request_is_the_documented_one(stand_in, gemini, target):
    stand_in.answers = [answers.answer(answers.picture(PNG))]

    gemini.generate(recipe(seed=7), target)

    (asked,) = stand_in.transcript
    assert line(asked) == (
        f"POST {answers.PATH} | Accept-Encoding: identity | Accept: application/json | Connection: close"
        " | Content-Type: application/json | User-Agent: atpix"
    )
    assert asked.headers["x-goog-api-key"] == answers.KEY
    assert asked.json() == {
        "contents": [{"role": "user", "parts": [{"text": "A harbour in fog"}]}],
        "generationConfig": {
            "responseModalities": ["TEXT", "IMAGE"],
            "imageConfig": {"aspectRatio": "3:2"},
            "seed": 7,
        },
    }
    assert asked.json() == documented("Gemini")


def test_references_go_before_the_prompt_in_their_order(stand_in, gemini, target, tmp_path):
    stand_in.answers = [answers.answer(answers.picture(PNG))]
    first, second = reference(tmp_path, 1), reference(tmp_path, 2, "JPEG")

    gemini.generate(recipe(references=(first, second), mask=mask(tmp_path)), target)

    assert stand_in.transcript[0].json()["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(first.path.read_bytes()).decode()}},
        {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(second.path.read_bytes()).decode()}},
        {"text": "A harbour in fog"},
    ]


def test_every_ratio_is_asked_for_by_its_name(stand_in, gemini, target):
    for ratio in ASPECT_RATIOS:
        stand_in.answers = [answers.answer(answers.picture(PNG))]
        assert gemini.generate(recipe(aspect_ratio=ratio), target).warnings == ()
        assert stand_in.transcript[-1].json()["generationConfig"]["imageConfig"] == {"aspectRatio": ratio}


def test_a_seed_beyond_geminis_range_is_taken_modulo_and_kept_as_it_was(stand_in, gemini, target):
    stand_in.answers = [answers.answer(answers.picture(PNG))]

    assert gemini.generate(recipe(seed=2**40 + 5), target).seed == 2**40 + 5
    assert stand_in.transcript[0].json()["generationConfig"]["seed"] == 5


def test_a_draft_among_the_models_thoughts_is_not_the_picture(stand_in, gemini, target):
    draft = answers.picture(photo(2, "PNG"), thought=True)
    stand_in.answers = [answers.answer(draft, answers.picture(PNG))]

    gemini.generate(recipe(model="gemini-3-pro-image"), target)

    assert target.read_bytes() == PNG
    assert stand_in.transcript[0].path == "/v1beta/models/gemini-3-pro-image:generateContent"


def test_capabilities_are_those_of_the_model(gemini):
    can = gemini.capabilities(None)
    assert (can.max_references, can.seed, can.mask) == (3, True, False)
    assert can.aspect_ratios == set(ASPECT_RATIOS)
    assert gemini.capabilities("gemini-3-pro-image-preview").max_references == 14


@pytest.mark.parametrize("name", ["imagen-4.0-generate-001", "gemini-2.5-pro", "../../x", "flux"])
def test_a_model_that_makes_no_pictures_this_way_is_refused_with_those_there_are(gemini, name):
    with pytest.raises(UnknownModel, match=r"There are: gemini-2.5-flash-image, "):
        gemini.capabilities(name)


def test_a_models_name_stays_one_part_of_the_path(stand_in, gemini, target):
    stand_in.answers = [answers.answer(answers.picture(PNG))]

    gemini.generate(recipe(model="gemini-image/../../x?key=1#"), target)

    assert stand_in.transcript[0].path == "/v1beta/models/gemini-image%2F..%2F..%2Fx%3Fkey%3D1%23:generateContent"


def test_the_estimate_follows_the_published_prices_and_is_nothing_where_there_is_none(gemini):
    assert gemini.estimate_micro_usd(recipe("four" * 40)) == 1290 * 30 + round(40 * 0.3)
    assert gemini.estimate_micro_usd(recipe("", model="gemini-3-pro-image")) == 134_400
    assert gemini.estimate_micro_usd(recipe("", model="gemini-9-image")) == 0


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "IMAGE_SAFETY", "OTHER"])
def test_a_blocked_prompt_is_told_with_its_reason(stand_in, gemini, target, reason):
    stand_in.answers = [answers.prompt_blocked(reason)]

    blocked = refused(gemini, target)

    assert (blocked.code, blocked.worth_retrying) == ("CONTENT_BLOCKED", False)
    assert blocked.message == f"Gemini refused the prompt or a picture ({reason})."


@pytest.mark.parametrize(
    "reason", ["SAFETY", "IMAGE_SAFETY", "PROHIBITED_CONTENT", "IMAGE_PROHIBITED_CONTENT", "RECITATION", "SPII"]
)
def test_a_withheld_picture_is_told_with_its_reason(stand_in, gemini, target, reason):
    stand_in.answers = [answers.without_content(reason, "Unable to show the generated image.\nTry\x0banother prompt.")]

    blocked = refused(gemini, target)

    assert (blocked.code, blocked.worth_retrying) == ("CONTENT_BLOCKED", False)
    assert f"({reason}). It says: Unable to show the generated image. Try another prompt." in blocked.message


def test_words_instead_of_a_picture_are_passed_on_shortened(stand_in, gemini, target):
    stand_in.answers = [answers.answer(answers.said("Which harbour\ndo you mean? " + "I know many. " * 100))]

    failed = refused(gemini, target)

    assert (failed.code, failed.worth_retrying) == ("PROVIDER_ERROR", False)
    assert failed.message.startswith("Gemini answered without a picture. It says: Which harbour do you mean? I know")
    assert len(failed.message) < 260
    assert failed.message.endswith("…")


@pytest.mark.parametrize("reason", ["NO_IMAGE", "IMAGE_OTHER", "OTHER"])
def test_no_picture_without_a_word_why_is_worth_another_attempt(stand_in, gemini, target, reason):
    stand_in.answers = [answers.without_content(reason)]

    failed = refused(gemini, target)

    assert (failed.code, failed.worth_retrying) == ("PROVIDER_ERROR", True)
    assert reason in failed.message


@pytest.mark.parametrize(
    ("answer", "code", "again", "after_s", "words"),
    [
        (answers.TOO_FAST, "PROVIDER_RATE_LIMIT", True, 36.5, "allows no more requests"),
        (answers.EXHAUSTED, "PROVIDER_RATE_LIMIT", True, None, "exhausted"),
        (answers.USED_UP_FOR_TODAY, "PROVIDER_RATE_LIMIT", False, None, "for today is used up"),
        (answers.WRONG_KEY, "PROVIDER_ERROR", False, None, "refused the server's key"),
        (answers.FORBIDDEN, "PROVIDER_ERROR", False, None, "refused the server's key"),
        (answers.WRONG_PLACE, "PROVIDER_ERROR", False, None, "location is not supported"),
        (answers.NO_SUCH_MODEL, "PROVIDER_ERROR", False, None, "is not found"),
        (answers.BROKEN, "PROVIDER_ERROR", True, None, "status 500"),
        (answers.OVERLOADED, "PROVIDER_ERROR", True, None, "overloaded"),
    ],
)
def test_an_error_is_told_in_the_contracts_codes(stand_in, gemini, target, answer, code, again, after_s, words):
    stand_in.answers = [answer]

    failed = refused(gemini, target)

    assert (failed.code, failed.worth_retrying, failed.retry_after_s) == (code, again, after_s)
    assert words in failed.message


def test_a_retry_after_in_the_header_goes_before_the_one_in_the_body(stand_in, gemini, target):
    stand_in.answers = [answers.TOO_FAST._replace(headers={"Retry-After": "5"})]

    assert refused(gemini, target).retry_after_s == 5


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer({}), "without a picture"),
        (Answer({"candidates": []}), "without a picture"),
        (Answer({"candidates": "none"}), "not its documented one"),
        (answers.answer({"inlineData": {"mimeType": "image/png", "data": ""}}), "without a picture"),
        (answers.answer({"inlineData": {"mimeType": "image/png", "data": "%%%"}}), "broken base64"),
    ],
)
def test_an_answer_without_a_usable_picture_is_the_providers_error(stand_in, gemini, target, answer, words):
    stand_in.answers = [answer]

    failed = refused(gemini, target)

    assert failed.code == "PROVIDER_ERROR"
    assert words in failed.message


def test_a_large_picture_arrives_whole(stand_in, gemini, target):
    content = bytes(range(256)) * 5_000 + b"!"
    stand_in.answers = [answers.answer(answers.picture(content))]

    gemini.generate(recipe(), target)

    assert target.read_bytes() == content


def test_the_key_stands_in_no_message_and_no_log(stand_in, gemini, target, caplog):
    caplog.set_level(logging.DEBUG)
    for status in (200, 400, 401, 403, 404, 429, 500):
        stand_in.answers = [answers.error(status, "X", f"bad key {answers.KEY}")]
        failed = refused(gemini, target)
        assert answers.KEY not in failed.message + repr(failed)
    assert answers.KEY not in caplog.text
    assert all(answers.KEY not in asked.path for asked in stand_in.transcript)
