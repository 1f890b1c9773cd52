"""The two languages of masks: what changes is transparent (OpenAI's, and ours), or white (nearly everybody else's)."""

import base64
from io import BytesIO

from atpix.providers.values import Reference


def white(mask: Reference) -> str:
    """As a `data:` URL of a grey PNG: white where `mask` is transparent. One that is opaque throughout is taken to be
    in black and white already.
    """
    from PIL import Image, ImageChops

    with Image.open(mask.path) as image:
        alpha = image.convert("RGBA").getchannel("A")
        opaque = alpha.getextrema() == (255, 255)
        grey = image.convert("L") if opaque else ImageChops.invert(alpha)
    written = BytesIO()
    grey.save(written, "PNG")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"
