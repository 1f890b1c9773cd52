"""Files are opened by the loader of their own format, named here: libvips never guesses.

Only child processes import this: it brings in libvips. Pixels are decoded when they are asked for, from the top down;
what is wrong with them is found then, and told by `complaints` or by an error that `explained` puts into words.
"""

import errno
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import pyvips

from atpix.imaging import containers
from atpix.imaging.containers.reading import mapped
from atpix.imaging.errors import DecoderFailed, ImageTooLarge, InvalidImage, TooMuchMemory
from atpix.imaging.sniff import DECODABLE, HEAD_BYTES, MediaType, sniff
from atpix.imaging.turning import Size, Turn
from atpix.imaging.values import Limits

_CORRUPT = ("Corrupt JPEG data", "Premature end", "Inconsistent progression", "Bogus marker length")
"""Words of libjpeg's warnings. The others are about colour transforms and revisions, and harm nothing."""

_NO_MEMORY = (
    "out of memory",
    "insufficient memory",
    "memory allocation",
    "malloc",
    "not allocate",
    "unable to allocate",
)
"""Of libvips, libjpeg, libpng, libheif and the system, in lower case."""
_ENCODER = re.compile(r"unable to call \w+save_buffer\n\s*(\w*save|vips2\w+|cgif)\b")
"""libvips names who complained first."""


class Source(NamedTuple):
    """A file whose header was read and is within the limits. `size` is that of one frame as stored."""

    path: Path
    media_type: MediaType
    size: Size
    frames: int
    turn: Turn
    header: Any

    @property
    def displayed(self) -> Size:
        """Width and height of one frame, upright."""
        return self.turn.size(self.size)


def opened(path: Path, media_type: MediaType, limits: Limits) -> Source:
    """Raises UnsupportedType, InvalidImage, ImageTooLarge; pyvips.Error for a header that makes no sense."""
    structure = containers.of(media_type)
    with mapped(path) as data:
        if sniff(data[:HEAD_BYTES]) is not media_type:
            raise InvalidImage(f"The file is no {name_of(media_type)}.")
        frames = structure.frames(data)
    check_frames(frames, limits)
    header = load(path, media_type)
    size = header.width, header.get_page_height()
    check_size(*size, frames, limits)
    return Source(path, media_type, size, frames, Turn.upright(orientation(header)), header)


def check_frames(frames: int, limits: Limits) -> None:
    if frames > limits.max_frames:
        raise ImageTooLarge(f"The image has {frames} frames; at most {limits.max_frames} are taken.")


def check_size(width: int, height: int, frames: int, limits: Limits) -> None:
    if max(width, height) > limits.max_side:
        raise ImageTooLarge(f"The image is {width} x {height} pixels; at most {limits.max_side} a side are taken.")
    if width * height * frames > limits.max_pixels:
        over = f" in {frames} frames" if frames > 1 else ""
        raise ImageTooLarge(
            f"The image is {width} x {height} pixels{over}; at most {limits.max_pixels} in all are taken."
        )


def load(path: Path, media_type: MediaType, **options: Any) -> Any:  # noqa: ANN401 - pyvips has no types
    """All frames, one below the other, unless `options` say which."""
    options = {"access": "sequential", "fail_on": "error"} | options
    name = str(path)
    match media_type:
        case MediaType.JPEG:
            return pyvips.Image.jpegload(name, **options)
        case MediaType.PNG:
            return pyvips.Image.pngload(name, **options)
        case MediaType.WEBP:
            return pyvips.Image.webpload(name, **({"n": -1} | options))
        case MediaType.GIF:
            return pyvips.Image.gifload(name, **({"n": -1} | options))
        case MediaType.AVIF:
            return pyvips.Image.heifload(name, **options)
        case _:
            raise AssertionError(DECODABLE)


def page(source: Source, number: int, **options: Any) -> Any:  # noqa: ANN401
    """One frame, counted from 1; the last one when there are not so many."""
    if source.media_type in (MediaType.WEBP, MediaType.GIF, MediaType.AVIF):
        pages = source.header.get_n_pages()
        options |= {"page": min(max(1, number), max(1, pages)) - 1, "n": 1}
    return load(source.path, source.media_type, **options)


def orientation(image: Any) -> int:  # noqa: ANN401
    return int(image.get("orientation")) if image.get_typeof("orientation") else 1


def forget_complaints() -> None:
    """What libraries said is kept by libvips until somebody reads it."""
    pyvips.vips_lib.vips_error_clear()


def refuse_corrupt(media_type: MediaType) -> None:
    """To libjpeg corrupt data is worth a warning, and it paints on; here it is an error.

    libvips, asked to fail on warnings, overlooks those of the last rows, so what was said since `forget_complaints`
    is read from its error buffer when all pixels have been decoded.
    """
    if media_type is not MediaType.JPEG:
        return
    said = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer()).decode(errors="replace")
    forget_complaints()
    if any(words in said for words in _CORRUPT):
        raise InvalidImage("The JPEG is corrupt: not all of it decodes.")


def explained(
    error: pyvips.Error, media_type: MediaType, path: Path, *, decoded: bool = False
) -> DecoderFailed | InvalidImage | OSError:
    """The messages of libvips name files and line numbers; the sender gets a sentence. What goes wrong when all has
    been `decoded`, or what an encoder says, is no fault of the file.
    """
    said = str(error)
    if not path.exists():  # it was deleted after its header was read
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if any(word in said.lower() for word in _NO_MEMORY):
        return TooMuchMemory("Decoding the image needs more memory than is allowed.")
    if decoded or _ENCODER.search(said):
        return DecoderFailed("The result could not be written in this format.")
    return InvalidImage(f"The {name_of(media_type)} is truncated or corrupt: not all of it decodes.")


def name_of(media_type: MediaType) -> str:
    return media_type.name.replace("WEBP", "WebP")
