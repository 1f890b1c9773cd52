"""The header `Prefer` (RFC 7240), as far as we honour it: how long an answer may wait for its result."""

from collections.abc import Iterator
from typing import Annotated, NamedTuple

from litestar.params import HeaderParameter

from atpix.errors import ValidationFailed

USUAL_WAIT_S, MOST_WAIT_S = 60, 120

Prefer = Annotated[
    str | None,
    HeaderParameter(
        name="Prefer",
        description=f"`wait=n`: wait n seconds for the result, 0 to {MOST_WAIT_S}; {USUAL_WAIT_S} where nothing is"
        " said. `respond-async` alone is `wait=0`.",
    ),
]

_MOST_CHARS = 1_000


class Preference(NamedTuple):
    """`applied` is the header `Preference-Applied`, empty when nothing was preferred."""

    wait_s: int
    applied: dict[str, str]


def wait_of(prefer: str | None) -> Preference:
    """The first `wait` counts; preferences that we do not know are ignored. Raises ValidationFailed."""
    if prefer is None:
        return Preference(USUAL_WAIT_S, {})
    said: dict[str, str] = {}
    for name, value in _preferences(prefer):
        said.setdefault(name, value)
    if "wait" in said:
        return Preference(_seconds(said["wait"]), {"Preference-Applied": f"wait={int(said['wait'])}"})
    if "respond-async" in said:
        return Preference(0, {"Preference-Applied": "respond-async"})
    return Preference(USUAL_WAIT_S, {})


def _preferences(prefer: str) -> Iterator[tuple[str, str]]:
    """In linear time, since the header is a stranger's. A comma inside quotation marks ends a preference all the same:
    none of those that we know has one.
    """
    if len(prefer) > _MOST_CHARS:
        raise ValidationFailed.at("Prefer", f"The header may have {_MOST_CHARS:,} characters.")
    for one in prefer.split(","):
        name, _, value = one.partition(";")[0].partition("=")
        yield name.strip().lower(), value.strip().strip('"').strip()


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) <= MOST_WAIT_S):
        raise ValidationFailed.at("Prefer", f"wait must be a whole number of seconds, 0 to {MOST_WAIT_S}.")
    return int(text)
