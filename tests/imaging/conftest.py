"""Photographs in every format, and children to look at them."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from atpix.imaging.children import Examiners
from atpix.imaging.sniff import MediaType
from atpix.imaging.values import Limits

FORMATS = {
    MediaType.PNG: "PNG",
    MediaType.JPEG: "JPEG",
    MediaType.WEBP: "WEBP",
    MediaType.AVIF: "AVIF",
    MediaType.GIF: "GIF",
}


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    import skimage.data

    folder = Path(skimage.data.__file__).parent
    return Image.open(folder / "astronaut.png").convert("RGB").resize((300, 203))


@pytest.fixture(scope="session")
def encode(photo: Image.Image):
    """Call with a media type, an image (or the photograph) and options: the file's bytes."""

    def encoded(media_type: MediaType, image: Image.Image = photo, **options) -> bytes:
        out = io.BytesIO()
        image.save(out, FORMATS[media_type], **options)
        return out.getvalue()

    return encoded


@pytest.fixture(scope="session")
def examiners() -> Iterator[Examiners]:
    examiners = Examiners(1, timeout_s=60, max_memory_bytes=1 << 30)
    yield examiners
    examiners.close()


@pytest.fixture
def look(examiners: Examiners, tmp_path: Path):
    """Call with a body, its media type and limits: what a child says of these bytes."""

    def looked(body: bytes, media_type: MediaType, limits: Limits | None = None):
        path = tmp_path / "image"
        path.write_bytes(body)
        return examiners.examine(path, media_type, limits or Limits())

    return looked
