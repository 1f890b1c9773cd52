"""OpenAI's images API (`/images/generations`, `/images/edits`), and any server that speaks it.

https://platform.openai.com/docs/api-reference/images
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec

from atpix.providers import openai_answers, openai_models
from atpix.providers.faults import Refusal
from atpix.providers.http import Files, Http, Key
from atpix.providers.openai_models import Model
from atpix.providers.values import (
    Capabilities,
    Json,
    Pictured,
    Recipe,
    Reference,
    pixels,
)
from atpix.settings import Settings

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


class OpenAI:
    """With references it edits, without it generates. `quality` is left to the model."""

    name: ClassVar[str] = "openai"

    def __init__(self, settings: Settings) -> None:
        self.default_model = settings.openai_model
        self._max_bytes = settings.max_file_bytes
        self._http = Http(
            settings, provider="OpenAI", base_url=settings.openai_base_url, key=Key(settings.openai_api_key)
        )

    def capabilities(self, model: str | None) -> Capabilities:
        return self._model(model).capabilities

    def estimate_micro_usd(self, recipe: Recipe) -> int:
        return openai_models.estimate(self._model(recipe.model), recipe)

    def generate(self, recipe: Recipe, target: Path) -> Pictured:
        name = recipe.model or self.default_model
        model = self._model(name)
        fields, warnings = _fields(recipe, name, model)
        try:
            body = self._asked(recipe, model, fields)
        except Refusal as refusal:
            raise openai_answers.understood("OpenAI", refusal) from None
        found = openai_answers.picture("OpenAI", body, self._http.said(body))
        used = openai_answers.tokens(body)
        openai_answers.store("OpenAI", found, target, self._max_bytes, self._http.fetch)
        counted = used.micro_usd(model.text_in, model.image_in, model.out)
        return Pictured(
            model=name,
            usage=used.usage,
            cost_micro_usd=counted or openai_models.estimate(model, recipe),
            revised_prompt=found.revised_prompt,
            warnings=warnings,
        )

    def _model(self, name: str | None) -> Model:
        return openai_models.named(name or self.default_model, configured=self.default_model)

    def _asked(self, recipe: Recipe, model: Model, fields: dict[str, str]) -> Json:
        """The same identity for each attempt, so that one whose answer was lost is not charged twice."""
        once = {"Idempotency-Key": recipe.identity}
        if recipe.references and model.edits:
            return self._http.call("/images/edits", form=fields, files=list(_files(recipe)), headers=once)
        return self._http.call("/images/generations", {**fields, "n": 1}, headers=once)


class Local:
    """A server of one's own that speaks like OpenAI's, perhaps only in part (stable-diffusion.cpp, LocalAI, vLLM …).

    Which part it says itself, by refusing: what it does not know is left out, and where that matters to the picture
    there is a warning.
    """

    name: ClassVar[str] = "local"

    def __init__(self, settings: Settings) -> None:
        self.default_model = settings.local_model or None
        self._max_bytes = settings.max_file_bytes
        self._base_url = settings.local_base_url
        self._http = Http(
            settings, provider="The local server", base_url=settings.local_base_url, key=Key(settings.local_api_key)
        )

    def capabilities(self, model: str | None) -> Capabilities:  # noqa: ARG002  it serves whatever it has loaded
        return Capabilities(seed=True, mask=True)

    def estimate_micro_usd(self, recipe: Recipe) -> int:  # noqa: ARG002  one's own machine
        return 0

    def generate(self, recipe: Recipe, target: Path) -> Pictured:
        across, down = pixels(recipe.aspect_ratio)
        model = recipe.model or self.default_model
        wanted = {"model": model, "size": f"{across}x{down}", "seed": recipe.seed, "response_format": "b64_json"}
        fields: Json = {"prompt": recipe.prompt, **{name: value for name, value in wanted.items() if value is not None}}
        warnings: list[str] = []
        try:
            body = self._asked(recipe, fields, warnings)
        except Refusal as refusal:
            raise openai_answers.understood("The local server", refusal) from None
        found = openai_answers.picture("The local server", body, self._http.said(body))
        openai_answers.store("The local server", found, target, self._max_bytes, self._fetch)
        return Pictured(
            model=model,
            seed=fields.get("seed"),
            usage=openai_answers.tokens(body).usage,
            revised_prompt=found.revised_prompt,
            warnings=tuple(warnings),
        )

    def _asked(self, recipe: Recipe, fields: Json, warnings: list[str]) -> Json:
        """Takes out of `fields` what the server does not know, and says so in `warnings`."""
        if not recipe.references:
            return self._with_what_it_knows("/images/generations", fields, None, warnings)
        try:
            return self._with_what_it_knows("/images/edits", fields, list(_files(recipe)), warnings)
        except Refusal as refusal:
            if refusal.status not in _NO_SUCH_ENDPOINT:
                raise
        warnings.append("The local server edits no pictures; the reference images were left out.")
        return self._with_what_it_knows("/images/generations", fields, None, warnings)

    def _with_what_it_knows(self, path: str, fields: Json, files: Files | None, warnings: list[str]) -> Json:
        while True:
            try:
                if files is None:
                    return self._http.call(path, fields)
                return self._http.call(path, form={name: str(value) for name, value in fields.items()}, files=files)
            except Refusal as refusal:
                unknown = [name for name in _OPTIONAL if name in fields and _is_about(refusal, name)]
                if not unknown:
                    raise
                for name in unknown:
                    del fields[name]
                warnings.extend(warning for name in unknown if (warning := _OPTIONAL[name]))

    def _fetch(self, url: str, target: Path) -> None:
        """Servers behind no name of their own answer with a path."""
        self._http.fetch(_origin(self._base_url) + url if url.startswith("/") else url, target)


_OPTIONAL = {
    "response_format": None,
    "seed": "The local server knows no seed; it was left out.",
    "size": "The local server did not take the size; the picture has a size of its own choice.",
}
_NO_SUCH_ENDPOINT = frozenset({404, 405, 501})
_UNPROCESSABLE = frozenset({400, 422})


def _fields(recipe: Recipe, name: str, model: Model) -> tuple[dict[str, str], tuple[str, ...]]:
    size = model.size(recipe.aspect_ratio)
    fields = {"model": name, "prompt": recipe.prompt, "size": size}
    if model.asks_for_base64:
        fields["response_format"] = "b64_json"
    if recipe.aspect_ratio in model.capabilities.aspect_ratios:
        return fields, ()
    return fields, (f"The nearest to {recipe.aspect_ratio} that {name} makes is {size}.",)


def _files(recipe: Recipe) -> Iterator[tuple[str, tuple[str, bytes, str]]]:
    """Several pictures are a list, `image[]`; one alone is `image`, which every server knows. The mask's transparent
    parts are drawn anew, in the first picture.
    """
    field = "image" if len(recipe.references) == 1 else "image[]"
    for number, reference in enumerate(recipe.references, start=1):
        yield field, _file(f"reference-{number}", reference)
    if recipe.mask:
        yield "mask", _file("mask", recipe.mask)


def _file(name: str, reference: Reference) -> tuple[str, bytes, str]:
    suffix = _SUFFIXES.get(reference.media_type, "bin")
    return f"{name}.{suffix}", reference.path.read_bytes(), reference.media_type


def _is_about(refusal: Refusal, field: str) -> bool:
    """Whether a field is what the server minds: its name stands in what it says, in whatever shape that has."""
    said = msgspec.json.encode(refusal.body).decode()
    return refusal.status in _UNPROCESSABLE and re.search(rf"\b{field}\b", said) is not None


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])
