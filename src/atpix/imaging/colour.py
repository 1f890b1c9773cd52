"""What comes out is sRGB with eight bits a colour, unless the picture may keep the profile it came with."""

import contextlib
import struct
from typing import Any, NamedTuple

import pyvips

_PROFILE = "icc-profile-data"
_GREY = frozenset({"b-w", "grey16"})


class Ink(NamedTuple):
    """A colour of sRGB, 0 to 255 each, not premultiplied."""

    red: int
    green: int
    blue: int
    alpha: int = 255

    @classmethod
    def parsed(cls, background: str) -> "Ink":
        """Of `rrggbb` or `rrggbbaa`."""
        return cls(*bytes.fromhex(background))

    def on(self, other: "Ink") -> "Ink":
        """What is seen when this lies on an opaque colour."""
        share = self.alpha / 255
        return Ink(*(round(over * share + under * (1 - share)) for over, under in zip(self[:3], other, strict=False)))


WHITE, CLEAR = Ink(255, 255, 255), Ink(0, 0, 0, 0)


def on(image: Any, ink: Ink) -> Any:  # noqa: ANN401
    """A picture with alpha, on a background; without alpha afterwards if that is opaque."""
    image = in_colour(image)
    if ink.alpha == 255:
        return image.flatten(background=list(ink[:3]))
    backdrop = image.new_from_image(list(ink)).copy(interpretation="srgb")
    return backdrop.composite2(image, "over").cast("uchar")


def has_usable_profile(image: Any) -> bool:  # noqa: ANN401
    """A profile that its colours can stay in. CMYK is for paper, not for browsers."""
    return bool(image.interpretation != "cmyk" and image.get_typeof(_PROFILE))


def has_own_profile(image: Any) -> bool:  # noqa: ANN401
    """Whether its numbers mean something else than sRGB's: another profile, or CMYK."""
    return bool(image.interpretation == "cmyk" or (image.get_typeof(_PROFILE) and not _is_srgb(image.get(_PROFILE))))


def to_srgb(image: Any) -> Any:  # noqa: ANN401
    """Grey without a profile stays grey, with one band. A profile that makes no sense counts as none."""
    if image.interpretation == "cmyk":
        return _from_profile(image, fallback="cmyk")
    if has_own_profile(image):
        with contextlib.suppress(pyvips.Error):
            return _from_profile(image)
    return to_eight_bits(image)


def to_eight_bits(image: Any) -> Any:  # noqa: ANN401
    """The same colours, in the numbers of the picture's own profile."""
    space = "b-w" if image.interpretation in _GREY else "srgb"
    return (image if image.interpretation == space else image.colourspace(space)).cast("uchar")


def in_colour(image: Any) -> Any:  # noqa: ANN401
    """Three bands, where only grey was needed so far."""
    return image.colourspace("srgb") if image.interpretation == "b-w" else image


def _from_profile(image: Any, fallback: str = "srgb") -> Any:  # noqa: ANN401
    """Relative colorimetric with the black point moved, as editors show it."""
    options = {"intent": "relative", "black_point_compensation": True, "depth": 8}
    embedded = bool(image.get_typeof(_PROFILE))
    try:
        return image.icc_transform("srgb", embedded=embedded, input_profile=fallback, **options)
    except pyvips.Error:
        return image.icc_transform("srgb", embedded=False, input_profile=fallback, **options)


def _is_srgb(profile: bytes) -> bool:
    """By the name it has for itself, which is in its `desc` tag: in Latin letters or in UTF-16."""
    if len(profile) < 132 or profile[16:20] != b"RGB ":
        return False
    count = min(struct.unpack_from(">I", profile, 128)[0], 100)
    for at in range(132, min(132 + 12 * count, len(profile) - 11), 12):
        tag, start, length = struct.unpack_from(">4sII", profile, at)
        if tag == b"desc":
            name = profile[start : start + min(length, 400)].replace(b"\0", b"")
            return b"sRGB" in name and b"inear" not in name
    return False
