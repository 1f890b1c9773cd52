"""What is taken at the door can be shown later: decoders that hold the whole image are told from those that do not."""

import io

import pytest
from PIL import Image

from atpix.imaging.children import RENDERING_BYTES, Examiners
from atpix.imaging.errors import ImageTooLarge
from atpix.imaging.orders import Order
from atpix.imaging.renderers import Renderers
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec
from atpix.imaging.values import Limits

RENDER_MEMORY_BYTES = 256 << 20


@pytest.fixture
def progressive(tmp_path):
    """Call with millions of pixels: a JPEG whose decoder holds six bytes for each of them."""

    def made(megapixels: int):
        out = io.BytesIO()
        Image.new("RGB", (1000 * megapixels, 1000), "teal").save(out, "JPEG", progressive=True, subsampling=0)
        path = tmp_path / f"{megapixels}.jpg"
        path.write_bytes(out.getvalue())
        return path

    return made


@pytest.fixture
def examiners():
    examiners = Examiners(1, timeout_s=60, max_memory_bytes=RENDER_MEMORY_BYTES - RENDERING_BYTES)
    yield examiners
    examiners.close()


def test_a_jpeg_that_no_renderer_could_hold_is_refused_with_what_to_do(examiners, progressive):
    with pytest.raises(ImageTooLarge, match=r"Scale it down, or .* a JPEG that is not progressive"):
        examiners.examine(progressive(15), MediaType.JPEG, Limits())


def test_the_largest_that_an_examiner_takes_is_one_that_a_renderer_can_show(examiners, progressive, tmp_path):
    source = progressive(8)
    assert examiners.examine(source, MediaType.JPEG, Limits()).width == 8000

    renderers = Renderers(1, timeout_s=60, max_memory_bytes=RENDER_MEMORY_BYTES)
    try:
        for output in (Output.JPEG, Output.WEBP):
            target, spec = str(tmp_path / "target"), Spec(width=1920, output=output)
            order = Order(
                source=str(source), media_type=MediaType.JPEG, target=target, spec=spec, output=output, same="one"
            )
            assert renderers.render(order).width == 1920
    finally:
        renderers.close()
