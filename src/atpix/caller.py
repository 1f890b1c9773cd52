"""Who is asking. Two types, because their rights do not overlap: a project's key and the master's key."""

from typing import Literal, get_args

import msgspec

from atpix.errors import Forbidden
from atpix.ids import KeyId, ProjectId, Slug

Scope = Literal["read", "write", "delete", "generate"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PrivateMetadata = Literal["keep", "strip", "reject"]
KeptMetadata = Literal["copyright", "icc"]


class UrlKey(msgspec.Struct, frozen=True, rename="camel"):
    """What URLs of delivery are signed with. The secret is kept as it is; answers and logs have `***` in its place."""

    secret: str

    def __repr__(self) -> str:
        return "UrlKey(secret='***')"


class ProjectSettings(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What a project may choose for itself. `None` means the server's own limit."""

    allowed_types: tuple[str, ...] = ("image/png", "image/jpeg", "image/webp")
    max_file_bytes: int | None = None
    private_metadata: PrivateMetadata = "keep"
    rasterise_svg: bool = False
    trash_retention_days: int = 30
    strict_delivery: bool = False
    # By name, parameters as in a query: `w=800&h=450`.
    presets: dict[str, str] = {}
    presets_only: bool = False
    # Ascending.
    width_ladder: tuple[int, ...] = ()
    hide_originals: bool = False
    signed_urls: bool = False
    # By `kid`.
    url_keys: dict[str, UrlKey] = {}
    new_renditions_per_image: int | None = None
    new_renditions_per_minute: int | None = None
    delivery_debug: bool = False
    keep_metadata: tuple[KeptMetadata, ...] = ()
    provider: str | None = None
    model: str | None = None
    generations_at_once: int | None = None
    generations_per_minute: int | None = None
    # Of a calendar month, UTC, by estimate.
    generation_budget_usd: float | None = None
    live_signed: bool = False
    live_wait: bool = True
    live_new_per_ip_per_hour: int = 10


class Caller(msgspec.Struct, frozen=True):
    """A project's key at work: everything it touches is inside `project`."""

    key: KeyId
    project: ProjectId
    organization_slug: Slug
    project_slug: Slug
    scopes: frozenset[Scope]
    settings: ProjectSettings = ProjectSettings()

    def require(self, scope: Scope) -> None:
        if scope not in self.scopes:
            raise Forbidden(f"This key lacks the scope {scope!r}; use a key that has it.", scope=scope)


class Administrator(msgspec.Struct, frozen=True):
    """The master key at work: organizations, projects and keys, and no project's data."""

    key: KeyId
