"""Automatic1111's stable-diffusion-webui, started with `--api`, and what speaks like it (Forge, SD.Next)."""

from pathlib import Path
from typing import ClassVar

import msgspec
from pydantic import SecretStr

from atpix.providers import data_urls, inline, masks
from atpix.providers.faults import Refusal
from atpix.providers.http import Http, Key
from atpix.providers.values import (
    Capabilities,
    Json,
    Pictured,
    ProviderFailed,
    Recipe,
    UnknownModel,
    pixels,
    seed_in,
)
from atpix.settings import Settings

_CAPABILITIES = Capabilities(max_references=1, seed=True, mask=True)
_CROP_AND_RESIZE = 1
_KEEP_WHAT_IS_THERE = 1
_DENOISING = 0.75


class Automatic1111:
    """One's own GPU: nothing to pay, and nothing that could be cancelled (its interrupt would stop whatever is being
    drawn, for whomever). A model is a checkpoint's name; None: the one that is loaded.
    """

    name: ClassVar[str] = "automatic1111"
    default_model: ClassVar[None] = None

    def __init__(self, settings: Settings) -> None:
        self._max_bytes = settings.max_file_bytes
        self._http = Http(
            settings, provider=self.name, base_url=settings.automatic1111_base_url, key=Key(SecretStr(""))
        )

    def capabilities(self, model: str | None) -> Capabilities:
        if model is not None and not (model.isprintable() and 0 < len(model) <= 200):
            raise UnknownModel("A model at automatic1111 is a checkpoint's name, of 200 characters at most.")
        return _CAPABILITIES

    def estimate_micro_usd(self, recipe: Recipe) -> int:  # noqa: ARG002  no picture costs anything
        return 0

    def generate(self, recipe: Recipe, target: Path) -> Pictured:
        task = "img2img" if recipe.references else "txt2img"
        try:
            answer = self._http.call(f"/sdapi/v1/{task}", _input(recipe))
        except Refusal as refusal:
            raise _reason(refusal) from None
        images = answer.get("images")
        first = images[0] if isinstance(images, list) and images else None
        target.write_bytes(self._picture(first))
        return Pictured(model=recipe.model, seed=_seed(answer))

    def _picture(self, image: object) -> bytes:
        """Some of its kin put `data:image/png;base64,` in front."""
        if isinstance(image, str) and image.startswith("data:"):
            return inline.decoded(self.name, image, self._max_bytes)
        return inline.picture(self.name, image, self._max_bytes)


def _input(recipe: Recipe) -> Json:
    width, height = pixels(recipe.aspect_ratio)
    body: Json = {
        "prompt": recipe.prompt,
        "seed": -1 if recipe.seed is None else recipe.seed,
        "width": width,
        "height": height,
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
    }
    if recipe.model:
        body["override_settings"] = {"sd_model_checkpoint": recipe.model}
    if recipe.references:
        body["init_images"] = [data_urls.of(recipe.references[0])]
        body["resize_mode"] = _CROP_AND_RESIZE
        body["denoising_strength"] = _DENOISING
        if recipe.mask:
            body["mask"] = masks.white(recipe.mask)
            body["inpainting_fill"] = _KEEP_WHAT_IS_THERE
            body["inpaint_full_res"] = False
    return body


def _reason(refusal: Refusal) -> ProviderFailed:
    if refusal.status == 404:
        message = "There is no API behind ATPIX_AUTOMATIC1111_BASE_URL. Is the web UI started with --api?"
        return ProviderFailed("PROVIDER_ERROR", message)
    if refusal.body.get("error") == "OutOfMemoryError":
        return ProviderFailed("PROVIDER_ERROR", "automatic1111's GPU has too little memory for a picture of this size.")
    return refusal


def _seed(answer: Json) -> int | None:
    """The one that was drawn with: `info` is JSON in a string."""
    try:
        info = msgspec.json.decode(answer.get("info") or b"{}")
    except (TypeError, ValueError, RecursionError):
        return None
    return seed_in(info.get("seed")) if isinstance(info, dict) else None
