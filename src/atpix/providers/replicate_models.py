"""What the image models at Replicate take and what they cost, as published; no network. Figures as of November 2026.

Each model's inputs stand on its page (replicate.com/{owner}/{name}/api). Where a price is by the second of a GPU it is
not known beforehand.
"""

from typing import Literal

import msgspec

from atpix.providers.values import ASPECT_RATIOS, Capabilities, Json, pixels

_ALL = frozenset(ASPECT_RATIOS)
_IMAGEN = frozenset({"1:1", "16:9", "9:16", "4:3", "3:4"})
_SD3 = frozenset({"1:1", "16:9", "21:9", "3:2", "2:3", "9:16"})


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Names of inputs. `image`: where references go, one or (`many` above 1) a list; None: it takes none."""

    known: bool = True
    size: Literal["aspect_ratio", "pixels"] | None = "aspect_ratio"
    ratios: frozenset[str] = _ALL
    image: str | None = None
    many: int = 1
    mask: str | None = None
    needs_image: bool = False
    seed: bool = True
    micro_usd: int = 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            aspect_ratios=self.ratios,
            max_references=self.many if self.image else 0,
            seed=self.seed,
            mask=self.mask is not None,
        )

    def shape(self, ratio: str) -> Json:
        match self.size:
            case "aspect_ratio":
                return {"aspect_ratio": ratio}
            case "pixels":
                width, height = pixels(ratio)
                return {"width": width, "height": height}
            case None:
                return {}


UNKNOWN = Inputs(known=False, image="image", mask="mask")

MODELS = {
    "black-forest-labs/flux-schnell": Inputs(micro_usd=3_000),
    "black-forest-labs/flux-dev": Inputs(image="image", micro_usd=25_000),
    "black-forest-labs/flux-1.1-pro": Inputs(image="image_prompt", micro_usd=40_000),
    "black-forest-labs/flux-1.1-pro-ultra": Inputs(image="image_prompt", micro_usd=60_000),
    "black-forest-labs/flux-kontext-pro": Inputs(image="input_image", micro_usd=40_000),
    "black-forest-labs/flux-kontext-max": Inputs(image="input_image", micro_usd=80_000),
    "black-forest-labs/flux-fill-pro": Inputs(
        size=None, image="image", mask="mask", needs_image=True, micro_usd=50_000
    ),
    "black-forest-labs/flux-2-pro": Inputs(image="input_images", many=8, micro_usd=30_000),
    "google/nano-banana": Inputs(image="image_input", many=10, seed=False, micro_usd=39_000),
    "google/nano-banana-2": Inputs(image="image_input", many=14, seed=False),
    "google/nano-banana-pro": Inputs(image="image_input", many=14, seed=False, micro_usd=150_000),
    "google/imagen-4": Inputs(ratios=_IMAGEN, seed=False, micro_usd=40_000),
    "google/imagen-4-fast": Inputs(ratios=_IMAGEN, seed=False, micro_usd=20_000),
    "google/imagen-4-ultra": Inputs(ratios=_IMAGEN, seed=False, micro_usd=60_000),
    "bytedance/seedream-4": Inputs(image="image_input", many=10, seed=False, micro_usd=30_000),
    "ideogram-ai/ideogram-v3-turbo": Inputs(
        ratios=_ALL - {"21:9"}, image="style_reference_images", many=3, micro_usd=30_000
    ),
    "qwen/qwen-image": Inputs(ratios=_ALL - {"21:9"}, image="image", micro_usd=25_000),
    "stability-ai/sdxl": Inputs(size="pixels", image="image", mask="mask"),
    "stability-ai/stable-diffusion-3.5-large": Inputs(ratios=_SD3, image="image", micro_usd=65_000),
}


def named(model: str) -> Inputs:
    """By owner and name; a version of a known model takes what the model takes."""
    return MODELS.get(model.partition(":")[0], UNKNOWN)
