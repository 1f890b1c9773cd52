"""Generations on the wire: contract, section 7. Nothing here but names, types and their translation."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from atpix.caller import Caller
from atpix.errors import ValidationFailed
from atpix.generations import prompts
from atpix.generations.actions import Change, Deleted, Substitutes
from atpix.generations.beginning import Order
from atpix.generations.references import Material
from atpix.generations.rows import Generation, Input, Shown, Status
from atpix.http.wire import Wire, iso
from atpix.ids import Alias, FlowId, GenerationId, ImageRef, parse_ref, parse_uuid
from atpix.images import meta
from atpix.images.schemas import ImageOut, Json
from atpix.providers.values import MAX_SEED, AspectRatio

_MOST_SAID = 64
_MICRO = 1_000_000

Prompt = Annotated[
    str, Meta(description=f"1 to {prompts.MAX_CHARACTERS:,} characters. `@name` words that mean an image refer to it.")
]
Seed = Annotated[int, Meta(ge=0, le=MAX_SEED)]
Ref = Annotated[str, Meta(max_length=200, description="An image's UUID, or its alias: the flow's first.")]
ProviderName = Annotated[str, Meta(min_length=1, max_length=40)]
Model = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class EnhancementIn(Wire, frozen=True):
    template: prompts.Template = "general"


class GenerationIn(Wire, frozen=True):
    """What to make. Where nothing is said, the project's provider and model do it, else the server's."""

    prompt: Prompt
    aspect_ratio: AspectRatio = "16:9"
    reference_images: Annotated[tuple[Ref, ...], Meta(max_length=_MOST_SAID)] = ()
    mask: Ref | None = None
    flow_id: str | None = None
    alias: str | None = None
    flow_alias: Annotated[str, Meta(description="Without `flowId` a flow is made.")] | None = None
    provider: ProviderName | None = None
    model: Model | None = None
    seed: Seed | None = None
    auto_enhance: bool = True
    enhancement_options: EnhancementIn = EnhancementIn()
    meta: dict[str, object] = msgspec.field(default_factory=dict)

    def order(self) -> Order:
        """Raises ValidationFailed, AliasFormatCheck, ReservedAlias."""
        references = [_ref(text, f"referenceImages.{place}") for place, text in enumerate(self.reference_images)]
        return Order(
            prompt=prompts.checked(self.prompt),
            aspect_ratio=self.aspect_ratio,
            material=Material(references=references, mask=None if self.mask is None else _ref(self.mask, "mask")),
            flow=None if self.flow_id is None else _flow(self.flow_id),
            alias=None if self.alias is None else Alias.parse(self.alias),
            flow_alias=None if self.flow_alias is None else Alias.parse(self.flow_alias),
            provider=self.provider,
            model=self.model,
            seed=self.seed,
            auto_enhance=self.auto_enhance,
            template=self.enhancement_options.template,
            meta=meta.checked(self.meta),
        )


class GenerationUpdateIn(Wire, frozen=True):
    """What is absent stays. `flowId: null` takes it out of its flow."""

    prompt: Prompt | UnsetType = UNSET
    aspect_ratio: AspectRatio | UnsetType = UNSET
    flow_id: str | UnsetType | None = UNSET
    meta: dict[str, object] | UnsetType = UNSET

    def change(self) -> Change:
        """Raises ValidationFailed."""
        return Change(
            prompt=UNSET if self.prompt is UNSET else prompts.checked(self.prompt),
            aspect_ratio=self.aspect_ratio,
            flow=_flow(self.flow_id) if isinstance(self.flow_id, str) else self.flow_id,
            meta=UNSET if self.meta is UNSET else meta.checked(self.meta),
        )


class ReplayIn(Wire, frozen=True):
    """What shall be otherwise. Another provider without a model takes its own."""

    provider: ProviderName | UnsetType = UNSET
    model: Model | UnsetType = UNSET
    seed: Seed | UnsetType | None = UNSET
    flow_id: str | UnsetType | None = UNSET

    def substitutes(self) -> Substitutes:
        """Raises ValidationFailed."""
        flow = _flow(self.flow_id) if isinstance(self.flow_id, str) else self.flow_id
        return Substitutes(provider=self.provider, model=self.model, seed=self.seed, flow=flow)


class FailureOut(Wire, frozen=True):
    code: str
    message: str


class ReferenceOut(Wire, frozen=True):
    """`imageId` is null when the image is gone; `alias` is the name by which it was meant."""

    image_id: str | None
    alias: str | None
    sha256: str

    @classmethod
    def of(cls, one: Input) -> "ReferenceOut":
        return cls(one.image_id, one.alias, one.sha256)


class GenerationOut(Wire, frozen=True):
    """A generation. `prompt` is what was used, `originalPrompt` what was said when that was enhanced."""

    id: str
    project_id: str
    flow_id: str | None
    prompt: str
    original_prompt: str | None
    auto_enhance: bool
    template: Annotated[str, Meta(description="For the enhancement.")] | None
    aspect_ratio: str
    provider: str
    model: str | None
    seed: int | None
    status: Status
    error: FailureOut | None
    output_image_id: str | None
    output_image: ImageOut | None
    referenced_images: list[ReferenceOut]
    mask: ReferenceOut | None
    warnings: Annotated[list[str], Meta(description="What was asked for and could not be had.")]
    run: Annotated[int, Meta(description="1, and one more with each regeneration.")]
    processing_time_ms: int | None
    usage: Annotated[dict[str, Any], Meta(description="What the provider says it has used.")] | None
    cost_usd: Annotated[float, Meta(description="By published prices; an estimate.")] | None
    meta: Json
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, shown: Shown, who: Caller, cdn: str) -> "GenerationOut":
        row, inputs = shown.generation, shown.inputs
        return cls(
            id=row.id,
            project_id=row.project_id,
            flow_id=row.flow_id,
            prompt=row.prompt,
            original_prompt=row.original_prompt,
            auto_enhance=row.auto_enhance,
            template=row.template,
            aspect_ratio=row.aspect_ratio,
            provider=row.provider,
            model=row.model,
            seed=row.seed,
            status=row.status,
            error=FailureOut(row.error_code, row.error_message or "") if row.error_code else None,
            output_image_id=row.output_image_id,
            output_image=None if shown.output is None else ImageOut.of(shown.output, who, cdn),
            referenced_images=[ReferenceOut.of(one) for one in inputs if one.role == "reference"],
            mask=next((ReferenceOut.of(one) for one in inputs if one.role == "mask"), None),
            warnings=row.warnings,
            run=row.run,
            processing_time_ms=row.processing_time_ms,
            usage=row.usage,
            cost_usd=_cost_usd(row),
            meta=msgspec.Raw(row.meta.encode()),
            created_at=iso(row.created_at),
            updated_at=iso(row.updated_at),
        )


class DeletedGenerationOut(Wire, frozen=True):
    """`keptImageIds`: what it made and the project has a name for."""

    id: str
    deleted_image_ids: list[str]
    kept_image_ids: list[str]

    @classmethod
    def of(cls, deleted: Deleted) -> "DeletedGenerationOut":
        return cls(deleted.before.id, list(deleted.gone), list(deleted.kept))


def generation_id_of(text: str) -> GenerationId:
    """Raises ValidationFailed."""
    return GenerationId(parse_uuid(text, "generationId"))


def _cost_usd(row: Generation) -> float | None:
    """Until it has succeeded the column holds what was promised to the budget."""
    return row.cost_micro_usd / _MICRO if row.status == "success" and row.cost_micro_usd is not None else None


def _flow(text: str) -> FlowId:
    return FlowId(parse_uuid(text, "flowId"))


def _ref(text: str, path: str) -> ImageRef:
    """Raises AliasFormatCheck, ValidationFailed, naming the place."""
    try:
        return parse_ref(text)
    except ValidationFailed:
        raise ValidationFailed.at(path, "must be an image's UUID or an alias such as @hero.") from None
