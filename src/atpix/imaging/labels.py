"""The metadata of a rendition: none, but for what a project keeps. Never a place, never a camera."""

import re
from typing import Any, Final

import pyvips

_COPYRIGHT: Final = frozenset({"exif-ifd0-Copyright", "exif-ifd0-Artist"})
_PROFILE: Final = "icc-profile-data"
_TOLD: Final = ("exif", "xmp", "iptc", "icc", "orientation", "resolution", "png-comment", "gainmap", "heif-", "jpeg-")
_KEEP_EXIF, _KEEP_ICC = 1, 8
"""Bits of libvips' VipsForeignKeep."""
_LONGEST_TEXT: Final = 1000
_TOLD_TAIL: Final = re.compile(r", ASCII, \d+ components, \d+ bytes\)$")
_TAIL: Final = " (-, ASCII, 1 components, 1 bytes)"
"""libvips takes off the last parenthesis of a text before it writes it."""


def labelled(picture: Any, frame_height: int, keep: tuple[str, ...], *, keeps_profile: bool) -> Any:  # noqa: ANN401
    """`picture` with the height of a frame set, and without what was not asked to stay. EXIF is written anew from the
    fields that are kept: none of the source's bytes are copied.
    """
    kept = _COPYRIGHT if "copyright" in keep else frozenset()
    picture = picture.copy()
    for name in _fields(picture):
        if name.startswith(_TOLD) and name not in kept and not (keeps_profile and name == _PROFILE):
            pyvips.vips_lib.vips_image_remove(picture.pointer, name.encode("latin-1"))
    for name in kept.intersection(_fields(picture)):
        picture.set_type(pyvips.GValue.gstr_type, name, _plain(picture.get(name))[:_LONGEST_TEXT] + _TAIL)
    picture.set_type(pyvips.GValue.gint_type, "page-height", frame_height)
    return picture


def tells_copyright(picture: Any) -> bool:  # noqa: ANN401
    return not _COPYRIGHT.isdisjoint(_fields(picture))


def kept(picture: Any) -> int:  # noqa: ANN401
    """What an encoder is told to write, of a picture that was `labelled`."""
    names = _fields(picture)
    return (_KEEP_EXIF if _COPYRIGHT.intersection(names) else 0) | (_KEEP_ICC if _PROFILE in names else 0)


def _fields(picture: Any) -> list[str]:  # noqa: ANN401
    """Names of metadata, a character for each byte. pyvips takes them for UTF-8 and fails: PNG has its own in Latin-1,
    a damaged AVIF in anything.
    """
    names = pyvips.vips_lib.vips_image_get_fields(picture.pointer)
    fields: list[str] = []
    while names[len(fields)] != pyvips.ffi.NULL:
        fields.append(pyvips.ffi.string(names[len(fields)]).decode("latin-1"))
    for at in range(len(fields)):
        pyvips.glib_lib.g_free(names[at])
    pyvips.glib_lib.g_free(names)
    return fields


def _plain(told: str) -> str:
    """The text of a field, which libvips tells as `TEXT (TEXT, ASCII, 4 components, 4 bytes)`."""
    twice = _TOLD_TAIL.sub("", told)
    return twice[: (len(twice) - len(" (")) // 2].strip() if twice != told else told
