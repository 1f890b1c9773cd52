"""From a source to pixels that are a little larger than the result, and a copy of them for the orders that follow.

A page asks for several sizes of one image, and decoding is most of the work of each. So the first order leaves what it
decoded, at a scale at which most sizes can be made from it: for a photograph of 12 megapixels that costs it 5 ms more
than the smallest scale, and saves each of the others 40. libvips keeps a factor of two for its own scaling, too.
"""

from typing import Any, NamedTuple

from atpix.imaging import loading, steps
from atpix.imaging.plans import Plan
from atpix.imaging.sniff import MediaType

_COPY_SIDE_PX = 1366
"""The longer side of a copy, at least: it is 1024 pixels across, be it a portrait in 3 : 4."""
_COPY_PIXELS = 2560 * 2560
_SPARE = 1.5
"""How much larger than a result the pixels must be that were scaled by averaging. A JPEG's own scaling needs none."""
_MOST_LOST_PX = 0.5
_JPEG_SCALES = (8, 4, 2, 1)

Frame = Any


class _Copy(NamedTuple):
    """The source is `scale` times as large."""

    frame: Frame
    page: int
    scale: float


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
        if self._copy and self._copy.page == plan.page and _suffices(self._copy.scale, plan):
            return self._copy.frame
        scale = _scale_to_keep(plan) if self._image else _strongest_scale(plan)
        width, height = plan.source.size
        if not self._image or width * height / scale**2 > _COPY_PIXELS:
            return _at(scale, plan)
        frame = _in_memory(scale, plan)
        loading.refuse_corrupt(plan.source.media_type)
        self._copy = _Copy(frame, plan.page, scale)
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


def _scale_to_keep(plan: Plan) -> float:
    """Of a copy that does for this order and for those that are likely to follow; else of none."""
    longer = max(plan.source.size)
    if plan.source.media_type is MediaType.JPEG:
        strongest = _strongest_scale(plan)
        return next(
            (scale for scale in _JPEG_SCALES if scale <= strongest and longer / scale >= _COPY_SIDE_PX), strongest
        )
    common = max(1, longer // _COPY_SIDE_PX)
    return common if _suffices(common, plan) else _strongest_scale(plan)


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
    if plan.source.media_type is not MediaType.JPEG:
        return _at(scale, plan).copy_memory()
    # 3 ms less than a copy of what comes row by row
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
