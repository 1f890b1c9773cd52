"""From a source's size to whole numbers: how large to scale, what to cut out, where to put it. No pixel is touched.

The order of work is the order of `Geometry`'s fields: scale the source, crop, turn, mirror, place on the canvas.
`scaled` and `crop` lie in the source's own (displayed) orientation, so a decoder can shrink while it loads and only
the few pixels that are left are turned; `canvas` and `place` lie in the result's.

Rules (contract 5). With one side, or none, every fit keeps the whole picture. With both:

- cover: scale until the box is full, then crop around the scaled focal point, clamped to the frame.
- inside: scale until the picture fits; the result may be smaller than the box.
- contain: as inside, then a canvas of the box's ratio around it, which the picture touches on two sides.
- pad: as inside, then a canvas of exactly the box.
- fill: both sides scaled by themselves, so the picture is distorted.

Nothing is enlarged unless `enlarge`: where a source is too small, cover, contain and fill answer with the largest box
of the asked ratio, pad with the box and the picture in its middle. `aspect` with one side gives the other; alone it is
the largest box of this ratio.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from atpix.imaging.spec import MAX_SIDE_PX, Fit, Flip, Output, Rotation, Spec
from atpix.imaging.values import FocalPoint

Size = tuple[int, int]
MIDDLE = FocalPoint(0.5, 0.5)
MAX_SCALED_SIDE_PX = 1_000_000
"""Of a picture that is cropped afterwards: a strip of 16,384 x 1 enlarged to cover a square would have no end."""


class Box(msgspec.Struct, frozen=True):
    """Pixels; `left` and `top` count from the frame's upper left corner."""

    left: int
    top: int
    width: int
    height: int


class Geometry(msgspec.Struct, frozen=True, kw_only=True):
    """Whole pixels, never a side of 0. `crop` None keeps all of `scaled`; `canvas` is the size of the result.

    `focus` is the point that was followed, in the source; `focus_of_result` where it ended up on the canvas.
    """

    source: Size
    scaled: Size
    crop: Box | None
    rotate: Rotation
    flip: Flip | None
    canvas: Size
    place: tuple[int, int]
    focus: FocalPoint
    focus_of_result: FocalPoint

    @property
    def factors(self) -> tuple[float, float]:
        """`scaled` over `source`, exactly: what a resize of libvips wants as its scale and vscale."""
        return self.scaled[0] / self.source[0], self.scaled[1] / self.source[1]

    @property
    def cut(self) -> Box:
        """The crop, also where it is the whole."""
        return self.crop or Box(0, 0, *self.scaled)

    @property
    def picture(self) -> Size:
        """The size after crop and turn; what is placed on the canvas."""
        return _turned((self.cut.width, self.cut.height), self.rotate)


class _Plan(NamedTuple):
    """The same before rounding, in the source's orientation. `window` is what is left of the scaled picture, where it
    may be cropped; `canvas` what stands around it.
    """

    scale: tuple[float, float]
    window: tuple[float, float] | None = None
    canvas: tuple[float, float] | None = None


def of(source: Size, spec: Spec, focus: FocalPoint | None = None, max_output_pixels: int = 50_000_000) -> Geometry:
    """`source` is the size as displayed. `focus` is the stored point, or the one found for `fp=auto`; a point in the
    spec itself wins over it. `rotate` is clockwise and comes before the sizes, `flip` mirrors what was rotated. A
    result of more than `max_output_pixels` shrinks in its ratio.
    """
    point = spec.focus if isinstance(spec.focus, FocalPoint) else focus or MIDDLE
    plan, whole = _bounded(_plan(source, spec), source, max_output_pixels)
    scaled = whole(source[0] * plan.scale[0]), whole(source[1] * plan.scale[1])
    crop = None
    if plan.window:
        cut = whole(plan.window[0]), whole(plan.window[1])
        scaled = max(scaled[0], cut[0]), max(scaled[1], cut[1])
        crop = _around(point, scaled, cut) if cut != scaled else None
    left = (crop.width, crop.height) if crop else scaled
    canvas = (whole(plan.canvas[0]), whole(plan.canvas[1])) if plan.canvas else left
    picture, canvas = _turned(left, spec.rotate), _turned(_at_least(canvas, left), spec.rotate)
    place = (canvas[0] - picture[0]) // 2, (canvas[1] - picture[1]) // 2
    return Geometry(
        source=source,
        scaled=scaled,
        crop=crop,
        rotate=spec.rotate,
        flip=spec.flip,
        canvas=canvas,
        place=place,
        focus=point,
        focus_of_result=_placed(_seen(_inside(point, scaled, crop), spec.rotate, spec.flip), picture, place, canvas),
    )


def depends_on_focus(source: Size, spec: Spec, max_output_pixels: int = 50_000_000) -> bool:
    """Whether another *stored* focal point would give another answer: when a crop follows it, or when it is told."""
    if spec.focus is not None:
        return False
    return spec.output is Output.JSON or of(source, spec, None, max_output_pixels).crop is not None


def shows_source(found: Geometry, spec: Spec) -> bool:
    """Whether all of the source is there, upright and in its own size, and nothing is done to its colours."""
    stays = found.scaled == found.source == found.canvas and found.crop is None
    turned = found.rotate != 0 or found.flip is not None
    return stays and not (turned or spec.blur or spec.sharpen or spec.background)


def fit_of(spec: Spec) -> Fit:
    """The one in force: cover is the default when both sides are given or follow from `aspect`."""
    both = spec.aspect is not None or (spec.width is not None and spec.height is not None)
    return spec.fit or ("cover" if both else "inside")


def box_of(spec: Spec) -> tuple[float | None, float | None]:
    """The sides asked for in pixels of the result: `dpr` multiplied in, the second one from `aspect`. A box beyond
    the longest side allowed shrinks in its ratio.
    """
    width = spec.width * spec.dpr if spec.width is not None else None
    height = spec.height * spec.dpr if spec.height is not None else None
    if spec.aspect is not None:
        if width is not None and height is None:
            height = width / spec.aspect
        elif height is not None and width is None:
            width = height * spec.aspect
    excess = max(1.0, (width or 0) / MAX_SIDE_PX, (height or 0) / MAX_SIDE_PX)
    return width and width / excess, height and height / excess


def _plan(source: Size, spec: Spec) -> _Plan:
    width, height = box_of(spec)
    aspect = spec.aspect
    if spec.rotate in (90, 270):
        width, height, aspect = height, width, aspect and 1 / aspect
    if width is not None and height is not None:
        return _in_box(source, (width, height), fit_of(spec), enlarge=spec.enlarge)
    if width is None and height is None:
        if aspect is None:
            return _Plan((1.0, 1.0))
        unit = max(source[0] / aspect, float(source[1]))
        return _in_box(source, (unit * aspect, unit), fit_of(spec), enlarge=False)
    factor = width / source[0] if width is not None else (height or 1) / source[1]
    factor = factor if spec.enlarge else min(factor, 1.0)
    return _Plan((factor, factor))


def _in_box(source: Size, box: tuple[float, float], fit: Fit, *, enlarge: bool) -> _Plan:
    """Raises nothing and invents no pixel: what `enlarge` forbids shrinks the box in its own ratio instead."""
    across, down = box[0] / source[0], box[1] / source[1]
    if fit == "fill":
        over = 1.0 if enlarge else max(1.0, across, down)
        return _Plan((across / over, down / over))
    if fit == "cover":
        wanted = max(across, down)
        factor = min(wanted, MAX_SCALED_SIDE_PX / max(source) if enlarge else 1.0)
        return _Plan((factor, factor), window=_times(box, factor / wanted))
    wanted = min(across, down)
    factor = wanted if enlarge else min(wanted, 1.0)
    match fit:
        case "inside":
            return _Plan((factor, factor))
        case "contain":
            return _Plan((factor, factor), canvas=_times(box, factor / wanted))
        case "pad":
            return _Plan((factor, factor), canvas=box)


def _bounded(plan: _Plan, source: Size, max_pixels: int) -> tuple[_Plan, Callable[[float], int]]:
    """The plan, shrunk if it must be, and how to make its numbers whole: to the nearest, or down under the bound."""
    width, height = plan.canvas or plan.window or (source[0] * plan.scale[0], source[1] * plan.scale[1])
    if width * height <= max_pixels:
        return plan, lambda length: max(1, round(length))
    by = math.sqrt(max_pixels / (width * height))
    smaller = _Plan(
        _times(plan.scale, by), plan.window and _times(plan.window, by), plan.canvas and _times(plan.canvas, by)
    )
    return smaller, lambda length: max(1, math.floor(length))


def _around(point: FocalPoint, scaled: Size, cut: Size) -> Box:
    """The crop's middle on the scaled point, moved no further than the frame demands (contract 5)."""
    left, top = (
        min(max(0, round(fraction * frame - side / 2)), frame - side)
        for fraction, frame, side in zip((point.x, point.y), scaled, cut, strict=True)
    )
    return Box(left, top, *cut)


def _inside(point: FocalPoint, scaled: Size, crop: Box | None) -> FocalPoint:
    if crop is None:
        return point
    return _fraction((point.x * scaled[0] - crop.left) / crop.width, (point.y * scaled[1] - crop.top) / crop.height)


def _seen(point: FocalPoint, rotate: Rotation, flip: Flip | None) -> FocalPoint:
    """Where a point is after the turn, clockwise, and the mirror after it."""
    x, y = point.x, point.y
    match rotate:
        case 90:
            x, y = 1 - y, x
        case 180:
            x, y = 1 - x, 1 - y
        case 270:
            x, y = y, 1 - x
        case 0:
            pass
    return FocalPoint(1 - x if flip in ("h", "hv") else x, 1 - y if flip in ("v", "hv") else y)


def _placed(point: FocalPoint, picture: Size, place: tuple[int, int], canvas: Size) -> FocalPoint:
    x, y = ((place[i] + part * picture[i]) / canvas[i] for i, part in enumerate((point.x, point.y)))
    return _fraction(x, y)


def _fraction(x: float, y: float) -> FocalPoint:
    return FocalPoint(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))


def _turned(size: Size, rotate: Rotation) -> Size:
    return (size[1], size[0]) if rotate in (90, 270) else size


def _at_least(size: Size, least: Size) -> Size:
    return max(size[0], least[0]), max(size[1], least[1])


def _times(pair: tuple[float, float], by: float) -> tuple[float, float]:
    return pair[0] * by, pair[1] * by
