"""Automatic1111, against a stand-in with the documented shapes."""

import base64
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from tests.providers.conftest import Answer, StandIn, failure
from tests.providers.recipes import cat, mask, reference
from tests.providers.standins import automatic1111 as says

from atpix.providers.automatic1111 import Automatic1111
from atpix.providers.values import Pictured, ProviderFailed, UnknownModel
from atpix.settings import Settings

PICTURE = b"\x89PNG a picture"


def provider(stand_in: StandIn, **more) -> Automatic1111:
    return Automatic1111(Settings(automatic1111_base_url=stand_in.url, **more))


def drawn(stand_in: StandIn, target: Path, answer: Answer | None = None, **more) -> Pictured:
    stand_in.answers = [answer or says.drawn(PICTURE)]
    made = provider(stand_in).generate(cat(**more), target)
    assert isinstance(made, Pictured)
    return made


def fails(stand_in: StandIn, tmp_path: Path, answer: Answer, **more) -> ProviderFailed:
    stand_in.answers = [answer]
    return failure(lambda: provider(stand_in, **more).generate(cat(), tmp_path / "t"))


def test_a_prompt_is_drawn_and_the_seed_that_was_used_is_told(stand_in, tmp_path):
    made = drawn(stand_in, tmp_path / "t", aspect_ratio="3:2")

    assert (tmp_path / "t").read_bytes() == PICTURE
    assert (made.model, made.seed, made.cost_micro_usd, made.warnings) == (None, 1234, 0, ())
    [asked] = stand_in.transcript
    assert (asked.method, asked.path, asked.headers["Authorization"]) == ("POST", says.TXT2IMG, None)
    assert asked.json() == {
        "prompt": "a cat",
        "seed": -1,
        "width": 1280,
        "height": 832,
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
    }


def test_seed_and_checkpoint_are_asked_for(stand_in, tmp_path):
    made = drawn(stand_in, tmp_path / "t", seed=9, model="sd_xl_base_1.0.safetensors")

    body = stand_in.transcript[0].json()
    assert (body["seed"], body["override_settings"]) == (9, {"sd_model_checkpoint": "sd_xl_base_1.0.safetensors"})
    assert made.model == "sd_xl_base_1.0.safetensors"


def test_the_first_reference_is_where_it_begins(stand_in, tmp_path):
    two = (reference(tmp_path, 0), reference(tmp_path, 1))

    drawn(stand_in, tmp_path / "t", references=two)

    [asked] = stand_in.transcript
    uri = f"data:image/png;base64,{base64.b64encode(two[0].path.read_bytes()).decode()}"
    assert asked.path == says.IMG2IMG
    assert asked.json()["init_images"] == [uri]
    assert "mask" not in asked.json()


def test_a_mask_goes_out_white_where_it_was_transparent(stand_in, tmp_path):
    drawn(stand_in, tmp_path / "t", references=(reference(tmp_path),), mask=mask(tmp_path))

    sent = stand_in.transcript[0].json()["mask"].partition(",")[2]
    with Image.open(BytesIO(base64.b64decode(sent))) as image:
        assert (image.mode, image.getpixel((10, 60)), image.getpixel((150, 60))) == ("L", 255, 0)


def test_a_mask_in_black_and_white_goes_out_as_it_is(stand_in, tmp_path):
    given = reference(tmp_path, 7)
    image = Image.new("L", (160, 120), 0)
    image.paste(255, (0, 0, 80, 120))
    image.save(given.path)

    drawn(stand_in, tmp_path / "t", references=(reference(tmp_path),), mask=given)

    sent = stand_in.transcript[0].json()["mask"].partition(",")[2]
    with Image.open(BytesIO(base64.b64decode(sent))) as image:
        assert (image.getpixel((10, 60)), image.getpixel((150, 60))) == (255, 0)


def test_a_picture_with_its_type_in_front_is_understood(stand_in, tmp_path):
    uri = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"

    drawn(stand_in, tmp_path / "t", says.drawn(b"", images=[uri]))

    assert (tmp_path / "t").read_bytes() == PICTURE


@pytest.mark.parametrize(
    "info", [None, "", "{", "[]", "7", {"seed": 3}, '{"seed": "x"}', '{"seed": -1}', '{"seed": true}', "[" * 9000]
)
def test_a_seed_that_is_not_told_is_not_made_up(stand_in, tmp_path, info):
    assert drawn(stand_in, tmp_path / "t", says.drawn(PICTURE, info=info)).seed is None


@pytest.mark.parametrize("images", [None, [], [""], [None], [7], "text", ["@@@"], {"0": "x"}])
def test_an_answer_without_a_picture_is_an_error(stand_in, tmp_path, images):
    assert fails(stand_in, tmp_path, says.drawn(PICTURE, images=images)).code == "PROVIDER_ERROR"


@pytest.mark.parametrize(
    ("answer", "words", "again"),
    [
        (Answer({"detail": "Not Found"}, 404), "--api", False),
        (says.failed("OutOfMemoryError", "CUDA out of memory."), "too little memory", False),
        (says.failed("RuntimeError", "CUDA error"), "status 500", True),
        (
            Answer({"detail": [{"loc": ["body", "seed"], "msg": "not an integer", "type": "x"}]}, 422),
            "not an int",
            False,
        ),
        (Answer({"detail": "Busy"}, 429, {"Retry-After": "5"}), "no more requests", True),
    ],
)
def test_what_goes_wrong_is_told_in_words(stand_in, tmp_path, answer, words, again):
    told = fails(stand_in, tmp_path, answer)

    assert words in told.message
    assert told.worth_retrying == again


def test_it_can_do_one_reference_a_mask_and_a_seed(stand_in):
    able = provider(stand_in).capabilities("any-checkpoint.safetensors [abc]")

    assert (able.max_references, able.mask, able.seed) == (1, True, True)


@pytest.mark.parametrize("model", ["", "x" * 201, "a\nb"])
def test_what_cannot_be_a_checkpoint_is_refused(stand_in, model):
    with pytest.raises(UnknownModel, match="checkpoint"):
        provider(stand_in).capabilities(model)
