"""What a picture shall look like: the values behind contract 5's parameters. Nothing here touches a pixel."""

from enum import StrEnum
from typing import Literal

import msgspec

from atpix.imaging.values import FocalPoint

MAX_SIDE_PX = 16_384
"""The longest side that can be asked for."""

Fit = Literal["cover", "contain", "inside", "fill", "pad"]
Flip = Literal["h", "v", "hv"]
Rotation = Literal[0, 90, 180, 270]


class Output(StrEnum):
    """What can come out: pictures, and what is told about one."""

    AVIF = "avif"
    WEBP = "webp"
    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    JSON = "json"
    THUMBHASH = "thumbhash"
    BLURHASH = "blurhash"
    LQIP = "lqip"


class Spec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rendition, as asked for. `width` and `height` are CSS pixels, before `dpr`; `aspect` is width / height.

    `focus`: None is the stored focal point, or the middle. `output` None is `format=auto`. `quality` 1 to 100.
    `background` is `rrggbb` or `rrggbbaa`. `page` counts from 1. `blur` is a sigma in pixels of the result,
    `sharpen` its strength from 0 to 10.
    """

    width: int | None = None
    height: int | None = None
    fit: Fit | None = None
    aspect: float | None = None
    dpr: float = 1
    focus: FocalPoint | Literal["auto"] | None = None
    output: Output | None = None
    quality: int | Literal["auto"] | None = None
    max_bytes: int | None = None
    background: str | None = None
    rotate: Rotation = 0
    flip: Flip | None = None
    blur: float = 0
    sharpen: float = 0
    page: int | None = None
    animate: bool = True
    enlarge: bool = False
