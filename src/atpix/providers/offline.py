"""The provider that needs no key and no network: it draws by arithmetic, and the same recipe is the same bytes."""

import hashlib
from pathlib import Path
from typing import ClassVar

from atpix.providers.values import (
    MAX_SEED,
    Capabilities,
    Pictured,
    ProviderFailed,
    Queued,
    Recipe,
    UnknownModel,
    pixels,
)
from atpix.settings import Settings

DEFAULT_MODEL = "offline-1"
BLANK_MODEL = "offline-blank"


class Offline:
    """`offline-1` composes a picture; `offline-blank` is one colour, for measuring everything around it."""

    name: ClassVar[str] = "offline"
    default_model: str | None = DEFAULT_MODEL

    def __init__(self, _: Settings) -> None: ...

    def capabilities(self, model: str | None) -> Capabilities:
        if model not in {None, DEFAULT_MODEL, BLANK_MODEL}:
            raise UnknownModel(f"The offline provider has the models {DEFAULT_MODEL} and {BLANK_MODEL}.")
        return Capabilities(seed=True, mask=True)

    def estimate_micro_usd(self, recipe: Recipe) -> int:  # noqa: ARG002  the Protocol's signature
        return 0

    def generate(self, recipe: Recipe, target: Path) -> Pictured:
        from PIL import Image

        self.capabilities(recipe.model)
        seed = recipe.seed if recipe.seed is not None else seed_of(recipe.prompt)
        digest = hashlib.sha256(f"{recipe.prompt}\n{seed}".encode()).digest()
        picture = Image.new("RGB", pixels(recipe.aspect_ratio), (digest[0], digest[1], digest[2]))
        picture.save(target, "JPEG", quality=90)
        return Pictured(model=recipe.model or DEFAULT_MODEL, seed=seed)

    def poll(self, ref: str, recipe: Recipe, target: Path) -> Pictured | Queued:  # noqa: ARG002
        raise ProviderFailed("PROVIDER_ERROR", "The offline provider queues nothing.")

    def cancel(self, ref: str) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


def seed_of(prompt: str) -> int:
    """Where nobody asked for one: the same prompt is the same picture."""
    return int.from_bytes(hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()[:8]) % (MAX_SEED + 1)
