"""Pixels become a file: one encoder a format, called by name, with settings that were measured.

The figures behind every number here are in docs/decisions/encoder-settings.md.
"""

import io
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pyvips
from PIL import Image

from atpix.imaging import likeness
from atpix.imaging.spec import Output, Spec

DEFAULT_QUALITY: Final = {Output.JPEG: 80, Output.WEBP: 80, Output.AVIF: 62}
"""About the same likeness from each."""
LOSSY: Final = frozenset(DEFAULT_QUALITY)
MEDIA_TYPES: Final = {
    Output.AVIF: "image/avif",
    Output.WEBP: "image/webp",
    Output.JPEG: "image/jpeg",
    Output.PNG: "image/png",
    Output.GIF: "image/gif",
}
ANIMATED: Final = frozenset({Output.WEBP, Output.GIF})
_MODES: Final = {Output.JPEG: {3: "RGB"}, Output.WEBP: {3: "RGB", 4: "RGBA"}}
"""What Pillow encodes, by the number of bands: its builds of these libraries are faster than those of libvips."""
_LARGEST = 65_500
MAX_SIDE_PX: Final = {Output.WEBP: 16_383, Output.AVIF: 16_384} | dict.fromkeys(
    (Output.JPEG, Output.PNG, Output.GIF), _LARGEST
)

_OPTIMISED_PIXELS: Final = 16_000_000
"""Two percent fewer bytes cost a JPEG encoder three bytes of memory for each pixel."""
_TRIES: Final = 5
"""Encodings at most to find a quality, for `q=auto` and for `max_bytes` each."""
_LOOKS_THE_SAME: Final = 0.955
_AUTO_RANGE: Final = (35, 92)
_LOWEST_QUALITY: Final = 10
_FEWER_COLOURS: Final = (8, 4, 2, 1)
"""Bits a pixel of a palette: how files without a quality become smaller."""
_FULL_COLOUR_FROM: Final = 90
"""From this quality on a JPEG's colours have as many pixels as its brightness, as libvips has it."""
_TILE_PX, _TILES_A_SIDE = 192, 3
_AVIF_EFFORT: Final = 2
_WEBP_EFFORT, _WEBP_EFFORT_OF_MANY_PIXELS = 4, 2
_HANDED_OVER_PIXELS: Final = 4_000_000
"""Larger pictures are not handed to Pillow: it holds seven bytes more for each pixel."""
_PNG_COMPRESSION: Final = 6
_GIF_EFFORT, _GIF_EFFORT_OF_MANY_PIXELS = 5, 1
_MANY_PIXELS: Final = 2_000_000
"""The best a GIF encoder can do takes a second a megapixel, and animations have many of these."""
_VERY_MANY_PIXELS: Final = 8_000_000
"""From here on animations take less time: a WebP half of it for 3 % more bytes, a GIF three quarters, not dithered."""


class Encoded(NamedTuple):
    """A file's bytes, and the quality they were made with, where the format has such a thing."""

    body: bytes
    quality: int | None


class _Level(NamedTuple):
    """How good: a quality for the lossy formats, bits a pixel for the others; None is lossless."""

    quality: int | None = None
    bits: int | None = None


class Pixels(NamedTuple):
    """Those of a still picture in plain colours that carries nothing else, in memory, as Pillow takes them."""

    mode: str
    size: tuple[int, int]
    colours: bytes

    def picture(self) -> Any:  # noqa: ANN401
        """As libvips takes them."""
        picture = pyvips.Image.new_from_memory(self.colours, *self.size, len(self.mode), "uchar")
        return picture.copy(interpretation="srgb")


def has_several_tries(spec: Spec) -> bool:
    return spec.quality == "auto" or bool(spec.max_bytes)


def handed_over(picture: Any, output: Output, keep: int) -> Pixels | None:  # noqa: ANN401
    """All pixels of `picture`, computed, where Pillow is to encode them."""
    mode = _MODES.get(output, {}).get(picture.bands)
    plain = picture.interpretation == "srgb" and picture.format == "uchar"
    small = picture.width * picture.height <= _HANDED_OVER_PIXELS
    if mode is None or keep or not (plain and small and picture.get_n_pages() == 1):
        return None
    return Pixels(mode, (picture.width, picture.height), picture.write_to_memory())


def encoded(picture: Any, output: Output, spec: Spec, keep: int) -> Encoded:  # noqa: ANN401
    """`picture` (frames stand below one another; or Pixels, where there is one try) as a file. `keep` says which
    metadata may stay, in libvips' bits. `spec` says the quality, and how many bytes there may be: a best effort, after
    some tries the smallest is taken.
    """

    def body(level: _Level) -> bytes:
        return _body(picture, output, level, keep)

    level = _level(picture, output, spec)
    made = body(level)
    if spec.max_bytes and len(made) > spec.max_bytes:
        level, made = _smaller(body, output, level, made, spec.max_bytes)
    return Encoded(made, level.quality)


def _body(picture: Any, output: Output, level: _Level, keep: int = 0) -> bytes:  # noqa: ANN401
    pixels = picture if isinstance(picture, Pixels) else handed_over(picture, output, keep)
    if pixels is None:
        return _by_libvips(picture, output, level, keep)
    return _by_pillow(pixels, output, level) or _by_libvips(pixels.picture(), output, level, keep)


def _by_pillow(pixels: Pixels, output: Output, level: _Level) -> bytes | None:
    """None: it could not. For an optimised JPEG it has room for one or two bytes a pixel; much grain takes more."""
    image = Image.frombuffer(pixels.mode, pixels.size, pixels.colours, "raw", pixels.mode, 0, 1)
    options: dict[str, Any] = {"method": _WEBP_EFFORT}
    if output is Output.JPEG:
        full_colour = (level.quality or 0) >= _FULL_COLOUR_FROM
        options = {"optimize": True, "subsampling": "4:4:4" if full_colour else "4:2:0"}
    file = io.BytesIO()
    try:
        image.save(file, output.name, quality=level.quality, **options)
    except OSError:  # of the encoder: no file is touched
        return None
    return file.getvalue()


def _by_libvips(picture: Any, output: Output, level: _Level, keep: int) -> bytes:  # noqa: ANN401
    match output:
        case Output.JPEG:
            small = picture.width * picture.height <= _OPTIMISED_PIXELS
            made = picture.jpegsave_buffer(Q=level.quality, optimize_coding=small, keep=keep)
        case Output.WEBP:
            effort = _WEBP_EFFORT_OF_MANY_PIXELS if _is_long(picture) else _WEBP_EFFORT
            made = picture.webpsave_buffer(Q=level.quality, effort=effort, keep=keep)
        case Output.AVIF:
            options = {"compression": "av1", "bitdepth": 8, "effort": _AVIF_EFFORT, "tune": "ssim"}
            made = picture.heifsave_buffer(Q=level.quality, keep=keep, **options)
        case Output.PNG:
            palette = {"palette": True, "bitdepth": level.bits} if level.bits else {}
            made = picture.pngsave_buffer(compression=_PNG_COMPRESSION, filter="all", keep=keep, **palette)
        case Output.GIF:
            many = picture.width * picture.height > _MANY_PIXELS
            effort = _GIF_EFFORT_OF_MANY_PIXELS if many else _GIF_EFFORT
            faster = {"dither": 0} if _is_long(picture) else {}
            made = picture.gifsave_buffer(bitdepth=level.bits or 8, effort=effort, keep=keep, **faster)
        case _:
            raise AssertionError(output)
    return bytes(made)


def _is_long(picture: Any) -> bool:  # noqa: ANN401
    """An animation of very many pixels."""
    pixels = picture.width * picture.height
    return bool(picture.get_n_pages() > 1 and pixels > _VERY_MANY_PIXELS)


def _level(picture: Any, output: Output, spec: Spec) -> _Level:  # noqa: ANN401
    if output not in LOSSY:
        return _Level()
    if spec.quality == "auto":
        return _Level(_quality_that_looks_the_same(picture, output))
    return _Level(spec.quality or DEFAULT_QUALITY[output])


def _quality_that_looks_the_same(picture: Any, output: Output) -> int:  # noqa: ANN401
    """The lowest quality whose result is as like the picture as `_LOOKS_THE_SAME` asks, judged by a sample of it."""
    sample = _sample(picture)
    low, high = _AUTO_RANGE
    for _ in range(_TRIES):
        middle = (low + high) // 2
        again = _decoded(_body(sample, output, _Level(middle)), output)
        if likeness.ssim(sample, again) >= _LOOKS_THE_SAME:
            high = middle
        else:
            low = middle + 1
        if low >= high:
            break
    return high


def _sample(picture: Any) -> Any:  # noqa: ANN401
    """All of a small picture; of a large one nine tiles from all over it. Of an animation, the first frame."""
    height = picture.get_page_height()
    side = _TILE_PX * _TILES_A_SIDE
    if picture.width * height <= side * side:
        return _opaque(picture.crop(0, 0, picture.width, height))
    wide, high = min(_TILE_PX, picture.width), min(_TILE_PX, height)
    steps = [step / (_TILES_A_SIDE - 1) for step in range(_TILES_A_SIDE)]
    tiles = [
        picture.crop(round((picture.width - wide) * x), round((height - high) * y), wide, high)
        for y in steps
        for x in steps
    ]
    return _opaque(pyvips.Image.arrayjoin(tiles, across=_TILES_A_SIDE))


def _opaque(picture: Any) -> Any:  # noqa: ANN401
    return (picture.flatten() if picture.hasalpha() else picture).copy_memory()


def _decoded(body: bytes, output: Output) -> Any:  # noqa: ANN401
    match output:
        case Output.JPEG:
            return pyvips.Image.jpegload_buffer(body)
        case Output.WEBP:
            return pyvips.Image.webpload_buffer(body)
        case _:
            return pyvips.Image.heifload_buffer(body)


def _smaller(
    body: Callable[[_Level], bytes], output: Output, level: _Level, written: bytes, max_bytes: int
) -> tuple[_Level, bytes]:
    """The best that fits into `max_bytes`, or the smallest that was found."""
    if output not in LOSSY:
        return _fewer_colours(body, level, written, max_bytes)
    smallest, fitting = (level, written), None
    low, high = _LOWEST_QUALITY, (level.quality or 100) - 1
    for attempt in range(_TRIES):
        if low > high:
            break
        last_chance = attempt == _TRIES - 1 and not fitting
        found = _Level(low if last_chance else (low + high) // 2)
        made = found, body(found)
        smallest = min(smallest, made, key=lambda one: len(one[1]))
        if len(made[1]) <= max_bytes:
            fitting, low = made, (found.quality or 0) + 1
        else:
            high = (found.quality or 0) - 1
    return fitting or smallest


def _fewer_colours(
    body: Callable[[_Level], bytes], level: _Level, written: bytes, max_bytes: int
) -> tuple[_Level, bytes]:
    made = level, written
    for bits in _FEWER_COLOURS:
        found = _Level(bits=bits), body(_Level(bits=bits))
        made = min(made, found, key=lambda one: len(one[1]))
        if len(made[1]) <= max_bytes:
            break
    return made
