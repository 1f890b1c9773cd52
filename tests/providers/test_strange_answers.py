"""Answers that no provider should give: what they say of themselves is never trusted, and never ends in a 500."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.photographs import photo
from tests.providers.conftest import Answer, StandIn
from tests.providers.recipes import recipe
from tests.providers.standins import chat

from atpix.providers import telling
from atpix.providers.enhancing import ChatEnhancer
from atpix.providers.fal import Fal
from atpix.providers.gemini import Gemini
from atpix.providers.openai import Local, OpenAI
from atpix.providers.replicate import Replicate
from atpix.providers.values import Pictured, Provider, ProviderFailed, Queued, Usage
from atpix.settings import Settings

KEY = "sk-0123456789abcdef"
PNG = photo(1, "PNG", (96, 64))
IN_BASE64 = base64.b64encode(PNG).decode()
FAL_JOB = json.dumps({"app": "fal-ai/flux", "id": "1"})
HUGE = 10**320

Open = Callable[[StandIn], Provider]


def settings(stand_in: StandIn) -> Settings:
    names = ("gemini", "openai", "fal", "replicate", "local")
    given = {f"{name}_api_key": KEY for name in names} | {f"{name}_base_url": stand_in.url for name in names}
    return Settings(**given)  # type: ignore[arg-type]


def asked(kind: Any, stand_in: StandIn, target: Path, *answers: Answer) -> Pictured | Queued:
    """Polled where it is a job that is asked about."""
    stand_in.answers = list(answers)
    provider = kind(settings(stand_in))
    return provider.poll(FAL_JOB, recipe(), target) if kind is Fal else provider.generate(recipe(), target)


def failure(kind: Any, stand_in: StandIn, target: Path, *answers: Answer) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as caught:
        asked(kind, stand_in, target, *answers)
    return caught.value


def prediction(**more: Any) -> Answer:
    return Answer({"id": "a", "status": "succeeded", "output": f"data:image/png;base64,{IN_BASE64}", **more})


def candidate(**more: Any) -> Answer:
    return Answer({"candidates": [more]})


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (Gemini, candidate(content={"parts": [{"text": f"{'x ' * 90}your key is {KEY}"}]})),
        (Gemini, candidate(finishReason=KEY)),
        (Gemini, candidate(finishReason="SAFETY", finishMessage=KEY)),
        (Gemini, Answer({"promptFeedback": {"blockReason": KEY, "blockReasonMessage": KEY}})),
        (OpenAI, Answer({"error": {"message": KEY}})),
        (Replicate, Answer({"id": "a", "status": f"{'x' * 25}{KEY}"})),
        (Replicate, prediction(output=f"http://{KEY}.example.test:1/")),
        (Fal, Answer({"status": f"{'x' * 25}{KEY}"})),
    ],
)
def test_no_part_of_the_key_is_repeated(stand_in, target, kind, answer):
    assert KEY[:6] not in failure(kind, stand_in, target, answer).message


def test_a_short_key_leaves_pictures_as_they_are():
    assert telling.without("x", {"b64_json": "x" * 5000, "error": "x"}) == {"b64_json": "x" * 5000, "error": "[key]"}


@pytest.mark.parametrize("tokens", [-(10**9), 10**18])
def test_counts_of_tokens_are_kept_within_reason(stand_in, target, tokens):
    pictured = asked(
        OpenAI,
        stand_in,
        target,
        Answer({"data": [{"b64_json": IN_BASE64}], "usage": {"input_tokens": tokens, "output_tokens": 5}}),
    )

    assert isinstance(pictured, Pictured)
    assert 0 <= (pictured.usage.input_tokens or 0) <= telling.MOST_TOKENS
    assert 0 < pictured.cost_micro_usd <= telling.MOST_MICRO_USD


@pytest.mark.parametrize("tokens", [-(10**9), 10**18])
def test_so_they_are_where_a_provider_counts_in_its_own_way(stand_in, target, tokens):
    parts = {"parts": [{"inlineData": {"mimeType": "image/png", "data": IN_BASE64}}]}
    counts = {"promptTokenCount": tokens, "candidatesTokenCount": tokens, "thoughtsTokenCount": tokens}
    answer = Answer({"candidates": [{"content": parts}], "usageMetadata": counts})

    pictured = asked(Gemini, stand_in, target, answer)

    assert isinstance(pictured, Pictured)
    assert 0 <= (pictured.usage.output_tokens or 0) <= telling.MOST_TOKENS
    assert 0 < pictured.cost_micro_usd <= telling.MOST_MICRO_USD


def test_whatever_is_made_of_counts_is_within_reason():
    usage = Usage(images=-1, input_tokens=-5, output_tokens=HUGE, seconds=float("nan"))
    assert (usage.images, usage.input_tokens, usage.output_tokens, usage.seconds) == (0, 0, telling.MOST_TOKENS, None)
    assert Usage(seconds=2).seconds == 2.0
    assert Usage(seconds=HUGE).seconds is None
    assert Pictured(model=None, cost_micro_usd=HUGE).cost_micro_usd == telling.MOST_MICRO_USD
    assert Pictured(model=None, cost_micro_usd=-1).cost_micro_usd == 0


def test_a_time_that_none_is_is_left_out(stand_in, target):
    huge = Answer(b'{"id":"a","status":"succeeded","output":"data:image/png;base64,' + IN_BASE64.encode()
                  + b'","metrics":{"predict_time":' + str(HUGE).encode() + b"}}")  # fmt: skip
    pictured = asked(Replicate, stand_in, target, huge)

    assert isinstance(pictured, Pictured)
    assert pictured.usage.seconds is None
    assert target.read_bytes() == PNG


def test_so_it_is_at_fal(stand_in, target):
    status = Answer(b'{"status":"COMPLETED","metrics":{"inference_time":' + str(HUGE).encode() + b"}}")
    result = Answer({"images": [{"url": f"data:image/png;base64,{IN_BASE64}"}]})

    pictured = asked(Fal, stand_in, target, status, result)

    assert isinstance(pictured, Pictured)
    assert pictured.usage.seconds is None


def test_a_place_in_a_queue_of_any_length_is_waited_for_a_while(stand_in, target):
    queued = asked(Fal, stand_in, target, Answer(b'{"status":"IN_QUEUE","queue_position":' + str(HUGE).encode() + b"}"))

    assert isinstance(queued, Queued)
    assert queued.again_s == 10


@pytest.mark.parametrize("output", ["http://a:99999/", "http://a:²/", "http://[::1", "https://"])
def test_an_address_that_is_none_is_the_providers_mistake(stand_in, target, output):
    assert failure(Replicate, stand_in, target, prediction(output=output)).code == "PROVIDER_ERROR"


@pytest.mark.parametrize("wait", ["²", "9" * 5000, "-1", "Wed, 21 Oct 99999999 07:28:00 GMT", "x"])
def test_a_retry_after_that_is_none_is_as_if_nothing_was_said(stand_in, target, wait):
    failed = failure(OpenAI, stand_in, target, Answer({}, 429, {"Retry-After": wait}))

    assert (failed.code, failed.retry_after_s) == ("PROVIDER_RATE_LIMIT", None)


def test_a_refusal_with_any_number_in_it_is_a_refusal(stand_in, target):
    said = Answer(b'{"error":{"message":"no","code":1' + b"0" * 320 + b"}}", 400)

    assert failure(Local, stand_in, target, said).code == "PROVIDER_ERROR"


def test_what_is_said_can_be_kept_by_any_database(stand_in, target):
    failed = failure(OpenAI, stand_in, target, Answer({"error": {"message": "no\x00 such\x1b[31m thing\x85"}}, 400))

    assert failed.message.endswith("no\ufffd such\ufffd[31m thing")
    assert str(failed) == failed.message


def test_text_is_cut_and_holds_neither_control_characters_nor_halves_of_pairs():
    strange = "a\x00\ud800\x7f"
    pictured = Pictured(model=strange, revised_prompt=strange + "\n", warnings=(strange,) * 100)

    assert pictured.model == pictured.warnings[0] == "a\ufffd\ufffd\ufffd"
    assert pictured.revised_prompt == "a\ufffd\ufffd\ufffd\n"
    assert len(pictured.warnings) == 20
    assert len(ProviderFailed("PROVIDER_ERROR", "x" * 10**6).message) == 1000
    assert len(Pictured(model="x" * 10**6).model or "") == 200


@pytest.mark.parametrize("ref", ["a\x00", "\ud800", "x" * 10_000])
def test_a_job_under_a_reference_that_cannot_be_kept_is_no_job(ref):
    with pytest.raises(ProviderFailed):
        Queued(ref)


def enhanced(stand_in: StandIn, said: str, prompt: str = "a cat") -> str:
    stand_in.answers = [chat.said(said)]
    given = Settings(enhancer_base_url=stand_in.url, enhancer_model="m")
    return ChatEnhancer(given).enhance(prompt, "general")


def test_thoughts_that_never_end_are_looked_through_once(stand_in):
    """A pattern would begin anew at each of them: minutes."""
    with pytest.raises(ProviderFailed, match="are allowed"):
        enhanced(stand_in, "<think>" * 37_000)


def test_thoughts_are_left_out_wherever_they_stand(stand_in):
    assert enhanced(stand_in, "<Think>İ hm</THINK>a <think>so</think>tabby <think> cat") == "a tabby <think> cat"


def test_thousands_of_names_are_looked_for_once(stand_in):
    """For each anew would be minutes."""
    names = " ".join(f"@n{number}" for number in range(4_000))
    assert enhanced(stand_in, names[: names.rindex(" ")], names).endswith("(@n3999)")


def test_an_enhancer_that_says_far_too_much_is_not_listened_to(stand_in):
    with pytest.raises(ProviderFailed, match="262,144 bytes"):
        enhanced(stand_in, "x" * 300_000)
