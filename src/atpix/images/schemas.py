"""Images on the wire: contract, section 2. Nothing here but names, types and their translation."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from atpix.caller import Caller
from atpix.errors import ValidationFailed
from atpix.http.wire import Wire, iso
from atpix.ids import Alias, FlowId, ImageId, parse_uuid
from atpix.images import meta
from atpix.images.actions import Change
from atpix.images.aliases import Move
from atpix.images.consequences import Affected, Consequences
from atpix.images.rows import Image
from atpix.imaging.values import FocalPoint

Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Json = Annotated[msgspec.Raw, Meta(description="The user's own JSON.", extra_json_schema={"type": "object"})]
Hex = Annotated[str, Meta(description="Of the stored bytes.", extra_json_schema={"pattern": "^[0-9a-f]{64}$"})]


class FocalPointIn(Wire, frozen=True):
    """Fractions of width and height, origin top left, in the displayed orientation."""

    x: Fraction
    y: Fraction

    def value(self) -> FocalPoint:
        return FocalPoint(self.x, self.y)


class ImageOut(Wire, frozen=True):
    """An image. `flowAliases` comes with a single one, `deletedAt` with a trashed one."""

    id: str
    project_id: str
    flow_id: str | None
    storage_url: Annotated[str, Meta(description="The permanent public address.", extra_json_schema={"format": "uri"})]
    mime_type: Annotated[str, Meta(description="Found in the bytes.")]
    file_size: Annotated[int, Meta(description="In bytes.")]
    width: Annotated[int, Meta(description="In pixels, as displayed.")]
    height: Annotated[int, Meta(description="In pixels, as displayed.")]
    source: Literal["uploaded", "generated"]
    alias: str | None
    focal_point: FocalPoint | None
    meta: Json
    created_at: str
    updated_at: str
    filename: str | None
    sha256: Hex
    thumbhash: Annotated[str, Meta(description="A preview in a few bytes, base64: evanw.github.io/thumbhash.")]
    dominant_color: Annotated[str, Meta(description="#rrggbb.")]
    has_alpha: bool
    generation_id: str | None
    deleted_at: str | UnsetType = UNSET
    flow_aliases: list[str] | UnsetType = UNSET
    location_found: Annotated[bool, Meta(description="Upload only: the file said where it was taken.")] | UnsetType = (
        UNSET
    )
    displaced: Annotated[str, Meta(description="Alias only: the image that lost the name.")] | UnsetType | None = UNSET

    @classmethod
    def of(cls, image: Image, who: Caller, cdn: str, **more: Any) -> "ImageOut":  # noqa: ANN401  the optional fields
        created = iso(image.created_at)
        return cls(
            id=image.id,
            project_id=image.project_id,
            flow_id=image.flow_id,
            storage_url=f"{cdn}/{who.organization_slug}/{who.project_slug}/img/{image.id}",
            mime_type=image.media_type,
            file_size=image.file_size,
            width=image.width,
            height=image.height,
            source=image.source,
            alias=image.alias,
            focal_point=image.focal_point,
            meta=msgspec.Raw(image.meta.encode()),
            created_at=created,
            updated_at=created if image.updated_at == image.created_at else iso(image.updated_at),
            filename=image.filename,
            sha256=image.sha256,
            thumbhash=image.thumbhash,
            dominant_color=image.dominant_color,
            has_alpha=image.has_alpha,
            generation_id=image.generation_id,
            deleted_at=UNSET if image.deleted_at is None else iso(image.deleted_at),
            **more,
        )

    @classmethod
    def in_full(cls, image: Image, who: Caller, cdn: str, **more: Any) -> "ImageOut":  # noqa: ANN401  as above
        """A single image: with what flows call it."""
        return cls.of(image, who, cdn, flow_aliases=image.flow_aliases, **more)


class UpdateIn(Wire, frozen=True):
    """What is absent stays."""

    focal_point: FocalPointIn | UnsetType | None = UNSET
    meta: dict[str, object] | UnsetType | None = UNSET
    alias: object = UNSET

    def change(self, *, patch: bool) -> Change:
        """Raises ValidationFailed. `patch`: `meta` is a merge patch, in which null empties it."""
        if self.alias is not UNSET:
            raise ValidationFailed.at("alias", "is set at PUT /api/v1/images/{ref}/alias, not here.")
        if self.meta is None and not patch:
            raise ValidationFailed.at("meta", "must be a JSON object; {} empties it.")
        point = self.focal_point.value() if isinstance(self.focal_point, FocalPointIn) else self.focal_point
        if isinstance(self.meta, dict) and patch:
            return Change(focal_point=point, meta_patch=self.meta)
        if isinstance(self.meta, dict):
            return Change(focal_point=point, meta=meta.checked(self.meta))
        return Change(focal_point=point, meta="{}" if self.meta is None else UNSET)


class AliasIn(Wire, frozen=True):
    """`alias: null` removes. `expectImageId`: who must hold the name now; null for nobody."""

    alias: str | None
    expect_image_id: str | UnsetType | None = UNSET
    on_conflict: Literal["replace", "fail"] = "replace"
    note: Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")] | None = None

    def move(self, to: ImageId) -> Move:
        """Raises AliasFormatCheck, ReservedAlias, ValidationFailed."""
        assert self.alias is not None
        return Move(
            alias=Alias.parse(self.alias), to=to, expect=self.expected(), on_conflict=self.on_conflict, note=self.note
        )

    def expected(self) -> ImageId | UnsetType | None:
        """Raises ValidationFailed."""
        said = self.expect_image_id
        return ImageId(parse_uuid(said, "expectImageId")) if isinstance(said, str) else said


class NameOut(Wire, frozen=True):
    """`flowId` null: the project's."""

    alias: str
    flow_id: str | None


class AffectedOut(Wire, frozen=True):
    count: int
    ids: Annotated[list[str], Meta(description="The newest 20.")]

    @classmethod
    def of(cls, affected: Affected) -> "AffectedOut":
        return cls(affected.n, list(affected.ids))


class LiveUrlOut(Wire, frozen=True):
    scope: str
    generation_id: str


class ConsequencesOut(Wire, frozen=True):
    """`madeBy`: generations whose output it is; `usedBy`: those that it went into. With `trash` they keep it until the
    project's retention time is over. `bytes`: what happens to the file; renditions go in both cases.
    """

    trash: bool
    released_names: list[NameOut]
    public_urls: Annotated[list[str], Meta(description="They answer 404 from then on.")]
    bytes: Literal["deleted", "kept"]
    renditions: Literal["deleted"]
    made_by: AffectedOut
    used_by: AffectedOut
    live_urls: Annotated[list[LiveUrlOut], Meta(description="Live URLs that show it, the newest 20.")]
    live_url_count: int

    @classmethod
    def of(cls, found: Consequences, who: Caller, cdn: str) -> "ConsequencesOut":
        base = f"{cdn}/{who.organization_slug}/{who.project_slug}/img"
        names = [f"{name.alias}?flow={name.flow}" if name.flow else name.alias for name in found.names]
        shown = () if found.image.deleted_at is not None else (found.image.id, *names)
        return cls(
            trash=found.trash,
            released_names=[NameOut(name.alias, name.flow) for name in found.names],
            public_urls=[f"{base}/{each}" for each in shown],
            bytes="kept" if found.trash else "deleted",
            renditions="deleted",
            made_by=AffectedOut.of(found.made_by),
            used_by=AffectedOut.of(found.used_by),
            live_urls=[LiveUrlOut(live.scope, live.generation) for live in found.live_urls],
            live_url_count=found.live_url_count,
        )


class DeletedOut(Wire, frozen=True):
    """`consequences` with `dryRun` only, and then nothing was deleted."""

    id: str
    consequences: ConsequencesOut | UnsetType = UNSET


def flow_id_of(text: str | None) -> FlowId | None:
    """Absent is no flow; anything but a UUID is refused. Raises ValidationFailed."""
    return None if text is None else FlowId(parse_uuid(text, "flowId"))
