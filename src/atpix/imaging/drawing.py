"""SVG is a program, not an image: where a project asks for it, it is drawn once, into a PNG, and forgotten.

Only child processes import this. The loader is opened for this one call. It gets bytes without an address, so nothing
in them can name a file beside it, and librsvg fetches nothing from the network.
"""

from pathlib import Path

import pyvips

from atpix.imaging.errors import ImageTooLarge, InvalidImage
from atpix.imaging.values import Limits

LONGER_SIDE = 1024
"""Pixels at least: drawings are often made at the size of an icon, and scale without loss."""

_LOADER = "VipsForeignLoadSvg"


def rasterise(source: Path, target: Path, limits: Limits) -> None:
    """Raises InvalidImage, ImageTooLarge."""
    drawing = source.read_bytes()
    pyvips.operation_block_set(_LOADER, False)
    try:
        natural = pyvips.Image.svgload_buffer(drawing)
        scale = max(1.0, LONGER_SIDE / max(natural.width, natural.height))
        width, height = round(natural.width * scale), round(natural.height * scale)
        if max(width, height) > limits.max_side or width * height > limits.max_pixels:
            raise ImageTooLarge(f"The drawing is {width} x {height} pixels, more than is taken here.")
        pyvips.Image.svgload_buffer(drawing, scale=scale).pngsave(str(target), strip=True)
    except pyvips.Error:
        raise InvalidImage("The SVG cannot be drawn.") from None
    finally:
        pyvips.operation_block_set(_LOADER, True)
