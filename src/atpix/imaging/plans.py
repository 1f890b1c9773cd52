"""What is going to be done to a source, decided before a pixel is decoded."""

from typing import NamedTuple

import msgspec

from atpix.imaging import costs, describing, encoding, geometry
from atpix.imaging.geometry import Geometry
from atpix.imaging.loading import Source
from atpix.imaging.orders import Order
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec
from atpix.imaging.turning import Box, Size, Turn
from atpix.imaging.values import FocalPoint


class Plan(NamedTuple):
    """`scaled` and `crop` are those of `geometry`, in the orientation in which the file stores its rows; `turn` is all
    that must be turned afterwards. `page` counts from 1 and is meant where the result is not `animated`.
    """

    source: Source
    output: Output
    spec: Spec
    geometry: Geometry
    scaled: Size
    crop: Box | None
    turn: Turn
    page: int
    animated: bool
    keep_metadata: tuple[str, ...] = ()
    show_focus: bool = False

    @property
    def reduction(self) -> float:
        """How many times larger the source is, along the side where it is less."""
        return min(have / want for have, want in zip(self.source.size, self.scaled, strict=True))

    @property
    def keeps_profile(self) -> bool:
        """Colours stay in the numbers of the profile that the file brought; a GIF can hold none."""
        return "icc" in self.keep_metadata and self.output is not Output.GIF

    @property
    def shows_all_pixels(self) -> bool:
        """The picture is the source's own, but for what encoding does to it. A source that EXIF turns is not:
        its rows lie otherwise, and not all that show pictures look at EXIF.
        """
        all_frames = self.animated or self.source.frames == 1
        upright = self.source.turn == Turn()
        return all_frames and upright and geometry.shows_source(self.geometry, self.spec) and not self.show_focus


def of(order: Order, source: Source, focus: FocalPoint | None) -> Plan:
    """`focus` is the point to follow where the spec does not name one. Raises ImageTooLarge where it would cost too
    much.
    """
    animated = _stays_animated(order, source)
    most_pixels = costs.most_pixels_a_frame(order, source) if animated else max(1, order.max_output_pixels)
    spec = _fitting(order, source, most_pixels)
    found = geometry.of(source.displayed, spec, focus, most_pixels)
    back, crop = source.turn.inverse, found.crop
    return Plan(
        source=source,
        output=order.output,
        spec=spec,
        geometry=found,
        scaled=back.size(found.scaled),
        crop=back.box((crop.left, crop.top, crop.width, crop.height), found.scaled) if crop else None,
        turn=source.turn.then(Turn.asked(found.rotate, found.flip)),
        page=order.spec.page or 1,
        animated=animated,
        keep_metadata=order.keep_metadata,
        show_focus=order.show_focus,
    )


def of_small(source: Source, side: int) -> Plan:
    """All of the first frame, at most `side` pixels wide and high, to look at."""
    found = geometry.of(source.displayed, Spec(width=side, height=side, fit="inside"))
    scaled = source.turn.inverse.size(found.scaled)
    return Plan(source, Output.PNG, Spec(), found, scaled, None, source.turn, page=1, animated=False)


def _stays_animated(order: Order, source: Source) -> bool:
    still = not order.spec.animate or order.spec.page is not None
    moving = source.frames > 1 and source.media_type in (MediaType.WEBP, MediaType.GIF)
    return moving and order.output in encoding.ANIMATED and not still


def _fitting(order: Order, source: Source, most_pixels: int) -> Spec:
    """The spec, smaller where its output cannot be as large: formats have a longest side, and placeholders are tiny."""
    spec, side = order.spec, describing.SIDE_PX
    if order.output is Output.JSON:
        return Spec(width=side, height=side, fit="inside", page=spec.page)
    canvas = geometry.of(source.displayed, spec, None, most_pixels).canvas
    longest = encoding.MAX_SIDE_PX.get(order.output, side)
    by = longest / max(canvas)
    if by >= 1:
        return spec
    width, height = (max(1, round(length * by)) for length in canvas)
    fit = geometry.fit_of(spec)
    return msgspec.structs.replace(spec, width=width, height=height, aspect=None, dpr=1, fit=fit, blur=spec.blur * by)
