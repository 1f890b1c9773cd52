"""What the rest of Atpix says about pixels: plain values, nothing that decodes."""

import math

import msgspec


class FocalPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The spot a crop keeps in view: fractions of the displayed width and height, origin top left."""

    x: float
    y: float

    def __post_init__(self) -> None:
        """Raise ValueError for what is no fraction; a bool is not a number here."""
        for name, value in (("x", self.x), ("y", self.y)):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{name} must be a number")  # noqa: TRY004 - one kind of error
            if not (math.isfinite(value) and 0.0 <= value <= 1.0):
                raise ValueError(f"{name} must lie between 0.0 and 1.0")


class Limits(msgspec.Struct, frozen=True):
    """What a file may ask of a decoder. An animation's pixels are those of all its frames together."""

    max_pixels: int = 100_000_000
    max_side: int = 16_384
    max_frames: int = 300


class Examined(msgspec.Struct, frozen=True):
    """A file that was decoded from its first byte to its last.

    `width` and `height` are as displayed, after EXIF orientation. `has_alpha` tells of an alpha channel, used or
    not. `thumbhash` is base64; `dominant_color` is `#rrggbb`.
    """

    width: int
    height: int
    frames: int
    has_alpha: bool
    thumbhash: str
    dominant_color: str
    has_location: bool
