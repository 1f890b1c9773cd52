"""Photographs in every format, and children to look at them."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest
from PIL import Image

from atpix.imaging.children import Examiners
from atpix.imaging.orders import Order, Original, Rendered
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec
from atpix.imaging.values import Limits

# A busy machine is no fault of a property.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

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


class Drawn(NamedTuple):
    """What the renderer answered, and the file it made."""

    rendered: Rendered
    body: bytes

    @property
    def image(self) -> Image.Image:
        return Image.open(io.BytesIO(self.body))

    def pixel(self, x: float, y: float) -> tuple[int, ...]:
        """Red, green, blue and alpha at fractions of width and height."""
        image = self.image.convert("RGBA")
        return image.getpixel(
            (min(image.width - 1, int(x * image.width)), min(image.height - 1, int(y * image.height)))
        )


@pytest.fixture
def draw(tmp_path: Path):
    """Call with a body, its media type, an output and a spec's fields (or `order`, more fields of the order): the
    rendition, made in this process.
    """
    from atpix.imaging.render import render

    def drawn(body: bytes, media_type: MediaType, output: Output = Output.PNG, *, order=None, **spec) -> Drawn:
        source, target = tmp_path / "source", tmp_path / "target"
        source.write_bytes(body)
        target.unlink(missing_ok=True)
        rendered = render(
            Order(
                source=str(source),
                media_type=media_type,
                target=str(target),
                spec=Spec(**spec),
                output=output,
                **({"original": Original.NEVER} | (order or {})),
            )
        )
        return Drawn(rendered, target.read_bytes() if target.exists() else b"")

    return drawn
