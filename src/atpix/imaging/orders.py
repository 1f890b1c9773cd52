"""What a render child is asked for, and what it answers."""

from enum import StrEnum

import msgspec

from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec
from atpix.imaging.values import FocalPoint, Limits


class Original(StrEnum):
    """Whether the original may be the answer, without what it tells about its maker: where the picture is all of it as
    it is, and would come out no smaller.

    `ALWAYS`: it is what is wanted. It was found to be the better answer, and nothing is decoded.
    """

    NEVER = "never"
    OF_SAME_TYPE = "of-same-type"
    OF_ANY_TYPE = "of-any-type"
    ALWAYS = "always"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """`spec.output` is decided here. `focus` is the image's stored focal point, used where `spec.focus` is None.

    `same` identifies the source's bytes (the image's id): a child may keep its pixels for a moment and use them again.
    `keep_metadata` names what may stay in the file: "copyright", "icc".
    """

    source: str
    media_type: MediaType
    target: str
    spec: Spec
    output: Output
    focus: FocalPoint | None = None
    same: str = ""
    limits: Limits = Limits()
    max_output_pixels: int = 50_000_000
    keep_metadata: tuple[str, ...] = ()
    show_focus: bool = False
    original: Original = Original.OF_SAME_TYPE


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """The file at `target`. `original_is_better`: nothing was written. Where the original was wanted, it may go out as
    it was uploaded; else it is smaller and looks the same, and is to be ordered. `size` is then what it has by itself.

    `focus` is the point the crop followed, `steps_ms` how long each named step took.
    """

    media_type: str
    width: int
    height: int
    size: int
    focus: FocalPoint | None = None
    quality: int | None = None
    original_is_better: bool = False
    steps_ms: dict[str, float] = {}
