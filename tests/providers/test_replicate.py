"""Replicate, against a stand-in with the documented shapes."""

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.providers.conftest import Answer, StandIn, failure
from tests.providers.recipes import cat, mask, reference
from tests.providers.standins import replicate as says

from atpix.providers import replicate_models
from atpix.providers.replicate import Replicate
from atpix.providers.values import Pictured, ProviderFailed, Queued, UnknownModel
from atpix.settings import Settings

PICTURE = b"RIFF a picture"
NOWHERE = Path("unused")


def provider(stand_in: StandIn, **more) -> Replicate:
    return Replicate(Settings(replicate_api_key=says.KEY, replicate_base_url=f"{stand_in.url}/v1", **more))


def done_with(stand_in: StandIn, output: Any) -> None:
    stand_in.routes[says.PREDICTION] = says.prediction("succeeded", output=output)
    stand_in.routes["/files/out.webp"] = Answer(PICTURE, headers={"Content-Type": "image/webp"})


def poll(stand_in: StandIn, target: Path, *, model: str | None = None, **more) -> Pictured | Queued:
    return provider(stand_in, **more).poll(says.ID, cat(model=model), target)


def poll_fails(stand_in: StandIn, tmp_path: Path, **more) -> ProviderFailed:
    told = failure(lambda: poll(stand_in, tmp_path / "target", **more))
    assert says.KEY not in told.message
    return told


def sent(stand_in: StandIn, **more) -> tuple[str, dict]:
    """Where a recipe goes, and the input that it becomes."""
    stand_in.answers = [says.prediction("starting", 201)]
    assert provider(stand_in).generate(cat(**more), NOWHERE) == Queued(says.ID, 0.5)
    asked = stand_in.transcript[-1]
    return asked.path, asked.json()["input"]


def test_a_prediction_starts_is_processed_and_succeeds(stand_in, tmp_path):
    stand_in.answers = [says.prediction("starting", 201), says.prediction("starting"), says.prediction("processing")]
    replicate = provider(stand_in)

    queued = replicate.generate(cat(seed=7), NOWHERE)
    assert queued == Queued(says.ID, 0.5)
    assert replicate.poll(says.ID, cat(seed=7), tmp_path / "t") == queued
    assert replicate.poll(says.ID, cat(seed=7), tmp_path / "t") == queued
    done_with(stand_in, [f"{stand_in.url}/files/out.webp"])
    done = replicate.poll(says.ID, cat(seed=7), tmp_path / "t")

    assert isinstance(done, Pictured)
    assert (tmp_path / "t").read_bytes() == PICTURE
    assert (done.model, done.seed, done.usage.seconds) == ("black-forest-labs/flux-schnell", 7, 0.75)
    assert (done.cost_micro_usd, done.warnings) == (3_000, ())
    assert [(asked.method, asked.path) for asked in stand_in.transcript] == [
        ("POST", says.CREATE),
        *[("GET", says.PREDICTION)] * 3,
        ("GET", "/files/out.webp"),
    ]
    first = stand_in.transcript[0]
    assert first.json() == {"input": {"prompt": "a cat", "aspect_ratio": "16:9", "seed": 7}}
    assert (first.headers["Authorization"], first.headers["Prefer"]) == (f"Bearer {says.KEY}", None)


def test_a_version_is_run_by_its_id(stand_in):
    version = "39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b"

    path, given = sent(stand_in, model=f"stability-ai/sdxl:{version}", aspect_ratio="16:9")

    assert path == "/v1/predictions"
    assert stand_in.transcript[-1].json()["version"] == version
    assert given == {"prompt": "a cat", "width": 1344, "height": 768}


@pytest.mark.parametrize(
    ("model", "name", "how_many"),
    [
        ("black-forest-labs/flux-dev", "image", 1),
        ("black-forest-labs/flux-kontext-pro", "input_image", 1),
        ("black-forest-labs/flux-1.1-pro", "image_prompt", 1),
        ("black-forest-labs/flux-2-pro", "input_images", 2),
        ("google/nano-banana", "image_input", 2),
        ("someone/model", "image", 1),
        ("black-forest-labs/flux-schnell", None, 0),
    ],
)
def test_references_go_by_the_models_own_name_for_them(stand_in, tmp_path, model, name, how_many):
    two = (reference(tmp_path, 0), reference(tmp_path, 1))

    _, given = sent(stand_in, model=model, references=two)

    uris = [f"data:image/png;base64,{base64.b64encode(one.path.read_bytes()).decode()}" for one in two]
    images = {key: value for key, value in given.items() if key not in {"prompt", "aspect_ratio"}}
    assert images == ({name: uris if how_many == 2 else uris[0]} if name else {})


def test_a_mask_goes_out_white_where_it_was_transparent(stand_in, tmp_path):
    _, given = sent(
        stand_in,
        model="black-forest-labs/flux-fill-pro",
        references=(reference(tmp_path),),
        mask=mask(tmp_path),
    )

    with Image.open(BytesIO(base64.b64decode(given["mask"].partition(",")[2]))) as image:
        assert (image.mode, image.getpixel((10, 60)), image.getpixel((150, 60))) == ("L", 255, 0)
    assert "aspect_ratio" not in given


def test_a_model_that_only_changes_images_says_so(stand_in):
    with pytest.raises(ProviderFailed, match="send it one in referenceImages"):
        provider(stand_in).generate(cat(model="black-forest-labs/flux-fill-pro"), NOWHERE)
    assert stand_in.transcript == []


def test_a_ratio_that_a_model_lacks_becomes_the_nearest_one(stand_in):
    assert sent(stand_in, model="google/imagen-4", aspect_ratio="3:2", seed=3)[1] == {
        "prompt": "a cat",
        "aspect_ratio": "4:3",
    }


def test_of_an_unknown_model_a_warning_says_what_cannot_be_said(stand_in, tmp_path):
    done_with(stand_in, f"{stand_in.url}/files/out.webp")

    done = poll(stand_in, tmp_path / "t", model="someone/model")

    assert isinstance(done, Pictured)
    assert "does not know someone/model" in done.warnings[0]
    assert done.cost_micro_usd == 0


@pytest.mark.parametrize("output", ["url", ["url", "other"], {"image": "url"}, {"url": "url"}])
def test_the_picture_is_found_in_every_shape_of_output(stand_in, tmp_path, output):
    url = f"{stand_in.url}/files/out.webp"
    text = {"url": url}
    done_with(
        stand_in,
        url if output == "url" else [url, "x:y"] if isinstance(output, list) else dict.fromkeys(output, text["url"]),
    )

    assert isinstance(poll(stand_in, tmp_path / "t"), Pictured)
    assert (tmp_path / "t").read_bytes() == PICTURE


def test_a_picture_in_the_answer_itself_needs_no_fetch(stand_in, tmp_path):
    done_with(stand_in, [f"data:image/webp;base64,{base64.b64encode(PICTURE).decode()}"])

    assert isinstance(poll(stand_in, tmp_path / "t"), Pictured)
    assert (tmp_path / "t").read_bytes() == PICTURE
    assert len(stand_in.transcript) == 1


@pytest.mark.parametrize("output", [None, [], "", 7, [None], {"text": "x"}, "a sentence", ["ftp://x/y"], [[]]])
def test_an_output_without_a_picture_is_an_error(stand_in, tmp_path, output):
    done_with(stand_in, output)

    assert poll_fails(stand_in, tmp_path).code == "PROVIDER_ERROR"


@pytest.mark.parametrize(
    ("error", "code", "again"),
    [
        ("NSFW content detected. Try running it again, or try a different prompt.", "CONTENT_BLOCKED", False),
        ("The input or output was flagged as sensitive. (E005) (abc)", "CONTENT_BLOCKED", False),
        ("Prediction blocked by the safety filter", "CONTENT_BLOCKED", False),
        ("Service is temporarily unavailable due to high demand. (E003)", "PROVIDER_ERROR", True),
        ("Prediction interrupted; please retry (code: PA)", "PROVIDER_ERROR", True),
        (f"CUDA out of memory {says.KEY}", "PROVIDER_ERROR", False),
        (None, "PROVIDER_ERROR", False),
        ({"message": "odd"}, "PROVIDER_ERROR", False),
    ],
)
def test_a_failed_prediction_says_why_and_whether_another_may_do(stand_in, tmp_path, error, code, again):
    stand_in.routes[says.PREDICTION] = says.prediction("failed", error=error)

    told = poll_fails(stand_in, tmp_path)

    assert (told.code, told.worth_retrying) == (code, again)
    assert told.job_over or code == "CONTENT_BLOCKED"


@pytest.mark.parametrize(
    ("status", "again"), [("canceled", False), ("aborted", True), (None, False), (["failed"], False)]
)
def test_a_prediction_that_ended_otherwise_is_over(stand_in, tmp_path, status, again):
    stand_in.routes[says.PREDICTION] = says.prediction(status)

    told = poll_fails(stand_in, tmp_path)

    assert (told.code, told.worth_retrying, told.job_over) == ("PROVIDER_ERROR", again, True)


def test_a_prediction_that_replicate_has_lost_is_begun_anew(stand_in, tmp_path):
    stand_in.routes[says.PREDICTION] = says.problem(404, "Not found", "The requested resource does not exist.")

    told = poll_fails(stand_in, tmp_path)

    assert (told.worth_retrying, told.job_over) == (True, True)


def test_a_poll_that_failed_leaves_the_prediction_alone(stand_in, tmp_path):
    stand_in.routes[says.PREDICTION] = Answer("<html>Bad gateway</html>", 502)

    told = poll_fails(stand_in, tmp_path)

    assert (told.worth_retrying, told.job_over) == (True, False)


@pytest.mark.parametrize(
    ("answer", "code", "words", "wait_s"),
    [
        (says.throttled(), "PROVIDER_RATE_LIMIT", "throttled", 7.0),
        (says.problem(429, "Throttled", "Later.", **{"Retry-After": "3"}), "PROVIDER_RATE_LIMIT", "Later", 3.0),
        (says.problem(402, "Insufficient credit", "You have none."), "PROVIDER_ERROR", "no credit left", None),
        (says.problem(404, "Not found", "No such model."), "PROVIDER_ERROR", "owner/name:version", None),
        (
            says.problem(422, "Input validation failed", "- input: prompt is required"),
            "PROVIDER_ERROR",
            "prompt is",
            None,
        ),
        (says.problem(401, "Unauthenticated", f"{says.KEY} is wrong"), "PROVIDER_ERROR", "key", None),
        (Answer("<html>hello</html>"), "PROVIDER_ERROR", "web page", None),
        (Answer({"id": "../x", "status": "starting"}, 201), "PROVIDER_ERROR", "under which id", None),
        (Answer({"status": "starting"}, 201), "PROVIDER_ERROR", "under which id", None),
    ],
)
def test_what_replicate_refuses_is_told_in_words(stand_in, answer, code, words, wait_s):
    stand_in.answers = [answer]

    told = failure(lambda: provider(stand_in).generate(cat(), NOWHERE))

    assert words in told.message
    assert (told.code, told.retry_after_s) == (code, wait_s)
    assert told.worth_retrying == (code == "PROVIDER_RATE_LIMIT")
    assert says.KEY not in told.message


def test_addresses_of_a_foreign_host_are_never_asked(stand_in, tmp_path):
    """The key would go there. The prediction is found by its id."""
    elsewhere = {"get": "http://127.0.0.1:9/x", "cancel": "http://127.0.0.1:9/x/cancel"}
    stand_in.answers = [says.prediction("starting", 201, urls=elsewhere), says.prediction("starting", urls=elsewhere)]
    replicate = provider(stand_in)

    queued = replicate.generate(cat(), NOWHERE)

    assert queued == Queued(says.ID, 0.5)
    assert replicate.poll(queued.ref, cat(), tmp_path / "t") == queued


def test_a_cancelled_prediction_is_told_to_replicate_and_nothing_is_raised(stand_in):
    stand_in.answers = [says.prediction("canceled"), Answer({}, 500)]
    replicate = provider(stand_in)

    replicate.cancel(says.ID)
    replicate.cancel(says.ID)
    replicate.cancel("../not/ours")

    assert [(a.method, a.path) for a in stand_in.transcript] == [("POST", f"{says.PREDICTION}/cancel")] * 2


@pytest.mark.parametrize("model", [" ", "flux", "a/b/c", "../b", "a/b:", "a/b?x", "https://x/y", "a/b:c:d"])
def test_what_cannot_be_a_models_name_is_refused(stand_in, model):
    with pytest.raises(UnknownModel, match="owner/name"):
        provider(stand_in).capabilities(model)


def test_what_was_remembered_is_not_trusted(stand_in):
    for ref in ("", "../x", "https://elsewhere/x", "a b"):
        with pytest.raises(ProviderFailed, match="cannot be read"):
            provider(stand_in).poll(ref, cat(), NOWHERE)
    assert stand_in.transcript == []


def test_every_model_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "providers.md").read_text()

    assert [name for name in replicate_models.MODELS if f"{name.partition('/')[2]}" not in page] == []
