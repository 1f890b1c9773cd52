"""A ladder of widths, where the image's size is known: what comes out is as wide as a rung, whatever was asked for."""

import msgspec

from atpix.imaging import geometry, grammar
from atpix.imaging.geometry import Size
from atpix.imaging.spec import Spec


def land(source: Size, spec: Spec, ladder: tuple[int, ...], max_output_pixels: int) -> Spec:
    """`spec` is `grammar.normal`. A width between rungs goes down to the next, or up to the first; the height follows.
    The source's own width is a rung, too, where it is below the last. An empty ladder leaves everything as it is.
    """
    if not ladder:
        return spec
    own = (source[1], source[0]) if spec.rotate in (90, 270) else source
    width, height = geometry.of(source, spec, None, max_output_pixels).canvas
    rungs = _within_reach(own, spec, ladder)
    rung = width if width in rungs else max((rung for rung in rungs if rung <= width), default=min(rungs))
    highest = _highest(own, spec, ladder)
    if rung == width and height <= highest:
        return spec
    boxed = spec.aspect is not None or (spec.width is not None and spec.height is not None)
    whole = not boxed or geometry.fit_of(spec) == "inside"
    return grammar.normal(
        msgspec.structs.replace(
            spec,
            width=rung,
            height=None if whole else min(max(1, round(height * rung / width)), highest),
            aspect=None,
            fit=None if whole else spec.fit,
        )
    )


def _within_reach(own: Size, spec: Spec, ladder: tuple[int, ...]) -> list[int]:
    """A canvas around the picture, and what is enlarged, may be wider than the source; nothing else is."""
    is_wider = spec.enlarge or spec.fit in {"pad", "contain"}
    rungs = [rung for rung in ladder if is_wider or rung <= own[0]]
    return [*rungs, own[0]] if own[0] < ladder[-1] else rungs


def _highest(own: Size, spec: Spec, ladder: tuple[int, ...]) -> int:
    """As high as the source, or as it would be on the last rung: a canvas, and what is enlarged, has no other bound."""
    if spec.enlarge or spec.fit in {"pad", "contain"}:
        return round(ladder[-1] * max(1.0, own[1] / own[0]))
    return own[1]
