"""What the service answers with. Fields that this version does not know are ignored, so an older client can
talk to a newer server; the same is why `source` and `scopes` are plain strings.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Model(Struct, frozen=True, rename="camel"):
    pass


class FocalPoint(Struct, frozen=True):
    """The point that crops keep in the frame: 0.0 to 1.0, origin top left, of the image as displayed."""

    x: float
    y: float


class Image(Model, frozen=True, kw_only=True):
    id: str
    project_id: str
    flow_id: str | None
    storage_url: str
    mime_type: str
    file_size: int
    width: int
    height: int
    source: str
    alias: str | None
    focal_point: FocalPoint | None
    meta: dict[str, Any]
    created_at: datetime
    updated_at: datetime

    filename: str | None = None
    sha256: str | None = None
    thumbhash: str | None = None
    dominant_color: str | None = None
    has_alpha: bool | None = None
    generation_id: str | None = None
    deleted_at: datetime | None = None
    flow_aliases: list[str] | None = None
    """Of a single image; lists leave it out."""
    location_found: bool | None = None
    """Of an upload: whether the picture tells where it was taken."""

    etag: str | None = None
    """For `if_match=`. Taken from the answer's header, so images of a list have none."""


class Assigned(Model, frozen=True, kw_only=True):
    image: Image
    displaced: str | None
    """Id of the image that held the alias before and lost it."""


class ReleasedName(Model, frozen=True, kw_only=True):
    alias: str
    flow_id: str | None
    """None: the project's."""


class Affected(Model, frozen=True, kw_only=True):
    count: int
    ids: list[str]
    """The newest 20."""


class LiveUrl(Model, frozen=True, kw_only=True):
    scope: str
    generation_id: str


class Consequences(Model, frozen=True, kw_only=True):
    """What deleting an image would break: names, public addresses, generations that made or used it, live URLs."""

    trash: bool
    released_names: list[ReleasedName]
    public_urls: list[str]
    bytes: str
    renditions: str
    made_by: Affected
    used_by: Affected
    live_urls: list[LiveUrl]
    live_url_count: int


class Page(Model, Generic[T], frozen=True, kw_only=True):
    data: list[T]
    total: int
    limit: int
    offset: int
    has_more: bool
    next_cursor: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


class Organization(Model, frozen=True, kw_only=True):
    id: str
    slug: str
    name: str | None = None
    created_at: datetime | None = None


class Project(Model, frozen=True, kw_only=True):
    id: str
    slug: str
    name: str | None = None
    organization: str | None = None
    settings: dict[str, Any] = {}
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Key(Model, frozen=True, kw_only=True):
    id: str
    prefix: str
    scopes: list[str]
    name: str | None = None
    kind: str | None = None
    project: str | None = None
    """`organization/project`; None for a master key, as `project_id`."""
    project_id: str | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    created_at: datetime | None = None
    revoked_at: datetime | None = None

    key: str | None = None
    """The secret itself. Only the answers of `create` and `rotate` hold it, once."""

    def __repr__(self) -> str:
        return f"Key(id={self.id!r}, prefix={self.prefix!r}, scopes={self.scopes!r})"
