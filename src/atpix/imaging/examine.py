"""A file is taken when its structure is whole, its header is within the limits, and every pixel decodes.

Only child processes import this: it brings in libvips. The limits are checked on the header; then there is exactly
one decode, at the smallest scale the format can decode to, and it reads all of the compressed data.
"""

from pathlib import Path
from typing import Any, NamedTuple

import pyvips

from atpix.imaging import loading, metadata
from atpix.imaging.containers import jpeg
from atpix.imaging.containers.reading import mapped
from atpix.imaging.sniff import MediaType
from atpix.imaging.thumbhash import dominant_color, thumbhash
from atpix.imaging.values import Examined, Limits

_THUMB_SIDE = 32
"""Pixels of the longer side. ThumbHash keeps at most seven cosine terms, so more would not be seen in it."""
_DECODE_SIDE = 2 * _THUMB_SIDE


class _Thumbnail(NamedTuple):
    width: int
    height: int
    rgba: bytes


def examine(path: Path, media_type: MediaType, limits: Limits) -> Examined:
    """What the file at `path` is. Raises UnsupportedType, InvalidImage, ImageTooLarge, or DecoderFailed when
    memory did not suffice.
    """
    try:
        source = loading.opened(path, media_type, limits)
        (width, height), header = source.size, source.header
        with mapped(path) as data:
            has_location = metadata.tells_place(data, media_type)
        thumb = _thumbnail(_small(path, media_type, header), width, height)
    except pyvips.Error as error:
        raise loading.explained(error, media_type, path) from None
    displayed = source.displayed
    return Examined(
        width=displayed[0],
        height=displayed[1],
        frames=source.frames,
        has_alpha=bool(header.hasalpha()),
        thumbhash=thumbhash(*thumb),
        dominant_color=dominant_color(thumb.rgba),
        has_location=has_location,
    )


def _small(path: Path, media_type: MediaType, header: Any) -> Any:  # noqa: ANN401
    """The same image, to be decoded at reduced scale where the format can."""
    longer, shorter = (pick(header.width, header.get_page_height()) for pick in (max, min))
    if media_type is MediaType.JPEG:
        return _strict_jpeg(path, _jpeg_shrink(path, header.height, longer, shorter))
    if media_type is MediaType.WEBP and longer > _DECODE_SIDE:
        return loading.load(path, media_type, scale=min(1.0, max(_DECODE_SIDE / longer, 1 / shorter)))
    return header


def _jpeg_shrink(path: Path, height: int, longer: int, shorter: int) -> int:
    """The strongest shrink that still decodes the last row of blocks. libvips drops the rows that do not fill a
    shrunken one, and where these are all that the last blocks hold, it would never see that they are missing.
    """
    with mapped(path) as data:
        block = jpeg.block_height(data)
    in_last_block = (height - 1) % block + 1
    fits = (n for n in (8, 4, 2) if longer >= n * _DECODE_SIDE and shorter >= n and in_last_block >= n)
    return next(fits, 1)


def _strict_jpeg(path: Path, shrink: int) -> Any:  # noqa: ANN401
    """The result is small: it is decoded at once, so that all complaints are known."""
    loading.forget_complaints()
    image = loading.load(path, MediaType.JPEG, shrink=shrink).copy_memory()
    loading.refuse_corrupt(MediaType.JPEG)
    return image


def _thumbnail(image: Any, full_width: int, full_height: int) -> _Thumbnail:  # noqa: ANN401
    """The first frame as displayed, straight RGBA. All frames are decoded: they stand below one another."""
    scale = min(1.0, _THUMB_SIDE / max(full_width, full_height))
    width, height = max(1, round(full_width * scale)), max(1, round(full_height * scale))
    pages = image.height // image.get_page_height()
    alpha = image.hasalpha()
    strip = image.premultiply() if alpha else image
    strip = strip.resize(width / image.width, vscale=height * pages / image.height, kernel="linear")
    strip = (strip.unpremultiply() if alpha else strip).copy_memory()
    first = strip.crop(0, 0, width, min(height, strip.height))
    if pages == 1:
        first = first.autorot()
    if first.interpretation != "srgb":
        first = first.colourspace("srgb")
    first = first.cast("uchar")
    rgba = first if alpha else first.bandjoin(255)
    return _Thumbnail(first.width, first.height, bytes(rgba.write_to_memory()))
