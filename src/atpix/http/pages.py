"""A page of rows, and the part of a listing that was asked for. Apart from `paging`, since commands list without a
server and its libraries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a listing that was asked for. `after` is the last id of the page before."""

    limit: int
    offset: int
    after: str | None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    rows: Sequence[Row]
    total: int
    has_more: bool
