"""From a source to pixels that are a little larger than the result, and a copy of them for the orders that follow.

A page asks for several sizes of one image, and decoding is most of the work of each. So what is decoded stays, at a
scale at which most sizes can be made from it: for a photograph of 12 megapixels that costs the first 5 ms more than
the smallest scale, and saves each of the others 40. libvips keeps a factor of two for its own scaling, too.

The scale of that copy follows from the source alone, and whatever can be made from it is made from it, by the first
order as by the last: the same order gives the same bytes, whatever was asked before.
"""

import math
from typing import Any, NamedTuple

from atpix.imaging import loading, steps
from atpix.imaging.loading import Source
from atpix.imaging.plans import Plan
from atpix.imaging.sniff import MediaType

_COPY_WIDTH_PX = 1920
"""A copy is as wide, where the source is and `_COPY_PIXELS` are enough for its height."""
_COPY_PIXELS = 2560 * 2560
_SPARE = 1.5
"""How much larger than a result the pixels must be that were scaled by averaging. A JPEG's own scaling needs none."""
_MOST_LOST_PX = 0.5
_JPEG_SCALES = (8, 4, 2, 1)
_PROGRESSIVE = "jpeg-multiscan"

Frame = Any


class _Copy(NamedTuple):
    frame: Frame
    page: int


class Decoder:
    """Keeps the pixels of one image at a time, until it is told to forget them."""

    def __init__(self) -> None:
        self._image = ""
        self._copy: _Copy | None = None

    def turn_to(self, image: str) -> None:
        """Nothing is kept of any other image, nor of one without a name."""
        if image != self._image or not image:
            self.forget()
            self._image = image

    def forget(self) -> None:
        self._image, self._copy = "", None

    def decoded(self, plan: Plan) -> Frame:
        """The frames that are wanted, one below the other, not smaller than the plan wants them scaled."""
        if plan.animated:
            return loading.load(plan.source.path, plan.source.media_type)
        scale = _scale_of_copy(plan.source)
        if scale is None or not _suffices(scale, plan):
            return _at(_strongest_scale(plan), plan)
        if self._copy and self._copy.page == plan.page:
            return self._copy.frame
        frame = _in_memory(scale, plan)
        loading.refuse_corrupt(plan.source.media_type)
        if self._image:
            self._copy = _Copy(frame, plan.page)
        return frame


def _strongest_scale(plan: Plan) -> float:
    """How many times smaller the format can decode it, and this order needs it. Only a JPEG's own scaling is exact
    enough to stand alone.
    """
    source = plan.source
    if source.media_type is MediaType.JPEG:
        return next(scale for scale in _JPEG_SCALES if _suffices(scale, plan))
    if source.media_type is MediaType.WEBP and source.frames == 1:
        return max(1.0, plan.reduction / _SPARE)
    return 1


def _scale_of_copy(source: Source) -> int | None:
    """Of no order's making: see above. None where even the smallest copy is too large to be kept."""
    width, height = source.displayed
    wide_enough = max(1, width // _COPY_WIDTH_PX)
    small_enough = max(1, math.ceil(math.sqrt(width * height / _COPY_PIXELS)))
    if source.media_type is not MediaType.JPEG:
        return max(wide_enough, small_enough)
    rising = sorted(_JPEG_SCALES)
    smallest_loss = next((scale for scale in rising if scale >= small_enough), None)
    return smallest_loss and max(smallest_loss, *(scale for scale in rising if scale <= wide_enough))


def _suffices(scale: float, plan: Plan) -> bool:
    """Where the source is smaller than the result, it is enlarged, from all it has."""
    spare = 1 if plan.source.media_type is MediaType.JPEG else _SPARE
    return scale == 1 or (plan.reduction >= scale * spare and _lost_px(scale, plan) <= _MOST_LOST_PX)


def _lost_px(scale: float, plan: Plan) -> float:
    """Of the result, at its right or lower edge: libvips drops what does not fill a shrunken pixel, and what is left
    is stretched over the whole.
    """
    return max(have % scale / have * want for have, want in zip(plan.source.size, plan.scaled, strict=True))


def _in_memory(scale: float, plan: Plan) -> Frame:
    """3 ms faster where libvips itself decodes into memory; but then it keeps the decoder as long as the pixels, and
    that of a progressive JPEG holds two bytes of coefficients for each sample of the whole.
    """
    if plan.source.media_type is not MediaType.JPEG or plan.source.header.get_typeof(_PROGRESSIVE):
        return _at(scale, plan).copy_memory()
    frame = _at(scale, plan, access="random", memory=True, revalidate=True)
    frame.getpoint(0, 0)
    return frame


def _at(scale: float, plan: Plan, **options: Any) -> Frame:  # noqa: ANN401
    """What the format cannot decode at a smaller scale is averaged, a few rows at a time."""
    source = plan.source
    if source.media_type is MediaType.JPEG:
        return loading.page(source, plan.page, shrink=int(scale), **options)
    if source.media_type is MediaType.WEBP and source.frames == 1:
        return loading.page(source, plan.page, scale=1 / scale)
    frame = loading.page(source, plan.page)
    return frame if scale == 1 else steps.premultiplied(frame, lambda it: it.shrink(scale, scale))
