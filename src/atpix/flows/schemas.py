"""Flows on the wire: contract, section 6."""

from typing import Annotated

from msgspec import Meta, Raw

from atpix.errors import ValidationFailed
from atpix.flows.actions import MOST_IDS, Deleted, Gone
from atpix.flows.rows import Flow
from atpix.http.wire import Wire, iso
from atpix.ids import Alias, FlowId, ImageId, parse_uuid
from atpix.images import meta
from atpix.images.schemas import Json

MOST_MOVES = 100
_Id = Annotated[object, Meta(extra_json_schema={"anyOf": [{"type": "string"}, {"type": "null"}]})]


class FlowOut(Wire, frozen=True):
    """A flow. `imageCount` leaves out the trash; `updatedAt` is of `meta`, names and generations."""

    id: str
    project_id: str
    aliases: Annotated[dict[str, str], Meta(description="Image ids by name.")]
    generation_count: int
    image_count: int
    meta: Json
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, flow: Flow) -> "FlowOut":
        return cls(
            id=flow.id,
            project_id=flow.project_id,
            aliases=dict(flow.aliases),
            generation_count=flow.generation_count,
            image_count=flow.image_count,
            meta=Raw(flow.meta.encode()),
            created_at=iso(flow.created_at),
            updated_at=iso(flow.updated_at),
        )


class FlowIn(Wire, frozen=True):
    meta: dict[str, object] | None = None

    def checked_meta(self) -> str:
        """Raises ValidationFailed."""
        return meta.checked(self.meta or {})


class FlowUpdateIn(Wire, frozen=True):
    """`meta` is replaced whole; `{}` empties it."""

    meta: dict[str, object]

    def checked_meta(self) -> str:
        """Raises ValidationFailed."""
        return meta.checked(self.meta)


class FlowAliasesIn(Wire, frozen=True):
    """Names and the images that they are to mean; null takes a name away. Names that are not mentioned stay."""

    aliases: Annotated[dict[str, _Id], Meta(description="At most 100.")]

    def moves(self) -> dict[Alias, ImageId | None]:
        """Raises AliasFormatCheck, ReservedAlias, ValidationFailed."""
        if len(self.aliases) > MOST_MOVES:
            raise ValidationFailed.at("aliases", f"holds {len(self.aliases)} names; {MOST_MOVES} are the limit.")
        return {Alias.parse(name): _image(image, f"aliases.{name}") for name, image in self.aliases.items()}


class GoneOut(Wire, frozen=True):
    count: int
    ids: Annotated[list[str], Meta(description=f"Newest first, at most {MOST_IDS}.")]

    @classmethod
    def of(cls, gone: Gone) -> "GoneOut":
        return cls(gone.count, list(gone.ids))


class DeletedFlowOut(Wire, frozen=True):
    """What went with the flow, and which images stay because the project has a name for them."""

    id: str
    deleted_images: GoneOut
    deleted_generations: GoneOut
    kept_images: GoneOut

    @classmethod
    def of(cls, deleted: Deleted) -> "DeletedFlowOut":
        parts = (deleted.images, deleted.generations, deleted.kept)
        return cls(deleted.id, *(GoneOut.of(part) for part in parts))


def _image(value: object, path: str) -> ImageId | None:
    """Not left to msgspec, which would not say at which name. Raises ValidationFailed."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValidationFailed.at(path, "must be an image's UUID, or null.")
    return ImageId(parse_uuid(value, path))


def flow_of(text: str) -> FlowId:
    """The flow in a path. Raises ValidationFailed."""
    return FlowId(parse_uuid(text, "flowId"))
