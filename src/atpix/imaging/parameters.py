"""The parameters of delivery as one table: a row is a parameter, what else it may be called, and how it is read."""

from typing import NamedTuple

from atpix.imaging import readers
from atpix.imaging.readers import Reader
from atpix.imaging.spec import Output


class Parameter(NamedTuple):
    """`field` is one of `Spec` or of `Handling`. The four that are about the focal point end up in one, `focus`."""

    name: str
    field: str
    read: Reader
    synonyms: tuple[str, ...] = ()


_FITS = {
    "cover": "cover",
    "contain": "contain",
    "inside": "inside",
    "fill": "fill",
    "pad": "pad",
    # Cloudflare and imgix
    "crop": "cover",
    "scale-down": "inside",
    "clip": "inside",
    "max": "inside",
    "scale": "fill",
    "squeeze": "fill",
    "fillmax": "pad",
    # Cloudinary, but for its `fill`, which is `cover`: the word is taken
    "fit": "inside",
    "limit": "inside",
    "lpad": "pad",
}
_OUTPUTS = {"auto": "auto", **{output.value: output for output in Output}, "jpg": Output.JPEG, "pjpg": Output.JPEG}
_FLIPS = {"h": "h", "v": "v", "hv": "hv", "vh": "hv", "both": "hv"}
_CROPS = {
    "focalpoint": "focalpoint",
    "focal-point": "focalpoint",
    "smart": "auto",
    "attention": "auto",
    "entropy": "auto",
    "auto": "auto",
}

TABLE = (
    Parameter("w", "width", readers.side, ("width",)),
    Parameter("h", "height", readers.side, ("height",)),
    Parameter("fit", "fit", readers.choice(_FITS)),
    Parameter("ar", "aspect", readers.ratio, ("aspect", "aspect-ratio", "aspectratio")),
    Parameter("dpr", "dpr", readers.number(0.1, 5, decimals=3)),
    Parameter("fp", "focus", readers.either("auto", readers.point), ("gravity", "g", "focal", "focalpoint")),
    Parameter("fp-x", "focus_x", readers.number(0, 1, decimals=4), ("fp_x",)),
    Parameter("fp-y", "focus_y", readers.number(0, 1, decimals=4), ("fp_y",)),
    Parameter("crop", "focus_kind", readers.choice(_CROPS)),
    Parameter("format", "output", readers.choice(_OUTPUTS), ("f", "fm", "output")),
    Parameter("q", "quality", readers.either("auto", readers.whole(1, 100)), ("quality",)),
    Parameter("max_bytes", "max_bytes", readers.size, ("max-bytes", "maxbytes")),
    Parameter("bg", "background", readers.colour, ("background",)),
    Parameter("rot", "rotate", readers.quarter_turn, ("rotate", "rotation")),
    Parameter("flip", "flip", readers.choice(_FLIPS)),
    Parameter("blur", "blur", readers.number(0, 100)),
    Parameter("sharpen", "sharpen", readers.number(0, 10)),
    Parameter("page", "page", readers.whole(1, 100_000)),
    Parameter("anim", "animate", readers.switch, ("animate", "animated")),
    Parameter("up", "enlarge", readers.switch, ("enlarge", "upscale")),
    Parameter("preset", "preset", readers.word, ("p",)),
    Parameter("flow", "flow", readers.identifier, ("flowid", "flow_id", "flow-id")),
    Parameter("dl", "download", readers.download, ("download",)),
    Parameter("fp_debug", "debug", readers.switch, ("fp-debug",)),
    Parameter("exp", "expires", readers.moment, ("expires",)),
    Parameter("kid", "key_id", readers.word),
    Parameter("sig", "signature", readers.word, ("signature",)),
)

BARE = frozenset(("anim", "up", "dl", "fp_debug", "exp", "flow"))
"""An empty value means something to these: yes; of `exp` and `flow`, that it cannot be read. To others it is none."""

OF_THE_REQUEST = frozenset(("preset", "flow", "dl", "fp_debug", "exp", "kid", "sig"))
"""These change no pixel; a preset cannot hold them."""

BY_NAME = {name: row for row in TABLE for name in (row.name, *row.synonyms)}
