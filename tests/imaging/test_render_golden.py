"""A sheet of renditions that a person has looked at: `golden/sheet.webp`. One tile differs: look at both, then decide.

The found sheet is written to the test's folder; when it is right it replaces the golden one (WebP, quality 95).
"""

import io
from pathlib import Path

import numpy as np
import pytest
import pyvips
import skimage.data
from PIL import Image, ImageOps
from tests.imaging.test_render_colour import disc
from tests.imaging.test_render_shape import oriented

from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output
from atpix.imaging.values import FocalPoint

GOLDEN = Path(__file__).parent / "golden" / "sheet.webp"
SIDE, ACROSS = 96, 4


def png(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def in_space(body, profile, saver):
    image = pyvips.Image.pngload_buffer(body).icc_transform(profile, input_profile="srgb")
    return bytes(getattr(image, saver)())


@pytest.fixture(scope="module")
def tiles():
    """Name: body, type, output, and what is asked for. Each becomes a square."""
    folder = Path(skimage.data.__file__).parent
    cat = Image.open(folder / "chelsea.png").convert("RGB")
    body = png(cat)
    box = {"width": SIDE, "height": SIDE}
    eye = FocalPoint(0.7, 0.25)
    return {
        "middle": (body, MediaType.PNG, Output.PNG, box),
        "around the left eye": (body, MediaType.PNG, Output.PNG, {**box, "focus": FocalPoint(0.43, 0.36)}),
        "around a corner, marked": (
            body,
            MediaType.PNG,
            Output.PNG,
            {**box, "focus": eye, "order": {"show_focus": True}},
        ),
        "by attention": (body, MediaType.PNG, Output.PNG, {**box, "focus": "auto"}),
        "padded": (body, MediaType.PNG, Output.PNG, {**box, "fit": "pad", "background": "336699"}),
        "filled": (body, MediaType.PNG, Output.PNG, {**box, "fit": "fill"}),
        "a phone's portrait": (oriented(cat, 6), MediaType.JPEG, Output.PNG, box),
        "turned and mirrored": (body, MediaType.PNG, Output.PNG, {**box, "rotate": 90, "flip": "h"}),
        "blurred": (body, MediaType.PNG, Output.PNG, {**box, "blur": 2.0}),
        "sharpened": (body, MediaType.PNG, Output.PNG, {**box, "sharpen": 3.0}),
        "from print": (in_space(body, "cmyk", "jpegsave_buffer"), MediaType.JPEG, Output.PNG, box),
        "from a wide gamut": (in_space(body, "p3", "pngsave_buffer"), MediaType.PNG, Output.PNG, box),
        "grey": (png(ImageOps.grayscale(cat)), MediaType.PNG, Output.JPEG, box),
        "jpeg": (body, MediaType.PNG, Output.JPEG, box),
        "webp": (body, MediaType.PNG, Output.WEBP, box),
        "avif": (body, MediaType.PNG, Output.AVIF, box),
        "gif": (body, MediaType.PNG, Output.GIF, box),
        "small bytes": (body, MediaType.PNG, Output.JPEG, {**box, "max_bytes": 1500}),
        "alpha on colour": (png(disc(200)), MediaType.PNG, Output.JPEG, {**box, "background": "ffcc00"}),
        "alpha on white": (png(disc(200)), MediaType.PNG, Output.WEBP, {**box, "background": "ffffff"}),
    }


def test_renditions_look_as_they_did_when_somebody_looked(draw, tiles, tmp_path):
    found = Image.new("RGB", (SIDE * ACROSS, SIDE * -(-len(tiles) // ACROSS)), "black")
    for at, (body, media_type, output, spec) in enumerate(tiles.values()):
        tile = draw(body, media_type, output, **spec).image.convert("RGB")
        assert tile.size == (SIDE, SIDE)
        found.paste(tile, (at % ACROSS * SIDE, at // ACROSS * SIDE))
    found.save(tmp_path / "found.png")

    golden, difference = Image.open(GOLDEN).convert("RGB"), {}
    for at, name in enumerate(tiles):
        left, top = at % ACROSS * SIDE, at // ACROSS * SIDE
        one, other = (np.asarray(sheet.crop((left, top, left + SIDE, top + SIDE)), int) for sheet in (found, golden))
        difference[name] = float(np.abs(one - other).mean())
    assert {name: by for name, by in difference.items() if by > 4} == {}, tmp_path / "found.png"
