"""The steps from a source's pixels to a rendition's, each from one frame to one frame. `render` has their order.

libvips is lazy: a step says what shall happen, and rows flow through all steps when the last one is asked for them.
"""

from collections.abc import Callable
from typing import Any

from atpix.imaging import colour
from atpix.imaging.plans import Plan
from atpix.imaging.spec import Output

_MARK_ARM_PX = 6

Frame = Any


def scaled(plan: Plan, frame: Frame) -> Frame:
    width, height = plan.scaled
    if (frame.width, frame.height) == plan.scaled:
        return frame
    return premultiplied(frame, lambda it: it.resize(width / it.width, vscale=height / it.height))


def cropped(plan: Plan, frame: Frame) -> Frame:
    return frame.crop(*plan.crop) if plan.crop else frame


def upright(plan: Plan, frame: Frame) -> Frame:
    if plan.turn.mirror:
        frame = frame.fliphor()
    match plan.turn.quarters:
        case 1:
            return frame.rot90()
        case 2:
            return frame.rot180()
        case 3:
            return frame.rot270()
        case _:
            return frame


def coloured(plan: Plan, frame: Frame) -> Frame:
    if plan.keeps_profile and colour.has_usable_profile(frame):
        return colour.to_eight_bits(frame)
    return colour.to_srgb(frame)


def blurred(plan: Plan, frame: Frame) -> Frame:
    sigma = plan.spec.blur
    return premultiplied(frame, lambda it: it.gaussblur(sigma)) if sigma else frame


def sharpened(plan: Plan, frame: Frame) -> Frame:
    """Only where there is detail: flat areas stay as they are, so noise does too."""
    strength = plan.spec.sharpen
    return frame.sharpen(sigma=1, m1=0, m2=strength).cast("uchar") if strength else frame


def flattened(plan: Plan, frame: Frame) -> Frame:
    """What shows through: the background that was asked for; white where the format has no transparency."""
    if frame.hasalpha() and plan.spec.background:
        frame = colour.on(frame, colour.Ink.parsed(plan.spec.background))
    if frame.hasalpha() and plan.output is Output.JPEG:
        frame = colour.on(frame, colour.WHITE)
    return frame


def placed(plan: Plan, frame: Frame) -> Frame:
    """On a larger canvas: of the background, else transparent around a picture that has alpha, else white."""
    width, height = plan.geometry.canvas
    if (frame.width, frame.height) == (width, height):
        return frame
    ink = colour.CLEAR if frame.hasalpha() else colour.WHITE
    if plan.spec.background:
        ink = colour.Ink.parsed(plan.spec.background)
    if plan.output is Output.JPEG:
        ink = ink.on(colour.WHITE)
    frame = colour.in_colour(frame)
    if ink.alpha < 255 and not frame.hasalpha():
        frame = frame.addalpha()
    x, y = plan.geometry.place
    return frame.embed(x, y, width, height, extend="background", background=list(ink[: frame.bands]))


def marked(plan: Plan, frame: Frame) -> Frame:
    """A white cross with black edges where the focal point came to lie."""
    if not plan.show_focus:
        return frame
    frame, point = colour.in_colour(frame), plan.geometry.focus_of_result
    x, y = min(frame.width - 1, int(point.x * frame.width)), min(frame.height - 1, int(point.y * frame.height))
    arm = max(_MARK_ARM_PX, min(frame.width, frame.height) // 12)
    for shade, edge in ((0, 1), (255, 0)):
        ink, length, thickness = [shade, shade, shade, 255][: frame.bands], 2 * (arm + edge) + 1, 2 * edge + 1
        frame = frame.draw_rect(ink, x - arm - edge, y - edge, length, thickness, fill=True)
        frame = frame.draw_rect(ink, x - edge, y - arm - edge, thickness, length, fill=True)
    return frame


def premultiplied(frame: Frame, work: Callable[[Frame], Frame]) -> Frame:
    """What is transparent has no colour to bleed into its neighbours."""
    if not frame.hasalpha():
        return work(frame)
    kind = frame.format
    return work(frame.premultiply().cast(kind)).unpremultiply().cast(kind)
