"""Where people look: `fp=auto`. Edges, skin and saturated colours attract (libvips' attention)."""

from typing import Any

import pyvips

from atpix.imaging import colour
from atpix.imaging.geometry import MIDDLE
from atpix.imaging.values import FocalPoint

SIDE_PX = 256
"""Of the small picture that is looked at; larger ones find the same."""


def attention(picture: Any, aspect: float) -> FocalPoint:  # noqa: ANN401
    """The centre of attention in a small upright picture that will be cropped to `aspect`; the middle when nothing
    stands out.
    """
    picture = colour.in_colour(picture)
    width = max(1, min(picture.width, round(picture.height * aspect)))
    height = max(1, min(picture.height, round(picture.width / aspect)))
    try:
        _, found = picture.smartcrop(width, height, interesting="attention", attention_x=True, attention_y=True)
    except pyvips.Error:
        return MIDDLE
    return FocalPoint(
        min(1.0, (found["attention_x"] + 0.5) / picture.width), min(1.0, (found["attention_y"] + 0.5) / picture.height)
    )
