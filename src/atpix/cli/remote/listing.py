"""What all lists are: how much of one is shown, in which form, and a word on what is not."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, TypeVar

import msgspec
from cyclopts import Parameter, validators

from atpix.cli.outcome import Misused
from atpix.cli.remote.presenting import as_json, print_json, print_rows, say

T = TypeVar("T", bound=msgspec.Struct)

_USUAL = 20
_PAGE = 100


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Extent:
    limit: Annotated[
        int | None, Parameter(validator=validators.Number(gte=1), help=f"So many at most; else {_USUAL}.")
    ] = None
    everything: Annotated[bool, Parameter(name="--all", negative="", help="All; JSON one a line.")] = False

    def most(self) -> int | None:
        """None: all there are. Raises Misused."""
        if self.everything and self.limit is not None:
            raise Misused("Give either --limit or --all.")
        return None if self.everything else self.limit or _USUAL


def print_list(
    extent: Extent | None,
    walk: Callable[[int], Iterator[T]],
    headings: Sequence[str],
    row: Callable[[T], Sequence[str]],
    *,
    json: bool,
) -> None:
    """`walk` begins one, by pages of that size: of no more than it takes to know whether there are more.

    Raises Misused, and the client's errors.
    """
    most = (extent or Extent()).most()
    things = walk(_PAGE if most is None else min(most + 1, _PAGE))
    shown = islice(things, most)
    if not json:
        print_rows(headings, map(row, shown))
        if sys.stdout.isatty() and next(things, None):
            say("There are more: --limit N or --all shows them.")
    elif most is None:
        for thing in shown:
            print_json(as_json(thing))
    else:
        print_json([as_json(thing) for thing in shown])
