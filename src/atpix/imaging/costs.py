"""What an animation would cost is known before a pixel of it is decoded.

Encoders are what takes the time, and theirs goes with the pixels of all frames together: at the settings of `encoding`
WebP takes 70 ms a megapixel and GIF 200 to 390, so that the limits here are 4 and 8 to 16 seconds of one core.
"""

from typing import Final

from atpix.imaging import geometry
from atpix.imaging.errors import ImageTooLarge
from atpix.imaging.loading import Source
from atpix.imaging.orders import Order
from atpix.imaging.spec import Output

_MOST_PIXELS: Final = {Output.WEBP: 50_000_000, Output.GIF: 40_000_000}
"""300 frames of 400 x 300 have 36 million."""
_TRIES: Final = 6
"""Encodings of one rendition whose bytes are bounded."""
_BLUR_THAT_DOUBLES: Final = 50.0


def most_pixels_a_frame(order: Order, source: Source) -> int:
    """Of an animation in `order.output`. Who names no size gets a smaller one; who names a larger one is told so, by
    ImageTooLarge.
    """
    spec = order.spec
    affordable = _MOST_PIXELS[order.output] / (1 + spec.blur / _BLUR_THAT_DOUBLES) / (_TRIES if spec.max_bytes else 1)
    together = min(order.max_output_pixels, int(affordable))
    most = max(1, together // source.frames)
    width, height = geometry.of(source.displayed, spec, None, order.max_output_pixels).canvas
    if (spec.width or spec.height) and width * height > most:
        raise ImageTooLarge(
            f"{source.frames} frames of {width} x {height} pixels are more than is made at once "
            f"({together} pixels in all): ask for a smaller size, or for one frame by anim=0 or page=1."
        )
    return most
