"""A file is taken when its structure is whole, its header is within the limits, and every pixel decodes.

Only child processes import this: it brings in libvips. The limits are checked on the header; then there is exactly
one decode, at the smallest scale the format can decode to, and it reads all of the compressed data.
"""

from pathlib import Path
from typing import Any, NamedTuple

import pyvips

from atpix.imaging import containers, metadata
from atpix.imaging.containers import jpeg
from atpix.imaging.containers.reading import mapped
from atpix.imaging.errors import DecoderFailed, ImageTooLarge, InvalidImage
from atpix.imaging.sniff import DECODABLE, HEAD_BYTES, MediaType, sniff
from atpix.imaging.thumbhash import dominant_color, thumbhash
from atpix.imaging.values import Examined, Limits

_THUMB_SIDE = 32
"""Pixels of the longer side. ThumbHash keeps at most seven cosine terms, so more would not be seen in it."""
_DECODE_SIDE = 2 * _THUMB_SIDE
_SWAPPING_ORIENTATIONS = frozenset({5, 6, 7, 8})
_CORRUPT = ("Corrupt JPEG data", "Premature end", "Inconsistent progression", "Bogus marker length")
"""Words of libjpeg's warnings. The others are about colour transforms and revisions, and harm nothing."""


class _Thumbnail(NamedTuple):
    width: int
    height: int
    rgba: bytes


def examine(path: Path, media_type: MediaType, limits: Limits) -> Examined:
    """What the file at `path` is. Raises UnsupportedType, InvalidImage, ImageTooLarge, or DecoderFailed when
    memory did not suffice.
    """
    structure = containers.of(media_type)
    with mapped(path) as data:
        if sniff(data[:HEAD_BYTES]) is not media_type:
            raise InvalidImage(f"The file is no {_name(media_type)}.")
        frames = structure.frames(data)
        _check_frames(frames, limits)
        has_location = metadata.tells_place(data, media_type)
    try:
        header = _load(path, media_type, {})
        height = header.get_page_height()
        _check_size(header.width, height, frames, limits)
        thumb = _thumbnail(_small(path, media_type, header), header.width, height)
    except pyvips.Error as error:
        raise _explained(error, media_type) from None
    turned = _orientation(header) in _SWAPPING_ORIENTATIONS
    return Examined(
        width=height if turned else header.width,
        height=header.width if turned else height,
        frames=frames,
        has_alpha=bool(header.hasalpha()),
        thumbhash=thumbhash(*thumb),
        dominant_color=dominant_color(thumb.rgba),
        has_location=has_location,
    )


def _check_frames(frames: int, limits: Limits) -> None:
    if frames > limits.max_frames:
        raise ImageTooLarge(f"The image has {frames} frames; at most {limits.max_frames} are taken.")


def _check_size(width: int, height: int, frames: int, limits: Limits) -> None:
    if max(width, height) > limits.max_side:
        raise ImageTooLarge(f"The image is {width} x {height} pixels; at most {limits.max_side} a side are taken.")
    if width * height * frames > limits.max_pixels:
        over = f" in {frames} frames" if frames > 1 else ""
        raise ImageTooLarge(
            f"The image is {width} x {height} pixels{over}; at most {limits.max_pixels} in all are taken."
        )


def _load(path: Path, media_type: MediaType, options: dict[str, Any]) -> Any:  # noqa: ANN401 - pyvips has no types
    """Open with that format's own loader, named here: libvips never guesses. Pixels are decoded when asked for."""
    options = {"access": "sequential", "fail_on": "error"} | options
    name = str(path)
    match media_type:
        case MediaType.JPEG:
            return pyvips.Image.jpegload(name, **options)
        case MediaType.PNG:
            return pyvips.Image.pngload(name, **options)
        case MediaType.WEBP:
            return pyvips.Image.webpload(name, n=-1, **options)
        case MediaType.GIF:
            return pyvips.Image.gifload(name, n=-1, **options)
        case MediaType.AVIF:
            return pyvips.Image.heifload(name, **options)
        case _:
            raise AssertionError(DECODABLE)


def _small(path: Path, media_type: MediaType, header: Any) -> Any:  # noqa: ANN401
    """The same image, to be decoded at reduced scale where the format can."""
    longer, shorter = (pick(header.width, header.get_page_height()) for pick in (max, min))
    if media_type is MediaType.JPEG:
        return _strict_jpeg(path, _jpeg_shrink(path, header.height, longer, shorter))
    if media_type is MediaType.WEBP and longer > _DECODE_SIDE:
        return _load(path, media_type, {"scale": min(1.0, max(_DECODE_SIDE / longer, 1 / shorter))})
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
    """To libjpeg corrupt data is worth a warning, and it paints on; here it is an error.

    libvips, asked to fail on warnings, overlooks those of the last rows, so what was said is read from its error
    buffer after the decode. The result is small: it is decoded at once.
    """
    pyvips.vips_lib.vips_error_clear()
    image = _load(path, MediaType.JPEG, {"shrink": shrink}).copy_memory()
    said = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer()).decode(errors="replace")
    pyvips.vips_lib.vips_error_clear()
    if any(words in said for words in _CORRUPT):
        raise InvalidImage("The JPEG is corrupt: not all of it decodes.")
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


def _orientation(image: Any) -> int:  # noqa: ANN401
    return int(image.get("orientation")) if image.get_typeof("orientation") else 1


def _explained(error: pyvips.Error, media_type: MediaType) -> DecoderFailed | InvalidImage:
    """The messages of libvips name files and line numbers; the sender gets a sentence."""
    if "out of memory" in str(error):
        return DecoderFailed("Decoding the image needs more memory than is allowed.")
    return InvalidImage(f"The {_name(media_type)} is truncated or corrupt: not all of it decodes.")


def _name(media_type: MediaType) -> str:
    return media_type.name.replace("WEBP", "WebP")
