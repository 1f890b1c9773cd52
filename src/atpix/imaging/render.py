"""An original becomes a rendition. The steps stand in `_FROM_THE_FILE` and `_IN_THE_END`, in their order.

Only child processes import this. libvips is lazy: pixels flow through all steps at once, a few rows at a time, from the
top of the file to its bottom. That keeps memory small, and it is why everything before `upright` works in the
orientation in which the rows are stored.
"""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import pyvips

from atpix.imaging import colour, describing, encoding, geometry, labels, loading, metadata, plans, saliency, steps
from atpix.imaging.decoding import Decoder
from atpix.imaging.encoding import Pixels
from atpix.imaging.errors import InvalidImage
from atpix.imaging.loading import Source
from atpix.imaging.orders import Order, Original, Rendered
from atpix.imaging.plans import Plan
from atpix.imaging.spec import Output
from atpix.imaging.turning import Turn
from atpix.imaging.values import FocalPoint

_FROM_THE_FILE = (steps.scaled, steps.cropped)
_IN_THE_END = (
    steps.upright,
    steps.coloured,
    steps.blurred,
    steps.sharpened,
    steps.flattened,
    steps.placed,
    steps.marked,
)
_HELD_PIXELS = 16_000_000
"""Smaller results stand in memory before they are encoded; of larger ones only some rows at a time."""

T = TypeVar("T")
Frame = Any


class _Ready(NamedTuple):
    """To be encoded, with the metadata that `keep` says, in libvips' bits."""

    picture: Frame | Pixels
    keep: int
    is_decoded: bool


class _Clock:
    def __init__(self) -> None:
        self.steps_ms: dict[str, float] = {}

    def timed(self, step: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        made = work()
        self.steps_ms[step] = round((time.perf_counter() - began) * 1000, 2)
        return made


def render(order: Order, decoder: Decoder | None = None) -> Rendered:
    """Do what is ordered and write it to `order.target`. `decoder` may have pixels of an earlier order. Raises
    imaging.errors, and OSError when a file cannot be read or written; then the target may hold a part. `steps_ms` tells
    of `open`, `pixels` (decoding and all steps; of large results they count as `encode`) and `encode`.
    """
    clock, decoder = _Clock(), decoder or Decoder()
    decoder.turn_to(order.same)
    loading.forget_complaints()
    try:
        if order.original is Original.ALWAYS:
            return clock.timed("open", lambda: _as_it_is(order))
        plan = clock.timed("open", lambda: _planned(order, decoder))
        ready = clock.timed("pixels", lambda: _picture(plan, decoder))
        return _written(order, plan, ready, clock)
    except pyvips.Error as error:
        raise loading.explained(error, order.media_type, Path(order.source)) from None
    finally:
        loading.forget_complaints()


def _planned(order: Order, decoder: Decoder) -> Plan:
    source = loading.opened(Path(order.source), order.media_type, order.limits)
    focus = _looked_for(source, order, decoder) if order.spec.focus == "auto" else order.focus
    return plans.of(order, source, focus)


def _looked_for(source: Source, order: Order, decoder: Decoder) -> FocalPoint:
    """By a first look at a small picture of it."""
    cut = geometry.of(source.displayed, order.spec, None, order.max_output_pixels).cut
    return saliency.attention(_finished(plans.of_small(source, saliency.SIDE_PX), decoder), cut.width / cut.height)


def _picture(plan: Plan, decoder: Decoder) -> _Ready:
    picture = _finished(plan, decoder)
    picture = labels.labelled(picture, plan.geometry.canvas[1], plan.keep_metadata, keeps_profile=plan.keeps_profile)
    keep, several_tries = labels.kept(picture), encoding.has_several_tries(plan.spec)
    if picture.width * picture.height > _HELD_PIXELS and not several_tries:
        return _Ready(picture, keep, is_decoded=plan.animated)
    pixels = None if several_tries else encoding.handed_over(picture, plan.output, keep)
    held = _Ready(picture.copy_memory() if pixels is None else pixels, keep, is_decoded=True)
    loading.refuse_corrupt(plan.source.media_type)
    return held


def _finished(plan: Plan, decoder: Decoder) -> Frame:
    """All frames after all steps, one below the other."""
    strip = decoder.decoded(plan)
    if not plan.animated:
        return _through_the_steps(plan, strip)
    height = strip.height // plan.source.frames
    frames = (strip.crop(0, at * height, strip.width, height) for at in range(plan.source.frames))
    # done one by one: the steps of 300 frames at once hold rows of each, a gigabyte together
    return pyvips.Image.arrayjoin([_through_the_steps(plan, frame).copy_memory() for frame in frames], across=1)


def _through_the_steps(plan: Plan, frame: Frame) -> Frame:
    for step in _FROM_THE_FILE:
        frame = step(plan, frame)
    if plan.turn != Turn():
        frame = frame.copy_memory()
    for step in _IN_THE_END:
        frame = step(plan, frame)
    return frame


def _written(order: Order, plan: Plan, ready: _Ready, clock: _Clock) -> Rendered:
    source, target = plan.source, Path(order.target)
    width, height, focus = *plan.geometry.canvas, plan.geometry.focus
    if order.output not in encoding.MEDIA_TYPES:
        told = clock.timed("encode", lambda: _told(order, plan, ready.picture))
        target.write_bytes(told.body)
        size, media_type = len(told.body), told.media_type
        return Rendered(media_type=media_type, width=width, height=height, size=size, steps_ms=clock.steps_ms)
    made = clock.timed("encode", lambda: _encoded(plan, ready))
    loading.refuse_corrupt(order.media_type)
    answer = Rendered(
        media_type=encoding.MEDIA_TYPES[order.output],
        width=width,
        height=height,
        size=len(made.body),
        focus=focus,
        quality=made.quality,
        steps_ms=clock.steps_ms,
    )
    original_bytes = _bytes_of_original(order, plan)
    if original_bytes is not None and len(made.body) >= original_bytes:
        return msgspec.structs.replace(
            answer, media_type=source.media_type, size=original_bytes, quality=None, original_is_better=True
        )
    target.write_bytes(made.body)
    return answer


def _encoded(plan: Plan, ready: _Ready) -> encoding.Encoded:
    try:
        return encoding.encoded(ready.picture, plan.output, plan.spec, ready.keep)
    except pyvips.Error as error:
        source = plan.source
        raise loading.explained(error, source.media_type, source.path, decoded=ready.is_decoded) from None


def _told(order: Order, plan: Plan, picture: Frame) -> describing.Told:
    if order.output is not Output.JSON:
        return describing.placeholder(picture, order.output)
    source, focus = plan.source, order.spec.focus or order.focus
    found = plan.geometry.focus if focus == "auto" else focus
    return describing.facts(picture, source.displayed, str(source.media_type), source.frames, found)


def _bytes_of_original(order: Order, plan: Plan) -> int | None:
    """How large it is without what it tells about its maker; None where it cannot stand for the rendition: it looks
    different, has a type that was not asked for, or tells of a copyright that has to stay.
    """
    source, same_type = plan.source, encoding.MEDIA_TYPES[plan.output] == plan.source.media_type
    may_be = order.original is Original.OF_ANY_TYPE or (order.original is Original.OF_SAME_TYPE and same_type)
    if not (may_be and plan.shows_all_pixels and _colours_stay(plan)):
        return None
    if "copyright" in plan.keep_metadata and labels.tells_copyright(source.header):
        return None
    with contextlib.suppress(InvalidImage):  # it decodes, and cannot be taken apart
        return metadata.bare_bytes(source.path, source.media_type)
    return None


def _colours_stay(plan: Plan) -> bool:
    header = plan.source.header
    return not colour.has_own_profile(header) or (plan.keeps_profile and colour.has_usable_profile(header))


def _as_it_is(order: Order) -> Rendered:
    """All of the original but what it tells about its maker, pixels untouched."""
    source = loading.opened(Path(order.source), order.media_type, order.limits)
    width, height = source.displayed
    target, bare = Path(order.target), metadata.is_bare(source.path, source.media_type)
    if not bare:
        metadata.strip_private(source.path, target, source.media_type)
    size = (source.path if bare else target).stat().st_size
    return Rendered(media_type=source.media_type, width=width, height=height, size=size, original_is_better=bare)
