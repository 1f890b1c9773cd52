"""A project's presets: parameters of delivery under a name of its own choice."""

import re
from collections.abc import Mapping

from atpix.errors import Fault, ValidationFailed
from atpix.imaging import grammar, parameters

_MOST = 200
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def merged(present: Mapping[str, str], patch: Mapping[str, str | None]) -> dict[str, str]:
    """Raises ValidationFailed, naming each fault of each preset."""
    after = dict(present)
    faults: list[Fault] = []
    for name, text in patch.items():
        if text is None:
            after.pop(name, None)
            continue
        if not _NAME.fullmatch(name):
            raise ValidationFailed.at("settings.presets", "a preset's name is 1 to 64 letters, digits, _ or -.")
        faults += [Fault(f"settings.presets.{name}", message) for message in _faults(text)]
        after[name] = text
    if len(after) > _MOST:
        faults.append(Fault("settings.presets", f"a project has {_MOST} presets at most; remove one."))
    if faults:
        raise ValidationFailed("; ".join(f"{place}: {message}" for place, message in faults), faults=tuple(faults))
    return after


def _faults(text: str) -> list[str]:
    """Strict, in every project: a preset is written once and read often."""
    pairs = grammar.pairs_of(text.encode())
    parsed = grammar.parse(pairs)
    not_its_own = sorted({grammar.canonical_name(name) for name, _ in pairs} & parameters.OF_THE_REQUEST)
    return [
        *(fault.message for fault in parsed.faults),
        *(f"{name} belongs to a request, not to a preset: leave it out." for name in not_its_own),
    ]
