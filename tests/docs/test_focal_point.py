"""The page of twelve crops shows what it says: each is the part of the photograph around its focal point."""

import re

import numpy as np
import pytest
import skimage.data
from PIL import Image
from tests.docs.conftest import ROOT

PAGE = ROOT / "docs" / "focal-point"
FOCUS = (0.43, 0.22)
CROPS = sorted(tuple(map(int, path.stem.split("x"))) for path in PAGE.glob("*x*.webp"))


def around(width: int, height: int) -> Image.Image:
    """Scaled until the box is full, then cropped with the point in the middle, as far as the frame lets it."""
    photograph = Image.fromarray(skimage.data.astronaut())
    by = max(width / photograph.width, height / photograph.height)
    scaled = photograph.resize((round(photograph.width * by), round(photograph.height * by)), Image.Resampling.LANCZOS)
    left, top = (
        min(max(0, round(part * frame - side / 2)), frame - side)
        for part, frame, side in zip(FOCUS, scaled.size, (width, height), strict=True)
    )
    return scaled.crop((left, top, left + width, top + height))


@pytest.mark.parametrize(("width", "height"), CROPS)
def test_a_crop_is_what_lies_around_the_focal_point(width, height):
    with Image.open(PAGE / f"{width}x{height}.webp") as picture:
        shown = np.asarray(picture.convert("RGB"), dtype=float)

    assert np.abs(shown - np.asarray(around(width, height), dtype=float)).mean() < 8


def test_the_page_shows_twelve_of_them_in_their_sizes():
    html, readme = (PAGE / "index.html").read_text("utf-8"), (PAGE / "README.md").read_text("utf-8")

    shown = re.findall(r'src="(\d+)x(\d+)\.webp" width="(\d+)" height="(\d+)"', html)
    assert sorted((int(w), int(h)) for w, h, *_ in shown) == CROPS
    assert all((w, h) == (width, height) for w, h, width, height in shown)
    assert sorted((int(w), int(h)) for w, h in re.findall(r"\((\d+)x(\d+)\.webp\)", readme)) == CROPS
    assert len(CROPS) == 12
