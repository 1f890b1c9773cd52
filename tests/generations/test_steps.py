"""What providers and enhancers answer, and what becomes of it."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image as Pillow
from tests import in_process
from tests.generations.providers import Enhancing, failed, picture
from tests.generations.studio import Studio
from tests.photographs import encoded, photo, pixels

from atpix.db.generation_tables import generation_inputs
from atpix.ids import blob_key
from atpix.images.rows import Image
from atpix.providers.values import Pictured, ProviderFailed, Recipe, Reference

TRUNCATED = picture()[:-200]


def test_a_provider_gets_the_recipe_and_the_same_identity_with_every_attempt(studio: Studio):
    studio.provider.answers.append(failed(worth_retrying=True, retry_after_s=0))
    generation = studio.ask(prompt="two foxes", aspect_ratio="1:1", model="m-2", seed=11)
    studio.runner()
    studio.ended(generation)

    first, second = studio.provider.calls
    assert first == second
    assert first == Recipe(identity=f"{generation}-1", prompt="two foxes", aspect_ratio="1:1", model="m-2", seed=11)


def test_what_is_not_worth_another_attempt_gets_none(studio: Studio):
    studio.provider.answers.append(failed("CONTENT_BLOCKED"))
    generation = studio.ask()
    studio.runner()

    row = studio.ended(generation)

    assert (row.status, row.error_code, row.error_message) == (
        "failed", "CONTENT_BLOCKED", "The provider is out of paint.",
    )  # fmt: skip
    assert len(studio.provider.calls) == 1


def test_attempts_have_an_end(studio: Studio):
    studio.provider.answers.extend([failed(worth_retrying=True, retry_after_s=0)] * 9)
    generation = studio.ask()
    studio.runner()

    row = studio.ended(generation)

    assert (row.status, row.error_code, row.attempts) == ("failed", "PROVIDER_ERROR", 5)
    assert len(studio.provider.calls) == 5


def test_a_provider_is_not_asked_again_before_the_time_it_has_named(studio: Studio):
    studio.provider.answers.append(failed("PROVIDER_RATE_LIMIT", worth_retrying=True, retry_after_s=40))
    generation, asked_at = studio.ask(), studio.clock()
    runner = studio.runner()
    studio.until(lambda: studio.row(generation).attempts == 1 and studio.row(generation).status == "pending")

    assert studio.row(generation).due_at >= asked_at + 40_000
    assert len(studio.provider.calls) == 1
    studio.clock.advance(41)
    runner.wake()

    assert studio.ended(generation).status == "success"


def test_a_provider_that_wants_more_time_than_there_is_ends_it(studio: Studio):
    studio.provider.answers.append(failed("PROVIDER_RATE_LIMIT", worth_retrying=True, retry_after_s=3600))
    generation = studio.ask()
    studio.runner()

    assert studio.ended(generation).error_code == "PROVIDER_RATE_LIMIT"


def test_a_call_that_does_not_come_back_in_time_ends_in_the_record_and_its_answer_is_thrown_away(studio: Studio):
    gate, generation, runner = studio.held_up()

    studio.clock.advance(301)
    runner.wake()
    row = studio.ended(generation)
    gate.let_through()

    assert (row.status, row.error_code) == ("failed", "PROVIDER_TIMEOUT")
    runner.stop(30)
    assert studio.images() == []
    assert studio.row(generation).status == "failed"


def test_an_error_that_nobody_expected_ends_it_with_a_sentence(studio: Studio):
    studio.provider.answers.append(ZeroDivisionError("secret"))
    generation = studio.ask()
    studio.runner()

    row = studio.ended(generation)

    assert row.error_code == "INTERNAL_ERROR"
    assert "secret" not in row.error_message


@pytest.mark.parametrize("refused", ["code", "cost"])
def test_what_the_database_does_not_take_ends_it_with_a_sentence_after_one_call(studio: Studio, refused: str):
    def dear(_recipe: Recipe, target: Path) -> Pictured:
        target.write_bytes(picture())
        return Pictured(cost_micro_usd=10**30)

    studio.provider.answers.append(ProviderFailed("bad \ud800", "It is out of paint.") if refused == "code" else dear)
    generation = studio.ask()
    runner = studio.runner()

    studio.until(lambda: runner.held == 0 and bool(studio.provider.calls))
    row = studio.row(generation)
    assert (row.status, row.error_code) == ("failed", "INTERNAL_ERROR")
    assert "log" in row.error_message
    assert len(studio.provider.calls) == 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "empty"),
        (b"<!doctype html><title>Sign in</title>", "no picture"),
        (TRUNCATED, "cannot be kept"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        (picture() + bytes(600_000), "are allowed"),
    ],
    ids=["empty", "html", "truncated", "svg", "large"],
)
def test_bytes_that_are_no_picture_are_asked_for_once_more_and_never_kept(new_studio, answer: bytes, says: str):
    studio = new_studio(max_file_bytes=500_000)
    studio.provider.answers.extend([answer, None, answer, answer, answer])
    first, second = studio.ask(), None
    runner = studio.runner()
    studio.until(lambda: studio.row(first).status == "pending" and studio.row(first).attempts == 1)
    studio.clock.advance(60)
    runner.wake()

    assert studio.ended(first).status == "success"
    second = studio.ask()
    runner.wake()
    studio.until(lambda: studio.row(second).status == "pending" and studio.row(second).attempts == 1)
    studio.clock.advance(60)
    runner.wake()

    row = studio.ended(second)
    assert (row.status, row.error_code) == ("failed", "PROVIDER_ERROR")
    assert says in row.error_message
    assert len(studio.provider.calls) == 4
    studio.settled()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "GIF"])
def test_every_type_that_can_be_examined_is_taken_whatever_the_project_allows(studio: Studio, kind: str):
    studio.provider.answers.append(photo(1, kind, (160, 90)))
    generation = studio.ask(studio.new_project(allowedTypes=["image/png"]))
    studio.runner()

    assert studio.ended(generation).status == "success"


@pytest.mark.parametrize("chosen", ["keep", "strip", "reject"])
def test_what_is_private_in_a_picture_goes_unless_the_project_keeps_it(studio: Studio, chosen: str):
    """Where uploads with a place are rejected too: a picture that is paid for is not thrown away."""
    exif = Pillow.Exif()
    exif[0x013B] = "Secret Artist"
    exif.get_ifd(0x8825)[1] = "N"
    with BytesIO() as made, Pillow.new("RGB", (160, 90), "teal") as drawn:
        drawn.save(made, "JPEG", exif=exif)
        private = made.getvalue()
    studio.provider.answers.append(private)
    project = studio.new_project(privateMetadata=chosen)
    generation = studio.ask(project)
    studio.runner()

    assert studio.ended(generation).status == "success"
    image = studio.image(generation, project)
    kept = studio.svc.blobs.read(blob_key(image.project_id, image.id))
    assert (b"Secret Artist" in kept) == (chosen == "keep")
    assert image.file_size == len(kept)
    assert (image.width, image.height) == (160, 90)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_broken_picture_is_no_less_refused_where_it_would_be_stripped(studio: Studio, kind: str):
    broken = photo(1, kind, (160, 90))[:60]
    studio.provider.answers.extend([broken, broken])
    generation = studio.ask(studio.new_project(privateMetadata="strip"), attempts=1)
    studio.runner()

    row = studio.ended(generation)
    assert (row.status, row.error_code) == ("failed", "PROVIDER_ERROR")
    assert "cannot be kept" in row.error_message


def test_a_picture_of_another_shape_is_kept_with_a_warning(studio: Studio):
    studio.provider.answers.append(photo(1, "PNG", (100, 100)))
    generation = studio.ask(warnings=["asked in vain"])
    studio.runner()

    row = studio.ended(generation)

    assert row.warnings == ["asked in vain", "The provider made 100 x 100 pixels where 16:9 was asked for."]
    assert studio.image(generation).width == 100


def test_what_a_provider_remarks_is_kept(studio: Studio):
    def remark(_recipe: Recipe, target: Path) -> Pictured:
        target.write_bytes(picture())
        return Pictured(model="m-9", warnings=("No seed was used.",), cost_micro_usd=5)

    studio.provider.answers.append(remark)
    generation = studio.ask()
    studio.runner()

    row = studio.ended(generation)
    assert (row.model, row.warnings, row.cost_micro_usd) == ("m-9", ["No seed was used."], 5)


def test_a_prompt_is_enhanced_once_and_the_users_own_is_kept(studio: Studio):
    enhancer = Enhancing()
    studio.with_providers(enhancer=enhancer)
    studio.provider.answers.append(failed(worth_retrying=True, retry_after_s=0))
    generation = studio.ask(template="comic")
    studio.runner()

    row = studio.ended(generation)

    assert enhancer.prompts == [("a red fox", "comic")]
    assert (row.prompt, row.original_prompt, row.enhanced) == ("a red fox, enhanced", "a red fox", True)
    assert {call.prompt for call in studio.provider.calls} == {"a red fox, enhanced"}


def test_a_prompt_whose_enhancement_fails_is_used_as_it_is(studio: Studio):
    studio.with_providers(enhancer=Enhancing(failed("PROVIDER_TIMEOUT")))
    generation = studio.ask()
    studio.runner()

    row = studio.ended(generation)

    assert (row.status, row.prompt, row.original_prompt) == ("success", "a red fox", None)
    assert row.warnings == ["The prompt was used as it is, not enhanced: The provider is out of paint."]


def test_a_prompt_that_is_to_stay_is_not_enhanced(studio: Studio):
    enhancer = Enhancing()
    studio.with_providers(enhancer=enhancer)
    generation = studio.ask(auto_enhance=False)
    studio.runner()

    assert studio.ended(generation).original_prompt is None
    assert enhancer.prompts == []


def uploaded(studio: Studio, content: bytes) -> Image:
    from atpix.images import uploads

    with studio.svc.blobs.stage() as staged:
        staged.write(content)
        return uploads.keep(studio.svc, studio.project.caller, staged, uploads.Order(), lambda _tx, _kept: None).image


def test_references_go_out_small_and_without_metadata(studio: Studio):
    exif = Pillow.Exif()
    exif[0x010E] = "where I live"
    large = uploaded(studio, encoded(pixels(1, (3000, 1500)), exif=exif))
    clear = uploaded(studio, encoded(pixels(2, (90, 60)).convert("RGBA"), "PNG"))
    seen: list[tuple[Reference, bytes]] = []

    def look(recipe: Recipe, _target: Path) -> None:
        seen.extend((one, one.path.read_bytes()) for one in (*recipe.references, recipe.mask))

    studio.provider.answers.append(look)
    generation = studio.ask()
    studio.refer(generation, large, clear)
    with studio.svc.db.transaction() as tx:
        mask = {"position": 2, "role": "mask", "image_id": clear.id, "alias": None, "sha256": clear.sha256}
        tx.execute(generation_inputs.insert(), {"generation_id": generation, "run": 1, **mask})
    studio.runner()

    assert studio.ended(generation).status == "success"
    assert [(one.media_type, one.width, one.height) for one, _ in seen] == [
        ("image/jpeg", 2048, 1024),
        ("image/png", 90, 60),
        ("image/png", 90, 60),
    ]
    assert [one.sha256 for one, _ in seen] == [large.sha256, clear.sha256, clear.sha256]
    for one, content in seen:
        with Pillow.open(BytesIO(content)) as sent:
            assert (sent.size, len(sent.getexif())) == ((one.width, one.height), 0)
        assert b"where I live" not in content


@pytest.mark.parametrize("how", [in_process.delete, in_process.trash])
def test_a_reference_that_is_gone_ends_it_with_a_sentence(studio: Studio, how):
    image = in_process.upload(studio.svc, studio.project.caller)
    generation = studio.ask()
    studio.refer(generation, image)
    how(studio.svc, studio.project.caller, image.id)
    studio.runner()

    row = studio.ended(generation)

    assert (row.status, row.error_code) == ("failed", "IMAGE_NOT_FOUND")
    assert image.sha256 in row.error_message
    assert studio.provider.calls == []


def test_a_disk_that_takes_nothing_for_a_while_costs_no_second_picture(studio: Studio):
    folder = Path(studio.svc.settings.storage.removeprefix("file://")) / studio.project.caller.project
    gate, generation, _ = studio.held_up()

    folder.write_bytes(b"")  # where the folder of its bytes should be
    gate.let_through()
    studio.until(lambda: any(studio.svc.blobs._staging.iterdir()) and studio.provider.at_once == 0)
    folder.unlink()

    row = studio.ended(generation)
    assert (row.status, row.attempts, len(studio.provider.calls)) == ("success", 1, 1)
    assert studio.svc.blobs.read(blob_key(row.project_id, row.output_image_id)) == picture(1)
