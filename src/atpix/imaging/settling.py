"""Of all specs that make the same picture of *this* source, one: what is rendered, and what its key holds.

`grammar.normal` knows no source. Here a side beyond it becomes the side that comes out, and what changes nothing in
this output of this file is its default: nobody has one picture made a thousand times by asking in a thousand ways.
The settled spec is the one that is rendered: two results of one key are one result, however many frames a file holds.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from atpix.imaging import geometry
from atpix.imaging.geometry import Size
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Fit, Output, Spec

DEFAULT_QUALITY: Final = {Output.JPEG: 80, Output.WEBP: 80, Output.AVIF: 62}
"""Those of `encoding`, which brings in libvips."""
PLACEHOLDER_SIDE_PX: Final = 32
"""That of `describing`."""
_PLACEHOLDERS: Final = frozenset({Output.THUMBHASH, Output.BLURHASH, Output.LQIP})
_TOLD: Final = _PLACEHOLDERS | {Output.JSON}
_HAVE_PAGES: Final = frozenset({MediaType.WEBP, MediaType.GIF, MediaType.AVIF})
_MAY_MOVE: Final = frozenset({MediaType.WEBP, MediaType.GIF})
_FITS: Final[tuple[Fit | None, ...]] = (None, "fill", "contain", "pad")
"""None is cover. What `inside` makes one side makes, too, or `fill`."""


def settled(source: Size, spec: Spec, media_type: MediaType, *, has_alpha: bool, max_output_pixels: int) -> Spec:
    """`spec` is `grammar.normal`, and its output decided. `source` is the size as displayed."""
    if spec.output is Output.JSON and spec.focus != "auto":
        told = Spec(output=spec.output, page=spec.page, focus=spec.focus)
        return msgspec.structs.replace(told, page=_page(told, media_type))
    if spec.output in _PLACEHOLDERS:
        spec = _small(source, spec, max_output_pixels)
    spec = _in_one_shape(source, spec, max_output_pixels)
    found = geometry.of(source, spec, None, max_output_pixels)
    follows = found.crop is not None or spec.output is Output.JSON
    shows_background = has_alpha or found.canvas != found.picture
    lossy = spec.output in DEFAULT_QUALITY and spec.quality != DEFAULT_QUALITY[spec.output]
    return msgspec.structs.replace(
        spec,
        focus=spec.focus if follows else None,
        background=spec.background if shows_background else None,
        quality=spec.quality if lossy else None,
        max_bytes=None if spec.output in _TOLD else spec.max_bytes,
        page=_page(spec, media_type),
        animate=True,
    )


def _in_one_shape(source: Size, spec: Spec, max_output_pixels: int) -> Spec:
    """The simplest sides and fit with the same outcome; those of `spec` where none has it."""
    wanted = _shape(source, spec, max_output_pixels)
    shapes = _shapes(spec, wanted[2])
    return next((one for one in shapes if _shape(source, one, max_output_pixels) == wanted), spec)


def _shapes(spec: Spec, canvas: Size) -> Iterator[Spec]:
    bare = msgspec.structs.replace(spec, width=None, height=None, aspect=None, fit=None, enlarge=False)
    yield bare
    for enlarge in (False, True):
        yield msgspec.structs.replace(bare, width=canvas[0], enlarge=enlarge)
        yield msgspec.structs.replace(bare, height=canvas[1], enlarge=enlarge)
        for fit in _FITS:
            yield msgspec.structs.replace(bare, width=canvas[0], height=canvas[1], fit=fit, enlarge=enlarge)


def _shape(source: Size, spec: Spec, max_output_pixels: int) -> tuple[Size, Size | None, Size]:
    """All of a geometry that is left to decide when turn and focal point are known."""
    found = geometry.of(source, spec, None, max_output_pixels)
    cut = (found.crop.width, found.crop.height) if found.crop else None
    return found.scaled, cut, found.canvas


def _small(source: Size, spec: Spec, max_output_pixels: int) -> Spec:
    """As `plans` does: placeholders are tiny."""
    canvas = geometry.of(source, spec, None, max_output_pixels).canvas
    by = PLACEHOLDER_SIDE_PX / max(canvas)
    if by >= 1:
        return spec
    width, height = (max(1, round(length * by)) for length in canvas)
    fit = geometry.fit_of(spec)
    return msgspec.structs.replace(
        spec, width=width, height=height, aspect=None, fit=fit, blur=round(spec.blur * by, 3)
    )


def _page(spec: Spec, media_type: MediaType) -> int | None:
    """What stands still shows its first page anyway; of what may move, a page is what stops it."""
    if media_type not in _HAVE_PAGES:
        return None
    if media_type in _MAY_MOVE and spec.output in {Output.WEBP, Output.GIF}:
        return spec.page or (None if spec.animate else 1)
    return None if spec.page == 1 else spec.page
