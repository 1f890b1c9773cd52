"""What the shelf tells."""

import sqlite3
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from atpix.errors import AtpixError
from atpix.ids import BlobKey, ProjectId
from atpix.imaging.orders import Rendered
from atpix.imaging.values import FocalPoint

FAULTS = (sqlite3.Error, OSError, AtpixError)
"""What may go wrong with an index or a store."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a render has told. A cache that was found again after its index was lost knows less, hence the Nones."""

    media_type: str
    width: int | None = None
    height: int | None = None
    focus: FocalPoint | None = None
    quality: int | None = None

    @classmethod
    def of(cls, rendered: Rendered) -> Self:
        return cls(
            media_type=rendered.media_type,
            width=rendered.width,
            height=rendered.height,
            focus=rendered.focus,
            quality=rendered.quality,
        )


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A rendition that is there, whole. `path` is None in a bucket.

    `is_original`: nothing is stored, because the original is the best answer; `size` is 0 then.
    """

    path: Path | None
    blob_key: BlobKey
    size: int
    etag: str
    facts: Facts
    is_original: bool = False

    @property
    def media_type(self) -> str:
        return self.facts.media_type

    @property
    def width(self) -> int | None:
        return self.facts.width

    @property
    def height(self) -> int | None:
        return self.facts.height


class ProjectStats(NamedTuple):
    project: ProjectId
    n: int
    size_bytes: int


class Stats(NamedTuple):
    """Of this machine: what its disk holds, or what it remembers of a bucket (`budget_bytes` is None there).

    `oldest_use_ms`: when the one that would be evicted next was last asked for, Unix milliseconds.
    """

    n: int
    size_bytes: int
    budget_bytes: int | None
    oldest_use_ms: int | None
    projects: tuple[ProjectStats, ...]


class Disagreement(NamedTuple):
    """Between the index and the folder: files that nobody counts, rows whose file is gone."""

    uncounted: int
    vanished: int


class Unwanted(Exception):
    """The image went, or its focal point moved, while its rendition was made. Nothing is kept of it."""


class BudgetSpent(Exception):
    """No more new renditions: of this image (`retry_after_s` is None), or of this project within the minute."""

    def __init__(self, retry_after_s: int | None) -> None:
        super().__init__("The budget of new renditions is spent.")
        self.retry_after_s = retry_after_s
