"""Scopes on the wire: contract, section 8."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from atpix.caller import Caller
from atpix.errors import ValidationFailed
from atpix.http.wire import Wire, iso, iso_or_none
from atpix.ids import ImageId, Slug, parse_slug, parse_uuid
from atpix.images import meta
from atpix.live.actions import Change, Deleted, Regenerated
from atpix.live.errors import ScopeInvalidFormat
from atpix.live.rows import Scope

MOST_GENERATIONS = 100_000
Limit = Annotated[int, Meta(ge=0, le=MOST_GENERATIONS, description="How many pictures its URLs may have.")]
Json = Annotated[msgspec.Raw, Meta(description="The user's own JSON.", extra_json_schema={"type": "object"})]
SlugText = Annotated[str, Meta(description="Part of its URLs; it never changes.")]


class ScopeIn(Wire, frozen=True):
    """`allowNewGenerations` false: what exists is served, and nothing new is made."""

    slug: SlugText
    allow_new_generations: bool = True
    new_generations_limit: Limit = 30
    meta: dict[str, object] = msgspec.field(default_factory=dict)

    def checked_meta(self) -> str:
        """Raises ValidationFailed."""
        return meta.checked(self.meta)


class ScopePatch(Wire, frozen=True):
    """What is absent stays; `meta` is replaced whole."""

    allow_new_generations: bool | UnsetType = UNSET
    new_generations_limit: Limit | UnsetType = UNSET
    meta: dict[str, object] | UnsetType = UNSET

    def change(self) -> Change:
        """Raises ValidationFailed."""
        return Change(
            allow_new_generations=self.allow_new_generations,
            new_generations_limit=self.new_generations_limit,
            meta=UNSET if self.meta is UNSET else meta.checked(self.meta),
        )


class ScopeOut(Wire, frozen=True):
    id: str
    project_id: str
    slug: SlugText
    url: Annotated[str, Meta(description="What its live URLs begin with: `?prompt=` follows.")]
    allow_new_generations: bool
    new_generations_limit: Annotated[int, Meta(description="How many pictures its URLs may have.")]
    current_generations: Annotated[int, Meta(description="How many URLs have a picture or are getting one.")]
    last_generated_at: Annotated[str, Meta(description="When one was last begun.")] | None
    meta: Json
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, scope: Scope, who: Caller, cdn: str) -> "ScopeOut":
        return cls(
            id=scope.id,
            project_id=scope.project_id,
            slug=scope.slug,
            url=f"{cdn}/{who.organization_slug}/{who.project_slug}/live/{scope.slug}",
            allow_new_generations=scope.allow_new_generations,
            new_generations_limit=scope.new_generations_limit,
            current_generations=scope.current_generations,
            last_generated_at=iso_or_none(scope.last_generated_at),
            meta=msgspec.Raw(scope.meta.encode()),
            created_at=iso(scope.created_at),
            updated_at=iso(scope.updated_at),
        )


class DeletedScopeOut(Wire, frozen=True):
    """`imagesKept`: pictures that its URLs had made, which stay in the project. `cancelled`: those that were being
    made, and are not any more.
    """

    id: str
    slug: str
    images_kept: int
    cancelled: int

    @classmethod
    def of(cls, deleted: Deleted) -> "DeletedScopeOut":
        return cls(deleted.id, deleted.slug, deleted.images_kept, len(deleted.under_way))


class RegenerateIn(Wire, frozen=True):
    image_id: Annotated[str, Meta(description="Only this picture; else every one of the scope.")] | None = None

    def image(self) -> ImageId | None:
        """Raises ValidationFailed."""
        return None if self.image_id is None else ImageId(parse_uuid(self.image_id, "imageId"))


class StartedOut(Wire, frozen=True):
    """`imageId`: the picture that is served until the new one is there."""

    generation_id: str
    image_id: str


class SkippedOut(Wire, frozen=True):
    """A picture that cannot be made again, and stays: what went into it is deleted, or its provider is gone."""

    image_id: str
    code: str
    message: str


class RegeneratedOut(Wire, frozen=True):
    """`underWay`: pictures that were being made again already. `skipped`: those that cannot be."""

    scope: str
    started: list[StartedOut]
    under_way: int
    skipped: list[SkippedOut]

    @classmethod
    def of(cls, done: Regenerated) -> "RegeneratedOut":
        started = [StartedOut(one.generation, one.image) for one in done.started]
        skipped = [SkippedOut(one.image, one.why.code, one.why.message) for one in done.skipped]
        return cls(done.slug, started, done.under_way, skipped)


def slug_of(text: str) -> Slug:
    """Raises ScopeInvalidFormat."""
    try:
        return parse_slug(text, "slug")
    except ValidationFailed:
        raise ScopeInvalidFormat from None
