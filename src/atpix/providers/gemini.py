"""Google's Gemini models that draw, by `generateContent`.

https://ai.google.dev/gemini-api/docs/image-generation
"""

import base64
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from atpix.providers import gemini_answers, gemini_models, inline
from atpix.providers.faults import Refusal
from atpix.providers.gemini_models import Model
from atpix.providers.http import Http, Key
from atpix.providers.values import (
    Capabilities,
    Json,
    Pictured,
    Recipe,
    Reference,
)
from atpix.settings import Settings

_SEEDS = 2**31
"""Gemini's seed is a 32-bit integer with a sign; a larger one of ours is taken modulo."""


class Gemini:
    """References go before the prompt, in their order. It knows no mask and no idempotency."""

    name: ClassVar[str] = "gemini"

    def __init__(self, settings: Settings) -> None:
        self.default_model = settings.gemini_model
        self._max_bytes = settings.max_file_bytes
        self._http = Http(
            settings,
            provider="Gemini",
            base_url=settings.gemini_base_url,
            key=Key(settings.gemini_api_key, header="x-goog-api-key", scheme=""),
        )

    def capabilities(self, model: str | None) -> Capabilities:
        return self._model(model).capabilities

    def estimate_micro_usd(self, recipe: Recipe) -> int:
        return gemini_models.estimate(self._model(recipe.model), recipe)

    def generate(self, recipe: Recipe, target: Path) -> Pictured:
        name = recipe.model or self.default_model
        model = self._model(name)
        try:
            body = self._http.call(f"/models/{quote(name, safe='')}:generateContent", _asked(recipe))
        except Refusal as refusal:
            raise gemini_answers.understood(refusal) from None
        answer = gemini_answers.read(body)
        inline.store("Gemini", gemini_answers.picture(answer), target, self._max_bytes)
        return Pictured(
            model=name,
            seed=recipe.seed,
            usage=answer.usage,
            cost_micro_usd=answer.micro_usd(model) or gemini_models.estimate(model, recipe),
        )

    def _model(self, name: str | None) -> Model:
        return gemini_models.named(name or self.default_model, configured=self.default_model)


def _asked(recipe: Recipe) -> Json:
    """Text is asked for beside the picture, so that a refusal comes with its reason."""
    shape: Json = {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": recipe.aspect_ratio}}
    if recipe.seed is not None:
        shape["seed"] = recipe.seed % _SEEDS
    parts: list[Json] = [*map(_part, recipe.references), {"text": recipe.prompt}]
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": shape}


def _part(reference: Reference) -> Json:
    data = base64.b64encode(reference.path.read_bytes()).decode()
    return {"inlineData": {"mimeType": reference.media_type, "data": data}}
