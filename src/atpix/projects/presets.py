"""A project's presets: parameters of delivery under a name of its own choice."""

import re
from collections.abc import Mapping

from atpix.errors import ValidationFailed

_MOST = 200
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def merged(present: Mapping[str, str], patch: Mapping[str, str | None]) -> dict[str, str]:
    """Raises ValidationFailed."""
    after = dict(present)
    for name, text in patch.items():
        if text is None:
            after.pop(name, None)
            continue
        if not _NAME.fullmatch(name):
            raise ValidationFailed.at("settings.presets", "a preset's name is 1 to 64 letters, digits, _ or -.")
        after[name] = text
    if len(after) > _MOST:
        raise ValidationFailed.at("settings.presets", f"a project has {_MOST} presets at most; remove one.")
    return after
