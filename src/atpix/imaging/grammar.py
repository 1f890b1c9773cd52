"""What a URL asks of a picture (contract 5): from pairs of text to a `Spec`, and back to one spelling of it.

- Names are compared in lower case; `parameters.TABLE` holds them, their synonyms and their bounds.
- Of a parameter that is given twice, the last one counts, under whichever of its names it came.
- A value out of bounds is clamped, what cannot be read or is not known is ignored, and each of it is a `Fault`.
- The first 64 parameters count; what follows is not read.
- `fp=` wins over `fp-x=`, `fp-y=`, and these over `crop=`. A width and a height win over `ar=`.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from atpix.imaging import geometry, parameters
from atpix.imaging.spec import Flip, Output, Rotation, Spec
from atpix.imaging.values import FocalPoint

Pairs = Sequence[tuple[str, str]]

MAX_PARAMETERS = 64
MAX_QUERY_BYTES = 8192
_SHOWN_CHARACTERS = 40
_TOLD = frozenset((Output.JSON, Output.THUMBHASH, Output.BLURHASH))
_SIGNING = frozenset(("exp", "kid", "sig"))
_TREATED = {"exp": "It counts as long past.", "flow": "It is refused."}
_MIRRORED: dict[Flip, Flip] = {"h": "v", "v": "h"}


class Fault(msgspec.Struct, frozen=True):
    """Something that delivery lets pass and strict mode refuses; `message` says what to write instead, `treatment`
    what becomes of it where it is let pass.
    """

    parameter: str
    message: str
    treatment: str = ""

    @property
    def explained(self) -> str:
        return f"{self.message} {self.treatment}".rstrip()


class Handling(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change pixels. `flow`: whose names come first; empty where it could not be read. `download` True:
    under the image's own name. `expires` in Unix seconds; 0, which is long past, where it could not be read.
    """

    flow: str | None = None
    download: str | bool | None = None
    preset: str | None = None
    debug: bool = False
    expires: int | None = None
    key_id: str | None = None
    signature: str | None = None


class Parsed(msgspec.Struct, frozen=True):
    """`given` is what a signature covers: see `given_of`. `spec` is `normal`. `transforms`: something was asked of the
    picture, be it only `format=auto` or a preset, so that it is not the original's bytes that are meant.
    `may_be_forged`: a signature would not cover all that was written, or more than one could be meant.
    """

    spec: Spec
    handling: Handling
    given: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    transforms: bool = False
    may_be_forged: bool = False


def pairs_of(query: bytes) -> list[tuple[str, str]]:
    """A raw query string, decoded: `+` is a space, broken UTF-8 becomes U+FFFD, a name without `=` has an empty value.

    What lies beyond 8 KiB, and the parameter cut by that bound, is not read.
    """
    if len(query) > MAX_QUERY_BYTES:
        query = query[: MAX_QUERY_BYTES + 1].rpartition(b"&")[0]
    pieces = [piece.partition(b"=") for piece in query.split(b"&") if piece]
    return [(_decoded(name), _decoded(value)) for name, _, value in pieces[: MAX_PARAMETERS + 1]]


def path_options(segment: str) -> list[tuple[str, str]]:
    """`w=800,fp=0.3,0.4`, decoded, as pairs: a part without `=` belongs to the value before it."""
    pairs: list[tuple[str, str]] = []
    for part in segment.split(","):
        name, equals, value = part.partition("=")
        if equals or not pairs:
            pairs.append((name, value))
        else:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]},{part}")
        if len(pairs) > MAX_PARAMETERS:
            break
    return pairs


def parse(pairs: Pairs, *, is_cut: bool = False) -> Parsed:
    """Pairs of decoded text, in the order of the URL: options of the path first, then those of the query. `is_cut`:
    there was more of it than is read.
    """
    faults: list[Fault] = []
    named = _named(pairs, faults)
    if is_cut:
        faults.append(Fault("", f"At most {MAX_QUERY_BYTES} bytes of query are read."))
    signing = [name for written, _ in pairs if (name := canonical_name(written)) in _SIGNING]
    may_be_forged = is_cut or len(pairs) > MAX_PARAMETERS or len(signing) > len(set(signing))
    read: dict[str, Any] = {}
    for name, value in named.items():
        _read(name, value, read, faults)
    transforms = any(field not in Handling.__struct_fields__ or field == "preset" for field in read)
    focus = _focus(read, faults)
    if read.get("output") == "auto":
        del read["output"]
    if {"width", "height", "aspect"} <= read.keys():
        faults.append(Fault("ar", "ar is not needed beside w and h: leave one of the three out."))
    handling = Handling(**{field: read.pop(field) for field in Handling.__struct_fields__ if field in read})
    spec = normal(Spec(**read, focus=focus))
    return Parsed(spec, handling, _given(named), tuple(faults), transforms, may_be_forged)


def given_of(pairs: Pairs) -> tuple[tuple[str, str], ...]:
    """The pairs that a signature covers. Whoever signs or checks elsewhere does these four steps:

    1. Take the first 64 pairs, percent-decoded (and `+` in a query as a space), those of the path before those of the
       query.
    2. Put each name into lower case and replace a synonym by the canonical name (`parameters.TABLE`). An unknown name
       stays.
    3. Of equal names keep the last. Drop `sig`.
    4. Sort by name, by code points. Values stay as they are: no clamping, no rounding, no defaults.
    """
    return _given(_named(pairs, []))


def expand(preset: Pairs, own: Pairs) -> list[tuple[str, str]]:
    """A preset's pairs and the URL's own, which win, also where they say the same by other names. A preset cannot
    name a preset, nor what is the request's: download, expiry, signature.
    """
    mine = {_subject(name) for name, _ in own}
    theirs = (
        (name, value)
        for name, value in preset
        if _subject(name) not in mine and canonical_name(name) not in parameters.OF_THE_REQUEST
    )
    return [*theirs, *own]


def canonical(spec: Spec) -> str:
    """One spelling for one picture: `a=b&c=d`, sorted, without defaults. `parse(pairs_of(…))` of it is the same."""
    one = normal(spec)
    texts = {
        row.name: _text(value)
        for row in parameters.TABLE
        if (value := getattr(one, row.field, None)) != getattr(_NOTHING, row.field, None)
    }
    return "&".join(f"{name}={texts[name]}" for name in sorted(texts))


def normal(spec: Spec) -> Spec:
    """Of all specs that ask for the same picture, one. `dpr` and `aspect` are multiplied into the sides, a flip and a
    turn are written in one of their ways, and what has no effect beside the rest is its default.
    """
    rotate, flip = _lying(spec.rotate, spec.flip)
    width, height = (side and max(1, round(side)) for side in geometry.box_of(spec))
    aspect = spec.aspect if width is None and height is None else None
    boxed = aspect is not None or (width is not None and height is not None)
    fit = geometry.fit_of(spec) if boxed else "cover"
    if aspect is not None and fit == "inside":
        aspect, fit = None, "cover"  # the whole picture has the ratio it has
    if fit == "pad" and (aspect is not None or spec.enlarge):
        fit = "contain"  # these differ only where a source is smaller than the box
    told = spec.output in _TOLD
    return msgspec.structs.replace(
        spec,
        width=width,
        height=height,
        aspect=aspect,
        dpr=1.0,
        fit=None if fit == "cover" else fit,
        focus=spec.focus if (boxed and geometry.fit_of(spec) == "cover") or spec.output is Output.JSON else None,
        quality=None if told else spec.quality,
        max_bytes=None if told else spec.max_bytes,
        rotate=rotate,
        flip=flip,
        animate=spec.animate or spec.page is not None,
        enlarge=spec.enlarge and (width is not None or height is not None),
    )


def canonical_name(name: str) -> str:
    """Lower case, without synonyms; an unknown name stays."""
    row = parameters.BY_NAME.get(name.lower())
    return row.name if row else name.lower()


_NOTHING = Spec()


def _named(pairs: Pairs, faults: list[Fault]) -> dict[str, str]:
    """Canonical names and the values that count."""
    if len(pairs) > MAX_PARAMETERS:
        faults.append(Fault("", f"At most {MAX_PARAMETERS} parameters are read."))
    named: dict[str, str] = {}
    for written, value in pairs[:MAX_PARAMETERS]:
        name = canonical_name(written)
        if name in named:
            faults.append(Fault(_shown(name), f"{_shown(name)} is given more than once: give it once."))
        named[name] = value
    return named


def _given(named: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, named[name]) for name in sorted(named) if name != "sig")


def _read(name: str, value: str, read: dict[str, Any], faults: list[Fault]) -> None:
    """Put what `value` means under its field, if it means something."""
    row = parameters.BY_NAME.get(name)
    if row is None:
        faults.append(Fault(_shown(name), f"{_shown(name)} is not a parameter of delivery: leave it out."))
        return
    if not value and name not in parameters.BARE:
        faults.append(Fault(name, f"{name} is empty: give it a value or leave it out."))
        return
    meaning, must = row.read(value)
    if meaning is not None:
        read[row.field] = meaning
    if must:
        treatment = "It was ignored." if meaning is None else _TREATED.get(name, "It was adjusted.")
        faults.append(Fault(name, f"{name} {must}; it is {_shown(value)!r}.", treatment))


def _focus(read: dict[str, Any], faults: list[Fault]) -> Any:  # noqa: ANN401 - the type of Spec.focus
    """Four parameters become one value; what is not said of a point's two numbers is the middle."""
    focus, x, y, kind = (read.pop(field, None) for field in ("focus", "focus_x", "focus_y", "focus_kind"))
    if (x is None) != (y is None):
        faults.append(Fault("fp-y" if y is None else "fp-x", "fp-x and fp-y go together: give both."))
    if focus is None and (x is not None or y is not None):
        return FocalPoint(0.5 if x is None else x, 0.5 if y is None else y)
    return focus or ("auto" if kind == "auto" else None)


def _subject(name: str) -> str:
    """What a parameter is about; the four of the focal point are about one thing."""
    row = parameters.BY_NAME.get(name.lower())
    return row.field.partition("_")[0] if row and row.field.startswith("focus") else canonical_name(name)


def _lying(rotate: Rotation, flip: Flip | None) -> tuple[Rotation, Flip | None]:
    """Sixteen spellings, eight pictures: a turn by 180° is both flips at once."""
    if flip == "hv":
        rotate, flip = _opposite(rotate), None
    if flip is not None and rotate >= 180:
        rotate, flip = _opposite(rotate), _MIRRORED[flip]
    return rotate, flip


def _opposite(rotate: Rotation) -> Rotation:
    turned: dict[Rotation, Rotation] = {0: 180, 90: 270, 180: 0, 270: 90}
    return turned[rotate]


def _text(value: Any) -> str:  # noqa: ANN401 - any field of Spec
    match value:
        case bool():
            return "1" if value else "0"
        case int() | float():
            return f"{value + 0.0:.6f}".rstrip("0").rstrip(".")
        case FocalPoint():
            return f"{_text(value.x)},{_text(value.y)}"
        case _:
            return str(value)


def _decoded(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", "replace")


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
