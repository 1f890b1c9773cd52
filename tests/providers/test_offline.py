"""The provider without a key: the same recipe is the same bytes, and a picture of the right size whatever is asked."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from atpix.providers import offline_words
from atpix.providers.offline import STATEMENT, Offline
from atpix.providers.values import ASPECT_RATIOS, MAX_SEED, ProviderFailed, Recipe, Reference, UnknownModel, pixels
from atpix.settings import Settings

GOLDEN = {
    "a quiet mountain lake at dawn": "ae44e0b2cebe08faa405353416a68c1d5b03114472fcfe00a444c31215a8353d",
    "tokyo skyline at night, neon": "f9ee42083fb7213624227b0caee36f1ccb1c395a15fbf702297bd5202074788f",
    "ships at sea in the evening": "e340fa0406a43a49f2c6f730887047265cf4c602b2cc826a9bb1b2c8ffa73ff7",
    "a foggy pine forest": "6471ccc1f766bd14653e4971b7f3163a149b377e1e474a74c1fd7bfa72035c84",
    "portrait of a chef in a red jacket": "285f5061b81e3db858135c5dea3506f3ad101b4d821eb0e54c176660d79e6c82",
    "a green perfume bottle": "c364f372268ebc63c94be4077657b3ffcfe79c9572e91d26a4573cb81717d348",
    "saturn and its moons": "46eef88046588903d700719d3e85a2146f734c0970791348803eb5b773f61ada",
    "abstract pattern in blue and gold": "d19387296bcdf2a0b1321b8c3f2df165256be1e1cdfe2584cdc8086ca6c183c9",
    "Café, Весна, 桜 and שלום": "426dc45832ca2424c10d5fb1ac9d16f1dd24dc1934ddfef0a83e0c5fd2cd1ad0",
}
"""By prompt. They change with Pillow's version and with every stroke in `offline_*.py`; look at the pictures then."""


@pytest.fixture
def offline() -> Offline:
    return Offline(Settings())


@pytest.fixture
def draw(offline, tmp_path: Path):
    def drawn(prompt: str = "a harbour", **more) -> Path:
        target = tmp_path / f"{len(list(tmp_path.iterdir()))}.jpg"
        offline.generate(Recipe(identity="run", prompt=prompt, **more), target)
        return target

    return drawn


@pytest.fixture
def reference(tmp_path: Path):
    """A picture of one colour, or of whatever is painted on it."""

    def made(name: str, colour: tuple[int, ...], size: tuple[int, int] = (600, 400), mode: str = "RGB") -> Reference:
        path = tmp_path / f"{name}.png"
        Image.new(mode, size, colour).save(path)
        return Reference(path=path, media_type="image/png", width=size[0], height=size[1], sha256=name)

    return made


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def mean(path: Path, box: tuple[int, int, int, int]) -> list[int]:
    with Image.open(path) as image:
        return [round(value) for value in ImageStat.Stat(image.convert("RGB").crop(box)).mean]


def near(found: list[int], colour: tuple[int, int, int]) -> bool:
    """As near as a JPEG keeps it."""
    return all(abs(a - b) <= 4 for a, b in zip(found, colour, strict=True))


@pytest.mark.parametrize("prompt", GOLDEN)
def test_a_recipe_is_these_bytes_on_every_machine(draw, prompt):
    assert digest(draw(prompt, aspect_ratio="3:2", seed=7)) == GOLDEN[prompt]


def test_another_process_without_the_processors_vector_instructions_makes_the_same_bytes(draw, tmp_path):
    code = (
        "import sys, pathlib\n"
        "from atpix.settings import Settings\n"
        "from atpix.providers.offline import Offline\n"
        "from atpix.providers.values import Recipe\n"
        "recipe = Recipe(identity='other', prompt='a quiet lake', seed=1)\n"
        "Offline(Settings()).generate(recipe, pathlib.Path(sys.argv[1]))\n"
    )
    plain = os.environ | {"JSIMD_FORCENONE": "1", "PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", code, tmp_path / "other"], check=True, env=plain)

    assert digest(tmp_path / "other") == digest(draw("a quiet lake", seed=1))


def test_the_identity_of_a_run_does_not_matter_and_everything_else_does(draw, reference):
    one = reference("one", (200, 30, 30))
    same = reference("two", (200, 30, 30))
    pictures = [
        draw(),
        draw("another harbour"),
        draw(seed=1),
        draw(seed=2),
        draw(variation=2),
        draw(variation=3),
        draw(aspect_ratio="1:1"),
        draw(references=(one,)),
        draw(references=(same,)),
        draw(references=(one, same)),
    ]

    assert len({digest(picture) for picture in pictures}) == len(pictures)
    assert digest(draw()) == digest(pictures[0])


def test_without_a_seed_the_one_that_was_used_is_told(offline, tmp_path):
    made = offline.generate(Recipe(identity="a", prompt="x"), tmp_path / "a")
    again = offline.generate(Recipe(identity="b", prompt="x", seed=made.seed), tmp_path / "b")

    assert 0 <= made.seed <= MAX_SEED
    assert (made.model, made.cost_micro_usd, again) == ("offline-1", 0, made)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
@pytest.mark.parametrize("model", [None, "offline-blank"])
def test_every_ratio_has_its_size(draw, ratio, model):
    with Image.open(draw(aspect_ratio=ratio, model=model)) as image:
        image.load()
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", pixels(ratio))


@pytest.mark.parametrize("scene", offline_words.SCENES)
@pytest.mark.parametrize("ratio", ["9:16", "21:9"])
def test_every_scene_fits_every_shape(draw, scene, ratio):
    with Image.open(draw(scene, aspect_ratio=ratio, seed=3)) as image:
        assert len(image.getcolors(2**24)) > 500


@pytest.mark.parametrize(
    "prompt",
    [
        " ", "\x00\x01\x7f\u200b\ufeff", "שלום עולם", "\u202eabc\u202c مرحبا", "桜" * 500, "🦊 🐻‍❄️", "é" * 400,
        "W" * 32_000, "word " * 6_400, "\ud800", "{}%s<svg/>\\", "a\nb\tc", "\u0301\u0301", "½ ﬁ Ⅷ",
    ],
)  # fmt: skip
def test_no_prompt_is_too_strange(draw, prompt):
    with Image.open(draw(prompt, aspect_ratio="9:16")) as image:
        image.load()


@pytest.mark.parametrize("seed", [0, 1, MAX_SEED])
def test_every_seed_draws(draw, seed):
    assert draw(seed=seed).stat().st_size > 10_000


def test_words_choose_the_colours_and_the_scene():
    def planned(prompt: str) -> offline_words.Plan:
        return offline_words.plan(prompt, 1)

    assert planned("Ships at sea, at sunset").palette == offline_words.PALETTES["dusk"]
    assert planned("Ships at sea, at sunset").scene == "waves"
    assert planned("skyscrapers").scene == "city"
    assert planned("une scène célèbre, crépuscule: SUNSETS").palette == offline_words.PALETTES["dusk"]
    assert planned("Léopards en forêt: a forést").scene == "forest"
    assert planned("a red vase").palette.accent[0] > planned("a green vase").palette.accent[0]


def test_the_prompt_stands_in_the_picture(draw):
    with Image.open(draw("a" * 9, seed=1)) as short, Image.open(draw("a" * 9 + " " + "b" * 9, seed=1)) as long:
        assert short.size == long.size
        box = (50, 640, 700, 740)
        dark, light = ImageStat.Stat(long.convert("L").crop(box)).extrema[0]
    assert (dark < 120, light > 240) == (True, True)


def test_references_are_seen_as_prints(draw, reference):
    references = (reference("red", (230, 20, 20)), reference("green", (20, 200, 20)), reference("blue", (20, 20, 230)))

    picture = draw("x", references=references)

    red, green, blue = (mean(picture, (x, 80, x + 40, 120)) for x in (160, 370, 560))
    assert [near(red, (230, 20, 20)), near(green, (20, 200, 20)), near(blue, (20, 20, 230))] == [True] * 3


@pytest.mark.parametrize("size", [(1, 1), (2048, 1), (1, 2048), (13, 7), (2048, 2048)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_references_of_every_shape_fit(draw, reference, size, mode):
    colour = (90,) * len(mode) if mode != "L" else 90
    image = reference("r", colour, size, mode)

    assert draw(references=(image, image), aspect_ratio="9:16").exists()
    assert draw(references=(image,), mask=image).exists()


@pytest.mark.parametrize("mode", ["transparent", "white"])
def test_a_mask_lets_only_its_part_be_painted(draw, reference, mode, tmp_path):
    ground = reference("ground", (250, 10, 250), (1344, 768))
    mask = Image.new("RGBA", (672, 384), (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle((336, 0, 671, 383), fill=(0, 0, 0, 0) if mode == "transparent" else (255,) * 4)
    mask.save(tmp_path / "mask.png")
    masked = Reference(path=tmp_path / "mask.png", media_type="image/png", width=672, height=384, sha256=mode)

    picture = draw("a green forest", references=(ground,), mask=masked)

    assert near(mean(picture, (10, 10, 650, 758)), (250, 10, 250))
    assert mean(picture, (690, 100, 1334, 758))[1] > 40


def test_a_reference_that_is_no_picture_is_a_failure_with_a_sentence(draw, tmp_path):
    (tmp_path / "broken").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    broken = Reference(path=tmp_path / "broken", media_type="image/jpeg", width=1, height=1, sha256="x")

    with pytest.raises(ProviderFailed, match=r"could not be read"):
        draw(references=(broken,))


@pytest.mark.parametrize("model", [None, "offline-blank"])
def test_its_metadata_say_that_no_model_made_it(draw, model):
    path = draw(model=model)

    with Image.open(path) as image:
        assert image.getexif()[0x010E] == STATEMENT
        assert image.getexif()[0x0131] == "Atpix offline provider"
        assert image.info["comment"].decode() == STATEMENT
        assert STATEMENT in image.info["xmp"].decode()
        assert "digitalsourcetype/algorithmicMedia" in image.info["xmp"].decode()


def test_the_blank_model_is_one_colour(draw):
    with Image.open(draw("a forest", model="offline-blank")) as image:
        plain = Image.new("RGB", image.size, image.getpixel((0, 0)))
        assert ImageChops.difference(image, plain).getbbox() is None


def test_an_unknown_model_is_answered_with_those_there_are(offline):
    with pytest.raises(UnknownModel, match="offline-1 and offline-blank"):
        offline.capabilities("dall-e-3")


def test_it_costs_nothing_and_does_what_can_be_asked(offline):
    able = offline.capabilities(None)

    assert offline.estimate_micro_usd(Recipe(identity="a", prompt="x")) == 0
    assert (able.seed, able.mask, able.max_references, len(able.aspect_ratios)) == (True, True, 3, len(ASPECT_RATIOS))
