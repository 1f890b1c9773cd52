"""Recipes with real pictures in them, and the requests that the documentation shows for them."""

import hashlib
import json
from pathlib import Path
from typing import Any

from PIL import Image
from tests.photographs import encoded, photo

from atpix.providers.values import Recipe, Reference

IDENTITY = "0198c0de-0000-7000-8000-000000000001/1"


def reference(folder: Path, number: int = 0, kind: str = "PNG") -> Reference:
    return _kept(folder / f"{number}.{kind.lower()}", photo(number, kind), f"image/{kind.lower()}")


def mask(folder: Path) -> Reference:
    """Its left half is to be drawn anew."""
    image = Image.new("RGBA", (160, 120), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 80, 120))
    return _kept(folder / "mask.png", encoded(image, "PNG"), "image/png")


def recipe(prompt: str = "A harbour in fog", **more: object) -> Recipe:
    return Recipe(**{"identity": IDENTITY, "prompt": prompt, "aspect_ratio": "3:2", **more})  # type: ignore[arg-type]


def cat(**more: object) -> Recipe:
    """As little as can be asked for."""
    return Recipe(**{"identity": "1", "prompt": "a cat", **more})  # type: ignore[arg-type]


def documented(section: str) -> Any:
    """The body of the first request in a section of docs/providers.md."""
    text = (Path(__file__).parents[2] / "docs" / "providers.md").read_text()
    request = text.split(f"\n## {section}\n")[1].split("```http\n")[1].split("```")[0]
    return json.loads(request.split("\n\n", 1)[1])


def _kept(path: Path, content: bytes, media_type: str) -> Reference:
    path.write_bytes(content)
    return Reference(path, media_type, 160, 120, hashlib.sha256(content).hexdigest())
