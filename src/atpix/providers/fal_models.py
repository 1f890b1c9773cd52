"""What the image models at fal take and what they cost, as published; no network. Figures as of November 2026.

Each endpoint has a schema of its own (fal.ai/models/<name>/llms.txt). Models of one family share it, and say by their
name's ending what goes in: `…/kontext` edits one image, `…/kontext/multi` several, `…/kontext/text-to-image` none.
"""

from math import ceil
from typing import Literal

import msgspec

from atpix.providers.values import ASPECT_RATIOS, Capabilities, Json, Recipe, pixels

_IMAGEN_RATIOS = frozenset({"1:1", "16:9", "9:16", "4:3", "3:4"})
_MEGAPIXEL = 1024 * 1024


class Edit(msgspec.Struct, frozen=True):
    """An endpoint that takes images: its ending, the input's name (`…_urls` is a list) and how many go in."""

    ending: str
    input: Literal["image_url", "image_urls"]
    up_to: int = 1
    mask: bool = False


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """`text`: the ending of the endpoint that needs no image; None: there is none. `edits`: the first that fits.

    `size`: which input says the shape; "both" where nobody knows. `area`: of the pictures, where sides are asked for.
    """

    known: bool = True
    text: str | None = ""
    edits: tuple[Edit, ...] = ()
    size: Literal["image_size", "aspect_ratio", "both"] | None = "image_size"
    ratios: frozenset[str] = frozenset(ASPECT_RATIOS)
    area: int = _MEGAPIXEL
    seed: bool = True
    micro_usd: int = 0
    by_megapixel: bool = False

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            aspect_ratios=self.ratios,
            max_references=max((edit.up_to for edit in self.edits), default=0),
            seed=self.seed,
            mask=any(edit.mask for edit in self.edits),
        )

    def fitting(self, references: int, *, mask: bool) -> Edit | None:
        """The endpoint for what is given; the one that takes most where it is too much."""
        of_kind = [edit for edit in self.edits if edit.mask] if mask else []
        of_kind = of_kind or [edit for edit in self.edits if not edit.mask] or list(self.edits)
        enough = [edit for edit in of_kind if edit.up_to >= references]
        return (enough or sorted(of_kind, key=lambda edit: -edit.up_to))[0] if of_kind and references else None

    def shape(self, ratio: str) -> Json:
        shape: Json = {}
        if self.size in {"image_size", "both"}:
            width, height = pixels(ratio, self.area)
            shape["image_size"] = {"width": width, "height": height}
        if self.size in {"aspect_ratio", "both"}:
            shape["aspect_ratio"] = ratio
        return shape

    def estimate(self, ratio: str) -> int:
        """Megapixels are counted up to whole ones, as fal does."""
        if not self.by_megapixel:
            return self.micro_usd
        width, height = pixels(ratio, self.area)
        return self.micro_usd * max(1, ceil(width * height / _MEGAPIXEL - 0.05))


UNKNOWN = Family(known=False, edits=(Edit("", "image_urls", 10, mask=True),), size="both")
"""Everything is sent, by the names that most models use; a model ignores what it has no input for."""

_KONTEXT = (Edit("", "image_url"), Edit("/multi", "image_urls", 4))

FAMILIES = {
    "fal-ai/flux/schnell": Family(micro_usd=3_000, by_megapixel=True),
    "fal-ai/flux/dev": Family(edits=(Edit("/image-to-image", "image_url"),), micro_usd=25_000, by_megapixel=True),
    "fal-ai/flux-pro/kontext": Family(text="/text-to-image", edits=_KONTEXT, size="aspect_ratio", micro_usd=40_000),
    "fal-ai/flux-pro/kontext/max": Family(text="/text-to-image", edits=_KONTEXT, size="aspect_ratio", micro_usd=80_000),
    "fal-ai/flux-pro/v1.1": Family(area=850_000, micro_usd=40_000, by_megapixel=True),
    "fal-ai/flux-pro/v1.1-ultra": Family(edits=(Edit("", "image_url"),), size="aspect_ratio", micro_usd=60_000),
    "fal-ai/flux-pro/v1/fill": Family(
        text=None, edits=(Edit("", "image_url", mask=True),), size=None, micro_usd=50_000
    ),
    "fal-ai/flux-2": Family(edits=(Edit("/edit", "image_urls", 4),), micro_usd=12_000, by_megapixel=True),
    "fal-ai/flux-2-pro": Family(edits=(Edit("/edit", "image_urls", 9),), micro_usd=30_000),
    "fal-ai/nano-banana": Family(
        edits=(Edit("/edit", "image_urls", 10),), size="aspect_ratio", seed=False, micro_usd=39_000
    ),
    "fal-ai/nano-banana-2": Family(edits=(Edit("/edit", "image_urls", 14),), size="aspect_ratio", micro_usd=80_000),
    "fal-ai/nano-banana-pro": Family(
        edits=(Edit("/edit", "image_urls", 14),), size="aspect_ratio", seed=False, micro_usd=150_000
    ),
    "fal-ai/imagen4/preview": Family(size="aspect_ratio", ratios=_IMAGEN_RATIOS, micro_usd=50_000),
    "fal-ai/imagen4/preview/fast": Family(size="aspect_ratio", ratios=_IMAGEN_RATIOS, micro_usd=20_000),
    "fal-ai/imagen4/preview/ultra": Family(size="aspect_ratio", ratios=_IMAGEN_RATIOS, micro_usd=60_000),
    "fal-ai/bytedance/seedream/v4": Family(
        text="/text-to-image", edits=(Edit("/edit", "image_urls", 10),), area=4 * _MEGAPIXEL, micro_usd=30_000
    ),
    "fal-ai/ideogram/v3": Family(micro_usd=60_000),
    "fal-ai/recraft/v3": Family(
        text="/text-to-image", edits=(Edit("/image-to-image", "image_url"),), seed=False, micro_usd=40_000
    ),
    "fal-ai/qwen-image": Family(edits=(Edit("/image-to-image", "image_url"),), micro_usd=20_000, by_megapixel=True),
    "fal-ai/fast-sdxl": Family(
        edits=(Edit("/image-to-image", "image_url"), Edit("/inpainting", "image_url", mask=True))
    ),
}


def named(model: str) -> tuple[str, Family]:
    """The name without an ending of its family's, and the family. A model in none is taken as it is written."""
    prefixes = [name for name in FAMILIES if model == name or model.startswith(name + "/")]
    if not prefixes:
        return model, UNKNOWN
    name = max(prefixes, key=len)
    family = FAMILIES[name]
    endings = {edit.ending for edit in family.edits} | {family.text or ""}
    rest = model.removeprefix(name)
    return (name, family) if rest in endings | {""} else (model, UNKNOWN)


def endpoint(model: str, recipe: Recipe) -> tuple[str, Family, Edit | None]:
    """Where this recipe goes. The endpoint is "" where the model cannot do without an image and none is given."""
    root, family = named(model)
    edit = family.fitting(len(recipe.references), mask=recipe.mask is not None)
    if edit:
        return root + edit.ending, family, edit
    return ("" if family.text is None else root + family.text), family, None
