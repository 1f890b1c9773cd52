"""What a project lets strangers ask for: the settings of its delivery, applied to one parsed request."""

from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec

from atpix.caller import ProjectSettings
from atpix.delivery import signing
from atpix.errors import Fault, Forbidden, ValidationFailed
from atpix.imaging import grammar, parameters
from atpix.imaging.grammar import Handling, Parsed
from atpix.imaging.spec import MAX_SIDE_PX, Spec

_SIZES = frozenset({"w", "h", "dpr", "ar"})


class Snapped(NamedTuple):
    """The width in pixels that was asked for, and the rung of the ladder that is given."""

    asked: int
    given: int


class Admitted(NamedTuple):
    """`may_send_original` False: a rendition has to be made, however much the original is like it.

    `good_until_s`: after this Unix second the same request will be refused, so nobody should keep the answer longer.
    `ladder`: what comes out has to be as wide as one of these; see `ladders.land`.
    """

    spec: Spec
    handling: Handling
    may_send_original: bool = True
    snapped: Snapped | None = None
    good_until_s: int | None = None
    ladder: tuple[int, ...] = ()


def admit(
    settings: ProjectSettings,
    parsed: Parsed,
    signed_path: str,
    now_s: int,
    *,
    has_transformation: bool,
    by_owner: bool = False,
) -> Admitted:
    """`signed_path` is an address's `resource`. The signature is looked at first: without one nothing else is told.
    `by_owner`, with a key of the project that may read: needs no signature, and nothing is hidden from it.

    Raises SignatureRefused, Forbidden, ValidationFailed.
    """
    own = {name for name, _ in parsed.given}
    if settings.signed_urls and not by_owner:
        _verify(settings, parsed, signed_path, now_s)
    if settings.strict_delivery and parsed.faults:
        raise _refused(parsed)
    if parsed.handling.flow == "":
        raise ValidationFailed.at("flow", "must be a UUID.")
    if settings.presets_only:
        _require_no_other(own)
    if settings.hide_originals and not (has_transformation or by_owner):
        raise Forbidden("This project delivers no originals; ask for a rendition, like ?w=800.")
    spec = _expanded(settings, parsed)
    snapped = None
    # A preset is the project's own choice; its sizes need no ladder until somebody asks for others.
    ladder = settings.width_ladder if parsed.handling.preset is None or own & _SIZES else ()
    if ladder:
        spec, snapped = snap(spec, ladder)
    return Admitted(
        spec,
        parsed.handling,
        may_send_original=not settings.hide_originals,
        snapped=snapped,
        good_until_s=parsed.handling.expires if settings.signed_urls and not by_owner else None,
        ladder=ladder,
    )


def snap(spec: Spec, ladder: tuple[int, ...]) -> tuple[Spec, Snapped | None]:
    """A width becomes the next rung up, or the last; a height beside it follows. What needs the image's size to be
    known as a width is left for `ladders.land`.
    """
    asked = spec.width
    if asked is None:
        return spec, None
    rung = next((rung for rung in ladder if rung >= asked), ladder[-1])
    if rung == asked:
        return spec, None
    height = spec.height and min(MAX_SIDE_PX, max(1, round(spec.height * rung / asked)))
    return msgspec.structs.replace(spec, width=rung, height=height), Snapped(asked, rung)


def _verify(settings: ProjectSettings, parsed: Parsed, path: str, now_s: int) -> None:
    handling = parsed.handling
    if parsed.may_be_forged:
        raise signing.SignatureRefused("ambiguous")
    signing.verify(
        settings.url_keys,
        path,
        parsed.given,
        key_id=handling.key_id,
        signature=handling.signature,
        expires=handling.expires,
        now_s=now_s,
    )


def _refused(parsed: Parsed) -> ValidationFailed:
    faults = tuple(Fault(fault.parameter, fault.message) for fault in parsed.faults)
    return ValidationFailed(" ".join(fault.message for fault in faults), faults=faults)


def _require_no_other(own: AbstractSet[str]) -> None:
    """What delivery does not know changes no picture, and is let pass here as elsewhere."""
    others = sorted(name for name in own if name in parameters.BY_NAME and name not in parameters.OF_THE_REQUEST)
    if others:
        raise Forbidden(f"This project delivers presets only; leave {', '.join(others)} out.", parameters=others)


def _expanded(settings: ProjectSettings, parsed: Parsed) -> Spec:
    """An unknown preset is an error always: an image in a size that nobody meant would be found out too late."""
    name = parsed.handling.preset
    if name is None:
        return parsed.spec
    preset = settings.presets.get(name)
    if preset is None:
        raise ValidationFailed.at("preset", "this project has no preset of that name.")
    return grammar.parse(grammar.expand(grammar.pairs_of(preset.encode()), parsed.given)).spec
