"""Small real photographs (those of scikit-image), encoded once and kept for the session."""

from functools import cache
from io import BytesIO
from pathlib import Path

import skimage.data
from PIL import Image

NAMES = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field")
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "AVIF": "image/avif", "GIF": "image/gif"}


@cache
def original(name: str) -> Image.Image:
    folder = Path(skimage.data.__file__).parent
    with Image.open(next(folder.glob(f"{name}.*"))) as image:
        return image.convert("RGB").resize((480, 320))


@cache
def pixels(number: int, size: tuple[int, int]) -> Image.Image:
    """Another section of one of the photographs for every number."""
    image = original(NAMES[number % len(NAMES)])
    left = number // len(NAMES) % 120
    return image.crop((left, 0, left + 360, 320)).resize(size)


@cache
def photo(number: int = 0, kind: str = "JPEG", size: tuple[int, int] = (160, 120)) -> bytes:
    """Different bytes for different numbers."""
    return encoded(pixels(number, size), kind)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
