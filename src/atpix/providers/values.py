"""What a provider of pictures is asked for and what it answers: the Protocol behind which every one is replaceable."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, get_args, runtime_checkable

import msgspec
from msgspec.structs import force_setattr

from atpix.providers import telling

AspectRatio = Literal["1:1", "16:9", "9:16", "3:2", "2:3", "4:3", "3:4", "21:9"]
ASPECT_RATIOS: tuple[AspectRatio, ...] = get_args(AspectRatio)
MAX_SEED = 2**53 - 1
"""The largest number that JSON carries everywhere."""

_MESSAGE_CHARS, _MODEL_CHARS, _REF_CHARS, _PROMPT_CHARS = 1_000, 200, 2_000, 32_000
_WARNINGS = 20
_AGAIN_S = 60.0


class Reference(msgspec.Struct, frozen=True):
    """An image that goes into another. `path` is a JPEG or PNG of at most 2,048 pixels a side, without metadata,
    rendered from the original: what is sent away says nothing of place or owner.
    """

    path: Path
    media_type: str
    width: int
    height: int
    sha256: str
    alias: str | None = None


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """One picture to be made. `identity` is the same for every attempt at the same run of a generation: providers that
    know idempotency are given it. `variation` counts the runs: where no `seed` was asked for, each may be another
    picture, also at a provider that draws by numbers alone. A `mask` lies over the first of the `references`: without
    these there is none.
    """

    identity: str
    prompt: str
    aspect_ratio: AspectRatio = "16:9"
    model: str | None = None
    seed: int | None = None
    variation: int = 1
    references: tuple[Reference, ...] = ()
    mask: Reference | None = None


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """Of one model. What is asked beyond them is a warning in the generation, never silently dropped."""

    aspect_ratios: frozenset[str] = frozenset(ASPECT_RATIOS)
    max_references: int = 3
    seed: bool = False
    mask: bool = False


class Usage(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a provider says it has used; only what it says."""

    images: int = 1
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "images", telling.counted(self.images))
        for name in ("input_tokens", "output_tokens"):
            if (number := getattr(self, name)) is not None:
                force_setattr(self, name, telling.counted(number))
        force_setattr(self, "seconds", telling.seconds(self.seconds))


class Pictured(msgspec.Struct, frozen=True, kw_only=True):
    """The picture lies in the file that was named. Its bytes are checked like an upload's, later.

    `cost_micro_usd` is an estimate by published prices; `revised_prompt` what the provider made of the prompt.
    """

    model: str | None
    seed: int | None = None
    usage: Usage = Usage()
    cost_micro_usd: int = 0
    revised_prompt: str | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        force_setattr(self, "cost_micro_usd", telling.counted(self.cost_micro_usd, telling.MOST_MICRO_USD))
        if self.model is not None:
            force_setattr(self, "model", telling.clean(self.model, _MODEL_CHARS))
        if self.revised_prompt is not None:
            force_setattr(self, "revised_prompt", telling.clean(self.revised_prompt, _PROMPT_CHARS))
        said = tuple(telling.clean(warning, _MESSAGE_CHARS) for warning in self.warnings[:_WARNINGS])
        force_setattr(self, "warnings", said)


class Queued(msgspec.Struct, frozen=True):
    """The provider has taken the job and will be asked again under `ref`, not before `again_s` seconds."""

    ref: str
    again_s: float = 1.0

    def __post_init__(self) -> None:
        """Raises ProviderFailed: a reference that cannot be kept as it is cannot be asked under, either."""
        if telling.clean(self.ref, _REF_CHARS) != self.ref:
            raise ProviderFailed("PROVIDER_ERROR", "The provider took the job under an id that cannot be kept.")
        again_s = telling.seconds(self.again_s)
        force_setattr(self, "again_s", 1.0 if again_s is None else min(again_s, _AGAIN_S))


class ProviderFailed(Exception):
    """No picture. `code` is the contract's; `message` tells the user what to do and holds no secret.

    `worth_retrying`: another attempt may do, not before `retry_after_s` when the provider said so. `job_over`: the job
    that was queued has ended, or is lost; another attempt is a new job and not another `poll` of the old one.
    """

    def __init__(
        self,
        code: Literal["PROVIDER_ERROR", "PROVIDER_TIMEOUT", "PROVIDER_RATE_LIMIT", "CONTENT_BLOCKED"],
        message: str,
        *,
        worth_retrying: bool = False,
        retry_after_s: float | None = None,
        job_over: bool = False,
    ) -> None:
        self.code = code
        self.message = telling.clean(message, _MESSAGE_CHARS)
        super().__init__(self.message)
        self.worth_retrying = worth_retrying
        self.retry_after_s = retry_after_s
        self.job_over = job_over


class Provider(Protocol):
    """What every provider is: it can say what it makes of a recipe, and make it. Every method blocks and may be called
    from any thread. It is built from the settings alone, in the table of `configured`.
    """

    name: ClassVar[str]

    @property
    def default_model(self) -> str | None:
        """None: it has one model, or whichever it has loaded."""

    def capabilities(self, model: str | None) -> Capabilities:
        """Raises UnknownModel when it is sure that it has no such model."""

    def estimate_micro_usd(self, recipe: Recipe) -> int:
        """What it will cost by published prices; 0 where that is nothing or unknown."""

    def generate(self, recipe: Recipe, target: Path) -> Pictured | Queued:
        """Raises ProviderFailed. `target` is the caller's, and may hold a part after a failure. Only a `Queueing` one
        answers `Queued`.
        """


@runtime_checkable
class Queueing(Provider, Protocol):
    """One that takes jobs: what it has answered with `Queued` is asked after here, by any process."""

    def poll(self, ref: str, recipe: Recipe, target: Path) -> Pictured | Queued:
        """Raises ProviderFailed."""

    def cancel(self, ref: str) -> None:
        """Tells the provider that nobody waits any more, if it can be told. Raises nothing."""


def queueing(provider: Provider) -> Queueing:
    """The provider as one that can be asked after a job. Raises ProviderFailed when it takes none."""
    if isinstance(provider, Queueing):
        return provider
    raise ProviderFailed("PROVIDER_ERROR", f"{provider.name} queues nothing.", worth_retrying=True, job_over=True)


class UnknownModel(ValueError):
    """The message names the models there are."""


class Enhancer(Protocol):
    def enhance(self, prompt: str, template: str) -> str:
        """A better prompt in the same meaning. Raises ProviderFailed."""


def seed_in(value: object) -> int | None:
    """What a provider says it has drawn with, if it can be asked for again."""
    return value if type(value) is int and 0 <= value <= MAX_SEED else None


def pixels(aspect_ratio: str, area: int = 1024 * 1024, multiple: int = 64) -> tuple[int, int]:
    """Width and height near `area` pixels, each divisible by `multiple`: 16:9 is (1344, 768)."""
    across, down = (int(part) for part in aspect_ratio.split(":"))
    unit = (area / (across * down)) ** 0.5
    return (
        max(multiple, round(across * unit / multiple) * multiple),
        max(multiple, round(down * unit / multiple) * multiple),
    )


def nearest(ratios: Collection[str], wanted: str) -> str:
    """`wanted` if it is among them, else the one nearest in proportion: half and double are equally far from one."""

    def away(ratio: str) -> float:
        a, b = _proportion(ratio), _proportion(wanted)
        return max(a, b) / min(a, b)

    return wanted if wanted in ratios else min(sorted(ratios), key=away)


def _proportion(ratio: str) -> float:
    across, down = ratio.split(":")
    return int(across) / int(down)


Json = dict[str, Any]
"""A decoded body of a provider's."""
