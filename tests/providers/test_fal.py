"""fal, against a stand-in with the documented shapes."""

import base64
import json
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from tests.providers.conftest import Answer, StandIn, failure
from tests.providers.recipes import cat, mask, reference
from tests.providers.standins import fal as says

from atpix.providers import fal_models
from atpix.providers.fal import Fal
from atpix.providers.values import ASPECT_RATIOS, Pictured, ProviderFailed, Queued, UnknownModel
from atpix.settings import Settings

PICTURE = b"\xff\xd8\xff\xe0 a picture"


def provider(stand_in: StandIn, **more) -> Fal:
    return Fal(Settings(fal_api_key=says.KEY, fal_base_url=stand_in.url, **more))


def submitted(stand_in: StandIn, **more) -> dict:
    """The body that a recipe becomes, and under "endpoint" where it goes."""
    stand_in.answers = [says.accepted()]
    assert isinstance(provider(stand_in).generate(cat(**more), Path("unused")), Queued)
    asked = stand_in.transcript[-1]
    return {"endpoint": asked.path.removeprefix("/"), **asked.json()}


def taken(stand_in: StandIn, **more) -> tuple[Fal, str]:
    stand_in.answers = [says.accepted()]
    fal = provider(stand_in, **more)
    queued = fal.generate(cat(), Path("unused"))
    assert isinstance(queued, Queued)
    return fal, queued.ref


def poll_fails(stand_in: StandIn, tmp_path: Path, **more) -> ProviderFailed:
    fal, ref = taken(stand_in, **more)
    told = failure(lambda: fal.poll(ref, cat(), tmp_path / "target"))
    assert says.KEY not in told.message
    return told


def test_a_job_is_queued_is_drawn_and_is_done(stand_in, tmp_path):
    fal, ref = taken(stand_in)
    stand_in.answers = [says.queued(4), says.in_progress()]

    assert fal.poll(ref, cat(), tmp_path / "t") == Queued(ref, 2.5)
    assert fal.poll(ref, cat(), tmp_path / "t") == Queued(ref, 0.5)
    says.finishes(stand_in, PICTURE)
    done = fal.poll(ref, cat(), tmp_path / "t")

    assert isinstance(done, Pictured)
    assert (tmp_path / "t").read_bytes() == PICTURE
    assert (done.model, done.seed, done.usage.seconds, done.warnings) == ("fal-ai/flux/schnell", 42, 1.25, ())
    assert done.cost_micro_usd == 3_000
    assert [(asked.method, asked.path) for asked in stand_in.transcript] == [
        ("POST", "/fal-ai/flux/schnell"),
        ("GET", f"{says.JOB}/status"),
        ("GET", f"{says.JOB}/status"),
        ("GET", f"{says.JOB}/status"),
        ("GET", says.JOB),
        ("GET", "/files/picture.jpg"),
    ]
    assert all(asked.headers["Authorization"] == f"Key {says.KEY}" for asked in stand_in.transcript)


def test_a_seed_that_cannot_be_asked_for_again_is_not_told(stand_in, tmp_path):
    """Fal draws them from 64 bits; JSON carries 53 everywhere."""
    fal, ref = taken(stand_in)
    says.finishes(stand_in, PICTURE, seed=2**60)

    done = fal.poll(ref, cat(), tmp_path / "t")

    assert isinstance(done, Pictured)
    assert done.seed is None


def test_another_process_goes_on_with_the_job(stand_in, tmp_path):
    _, ref = taken(stand_in)
    says.finishes(stand_in, PICTURE)

    assert isinstance(provider(stand_in).poll(ref, cat(), tmp_path / "t"), Pictured)


def test_a_model_with_sides_gets_sides_and_a_model_with_ratios_gets_a_ratio(stand_in):
    sides = submitted(stand_in, aspect_ratio="16:9", seed=7)
    ratio = submitted(stand_in, aspect_ratio="16:9", seed=7, model="fal-ai/nano-banana-2")

    assert sides == {
        "endpoint": "fal-ai/flux/schnell",
        "prompt": "a cat",
        "num_images": 1,
        "image_size": {"width": 1344, "height": 768},
        "seed": 7,
    }
    assert ratio == {
        "endpoint": "fal-ai/nano-banana-2",
        "prompt": "a cat",
        "num_images": 1,
        "aspect_ratio": "16:9",
        "seed": 7,
    }


def test_a_ratio_that_a_model_lacks_becomes_the_nearest_one(stand_in):
    assert submitted(stand_in, model="fal-ai/imagen4/preview", aspect_ratio="21:9")["aspect_ratio"] == "16:9"
    assert submitted(stand_in, model="fal-ai/imagen4/preview", aspect_ratio="2:3")["aspect_ratio"] == "3:4"


@pytest.mark.parametrize(
    ("model", "how_many", "endpoint", "inputs"),
    [
        ("fal-ai/flux-pro/kontext", 0, "fal-ai/flux-pro/kontext/text-to-image", set()),
        ("fal-ai/flux-pro/kontext", 1, "fal-ai/flux-pro/kontext", {"image_url"}),
        ("fal-ai/flux-pro/kontext", 2, "fal-ai/flux-pro/kontext/multi", {"image_urls"}),
        ("fal-ai/flux-pro/kontext/multi", 1, "fal-ai/flux-pro/kontext", {"image_url"}),
        ("fal-ai/flux-pro/kontext/max", 2, "fal-ai/flux-pro/kontext/max/multi", {"image_urls"}),
        ("fal-ai/nano-banana/edit", 0, "fal-ai/nano-banana", set()),
        ("fal-ai/nano-banana", 1, "fal-ai/nano-banana/edit", {"image_urls"}),
        ("fal-ai/flux/schnell", 1, "fal-ai/flux/schnell", set()),
        ("someone/model", 1, "someone/model", {"image_url", "image_urls"}),
    ],
)
def test_references_go_to_the_endpoint_that_takes_them(stand_in, tmp_path, model, how_many, endpoint, inputs):
    given = tuple(reference(tmp_path, i) for i in range(how_many))

    body = submitted(stand_in, model=model, references=given)

    assert body["endpoint"] == endpoint
    assert {name for name in body if name.startswith("image_u")} == inputs
    uri = f"data:image/png;base64,{base64.b64encode(given[0].path.read_bytes()).decode()}" if given else None
    assert body.get("image_url", uri) == uri
    assert body.get("image_urls", [uri])[0] == uri


def test_a_mask_goes_out_white_where_it_was_transparent(stand_in, tmp_path):
    given = (reference(tmp_path),)

    body = submitted(stand_in, model="fal-ai/fast-sdxl", references=given, mask=mask(tmp_path))

    assert body["endpoint"] == "fal-ai/fast-sdxl/inpainting"
    with Image.open(BytesIO(base64.b64decode(body["mask_url"].partition(",")[2]))) as sent:
        assert (sent.mode, sent.getpixel((10, 60)), sent.getpixel((150, 60))) == ("L", 255, 0)


def test_a_model_that_only_changes_images_says_so(stand_in):
    with pytest.raises(ProviderFailed, match="send it one in referenceImages"):
        provider(stand_in).generate(cat(model="fal-ai/flux-pro/v1/fill"), Path("unused"))
    assert stand_in.transcript == []


def test_of_an_unknown_model_everything_is_tried_and_a_warning_says_so(stand_in, tmp_path):
    fal = provider(stand_in)
    body = submitted(stand_in, model="someone/model", aspect_ratio="1:1")
    job = f"/someone/model/requests/{says.ID}"
    stand_in.routes |= {f"{job}/status": says.completed(), job: says.result("data:image/png;base64,AAAA")}
    done = fal.poll(json.dumps({"app": "someone/model", "id": says.ID}), cat(model="someone/model"), tmp_path / "t")

    assert (body["aspect_ratio"], body["image_size"]) == ("1:1", {"width": 1024, "height": 1024})
    assert isinstance(done, Pictured)
    assert "does not know someone/model" in done.warnings[0]
    assert fal.capabilities("someone/model").max_references == 10
    assert fal.estimate_micro_usd(cat(model="someone/model")) == 0
    assert (tmp_path / "t").read_bytes() == base64.b64decode("AAAA")


@pytest.mark.parametrize(
    "model", ["", "flux", "../etc", "a/../b", "a/b?x=1", "a/b#", "a//b", "https://x/y", "a/b c", "a/é"]
)
def test_what_cannot_be_a_models_name_is_refused(stand_in, model):
    with pytest.raises(UnknownModel, match="fal's models are named like"):
        provider(stand_in).capabilities(model or " ")


@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
def test_every_picture_has_a_price(stand_in, ratio):
    assert provider(stand_in).estimate_micro_usd(cat(aspect_ratio=ratio)) == 3_000


def test_addresses_of_a_foreign_host_are_never_asked(stand_in, tmp_path):
    """The key would go there. The job is found by its id."""
    stand_in.answers = [says.accepted(host="http://127.0.0.1:9")]
    fal = provider(stand_in)
    queued = fal.generate(cat(), Path("unused"))
    says.finishes(stand_in, PICTURE)

    assert isinstance(queued, Queued)
    assert isinstance(fal.poll(queued.ref, cat(), tmp_path / "t"), Pictured)


def test_a_cancelled_job_is_told_to_fal_and_nothing_is_raised(stand_in):
    fal, ref = taken(stand_in)
    stand_in.answers = [Answer({"status": "CANCELLATION_REQUESTED"}, 202), Answer({"status": "ALREADY_COMPLETED"}, 400)]

    fal.cancel(ref)
    fal.cancel(ref)
    fal.cancel("not ours")

    assert [(a.method, a.path) for a in stand_in.transcript[1:]] == [("PUT", f"{says.JOB}/cancel")] * 2


@pytest.mark.parametrize("answer", [{}, {"request_id": 7.5}, {"request_id": "../../x"}, {"request_id": ""}])
def test_a_job_without_a_usable_id_is_a_failure(stand_in, answer):
    stand_in.answers = [Answer(answer)]

    with pytest.raises(ProviderFailed, match="under which id"):
        provider(stand_in).generate(cat(), Path("unused"))


def test_a_refused_prompt_is_content_blocked_at_once_and_later(stand_in, tmp_path):
    stand_in.answers = [says.model_error("content_policy_violation")]
    at_once = failure(lambda: provider(stand_in).generate(cat(), Path("unused")))
    stand_in.routes |= {
        f"{says.JOB}/status": says.completed(),
        says.JOB: says.model_error("content_policy_violation"),
    }
    later = poll_fails(stand_in, tmp_path)

    assert (at_once.code, at_once.worth_retrying) == ("CONTENT_BLOCKED", False)
    assert (later.code, later.worth_retrying) == ("CONTENT_BLOCKED", False)


def test_a_blackened_picture_is_content_blocked(stand_in, tmp_path):
    says.finishes(stand_in, PICTURE, has_nsfw_concepts=[True])

    assert poll_fails(stand_in, tmp_path).code == "CONTENT_BLOCKED"
    assert not (tmp_path / "target").exists()


def test_a_rate_limit_is_waited_for_as_long_as_fal_says(stand_in):
    stand_in.answers = [Answer({"detail": f"Slow down, {says.KEY}."}, 429, {"Retry-After": "17"})]

    told = failure(lambda: provider(stand_in).generate(cat(), Path("unused")))

    assert (told.code, told.worth_retrying, told.retry_after_s) == ("PROVIDER_RATE_LIMIT", True, 17.0)
    assert says.KEY not in told.message


@pytest.mark.parametrize(
    ("answer", "again", "over"),
    [
        (says.platform_error("runner_server_error", 500), True, True),
        (says.platform_error("request_timeout", 504), True, True),
        (says.model_error("downstream_service_unavailable", 500), True, True),
        (says.model_error("image_too_large", 422), False, True),
        (Answer({}, 502), True, False),
        (Answer({"detail": "Not found"}, 404), True, True),
        (Answer({"detail": "Unauthorized"}, 401), False, False),
    ],
    ids=["runner", "slow", "downstream", "input", "gateway", "lost", "key"],
)
def test_a_job_that_failed_is_over_and_a_poll_that_failed_is_not(stand_in, tmp_path, answer, again, over):
    stand_in.routes |= {f"{says.JOB}/status": says.completed(), says.JOB: answer}

    told = poll_fails(stand_in, tmp_path)

    assert (told.code, told.worth_retrying, told.job_over) == ("PROVIDER_ERROR", again, over)


@pytest.mark.parametrize(
    "body",
    [
        "<html>Bad gateway</html>",
        "",
        "[1, 2]",
        {"status": "COMPLETED", "images": []},
        {"images": None},
        {"images": [{"url": 7}]},
        {"images": ["", ""]},
        {"images": [{"url": "ftp://127.0.0.1/x"}]},
        {"images": [{"url": "data:image/png;base64,@@"}]},
    ],
)
def test_a_result_that_is_none_is_an_error(stand_in, tmp_path, body):
    stand_in.routes |= {f"{says.JOB}/status": says.completed(), says.JOB: Answer(body)}

    assert poll_fails(stand_in, tmp_path).code == "PROVIDER_ERROR"


@pytest.mark.parametrize("status", [None, 7, "WHATEVER", ["IN_QUEUE"]])
def test_a_state_that_is_none_is_an_error(stand_in, tmp_path, status):
    stand_in.routes[f"{says.JOB}/status"] = Answer({"status": status})

    assert poll_fails(stand_in, tmp_path).job_over


def test_what_was_remembered_is_not_trusted(stand_in, tmp_path):
    fal = provider(stand_in)

    for ref in ("", "{}", '{"app": "../x", "id": "1"}', '{"app": "a/b", "id": "../../x"}', "https://elsewhere/status"):
        with pytest.raises(ProviderFailed, match="cannot be read"):
            fal.poll(ref, cat(), tmp_path / "t")
    assert stand_in.transcript == []


def test_every_family_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "providers.md").read_text()

    assert [name for name in fal_models.FAMILIES if f"{name.rpartition('/')[2]}`" not in page] == []
