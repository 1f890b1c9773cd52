"""What the service answers about pictures that are made: generations, flows, where images come from, what it cost."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from atpix_client.errors import codes
from atpix_client.models import Image, Model


class GenerationError(Struct, frozen=True):
    """Why it failed: a code of `errors`, and what can be done about it."""

    code: str
    message: str


class ReferencedImage(Model, frozen=True, kw_only=True):
    """An image that went in. `image_id` None: it is deleted since, and this is what is known of it."""

    image_id: str | None
    alias: str | None = None
    sha256: str


class Generation(Model, frozen=True, kw_only=True):
    id: str
    project_id: str
    flow_id: str | None
    prompt: str
    """What was used; `original_prompt` is the user's, when that is another."""
    original_prompt: str | None = None
    auto_enhance: bool = True
    template: str | None = None
    aspect_ratio: str
    provider: str
    model: str | None = None
    seed: int | None = None
    status: str
    """`pending`, `processing`, `success` or `failed`."""
    run: int = 1
    """1, and one more with each regeneration."""
    error: GenerationError | None = None
    warnings: list[str] = field(default_factory=list)
    """What was asked for and could not be done as asked."""
    output_image_id: str | None = None
    output_image: Image | None = None
    referenced_images: list[ReferencedImage] = field(default_factory=list)
    mask: ReferencedImage | None = None
    processing_time_ms: int | None = None
    usage: dict[str, Any] | None = None
    cost_usd: float | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    created_at: datetime
    updated_at: datetime

    etag: str | None = None
    """For `if_match=`. Taken from the answer's header, so generations of a list or a stream have none."""

    @property
    def has_ended(self) -> bool:
        return self.status in {"success", "failed"}

    def raise_for_status(self) -> None:
        """Raises the exception of `error`, such as `errors.ContentBlocked`, when it failed."""
        if self.error is not None:
            raise codes.of_generation(self.error.code, self.error.message)


class DeletedGeneration(Model, frozen=True, kw_only=True):
    """Kept are those of its images that the project has a name for."""

    id: str
    deleted_image_ids: list[str]
    kept_image_ids: list[str]


class Flow(Model, frozen=True, kw_only=True):
    """A chain of generations and uploads with names of its own."""

    id: str
    project_id: str
    aliases: dict[str, str]
    """Image ids by name."""
    generation_count: int
    image_count: int
    meta: dict[str, Any] = field(default_factory=dict)
    created_at: datetime
    updated_at: datetime

    etag: str | None = None
    """For `if_match=`. Taken from the answer's header, so flows of a list have none."""


class Gone(Struct, frozen=True):
    """`ids` may be the first of many; `count` is all of them."""

    count: int
    ids: list[str]


class DeletedFlow(Model, frozen=True, kw_only=True):
    """What went with a flow, and which images stayed because the project has a name for them."""

    id: str
    deleted_images: Gone
    deleted_generations: Gone
    kept_images: Gone


class LineageNode(Model, frozen=True, kw_only=True):
    """An image. `gone`: it is deleted, and only what a generation remembers of it is known."""

    node: str
    """What edges call it."""
    image_id: str | None
    relation: str
    """`self`, `ancestor` or `descendant`."""
    depth: int
    """Steps away, by the shortest way."""
    gone: bool
    alias: str | None = None
    source: str | None = None
    sha256: str | None = None
    storage_url: str | None = None
    generation_id: str | None = None
    prompt: str | None = None
    created_at: datetime | None = None


class LineageEdge(Model, frozen=True, kw_only=True):
    """`source` went into the run of the generation that made `target`."""

    source: str = field(name="from")
    target: str = field(name="to")
    generation_id: str
    run: int
    role: str
    alias: str | None = None


class Lineage(Model, frozen=True, kw_only=True):
    """`truncated`: there is more than `depth` and the server's limit allow."""

    image_id: str
    nodes: list[LineageNode]
    edges: list[LineageEdge]
    truncated: bool


class UsageSum(Model, frozen=True, kw_only=True):
    """A regeneration counts as another generation. `cost_usd` is estimated by published prices."""

    generations: int
    images: int
    failed: int
    processing_time_ms: int
    cost_usd: float
    usage: dict[str, float]
    """What providers said they used: images, inputTokens, outputTokens, seconds."""


class UsageGroup(UsageSum, frozen=True, kw_only=True):
    key: str | None
    """A day, or what the group is called by; None where there was none, such as no flow."""
    name: str | None = None
    """Of an API key: what people call it."""


class Budget(Model, frozen=True, kw_only=True):
    """Of a calendar month (UTC). `limit_usd` and `left_usd` are None where nothing limits the project."""

    month: str
    limit_usd: float | None
    committed_usd: float
    """Spent, and the estimates of what is under way."""
    left_usd: float | None


class UsageReport(Model, frozen=True, kw_only=True):
    """`since` is the first moment that counts, `until` the first that does not."""

    since: datetime = field(name="from")
    until: datetime = field(name="to")
    group_by: str | None
    totals: UsageSum
    groups: list[UsageGroup]
    has_more: bool
    """There are more groups: ask again with an `offset`."""
    budget: Budget
