"""Replicate (api.replicate.com): a prediction is created, asked about, fetched; https://replicate.com/docs/reference/http.

As with fal, an answer's own addresses are not used to ask about the prediction: its id says where it is.
"""

import re
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from atpix.providers import data_urls, hosts, masks, replicate_models
from atpix.providers.faults import Refusal
from atpix.providers.http import Http, Key
from atpix.providers.values import (
    Capabilities,
    Json,
    Pictured,
    ProviderFailed,
    Queued,
    Recipe,
    UnknownModel,
    Usage,
    nearest,
)
from atpix.settings import Settings

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*(:[A-Za-z0-9]{1,100})?")
_WAITING = ("starting", "processing")
_BLOCKED = re.compile(
    r"\bnsfw\b|\bE005\b|flagged as|as sensitive|sensitive content|safety (filter|check|system)"
    r"|content (policy|moderation)",
    re.IGNORECASE,
)
_TRANSIENT = re.compile(
    r"\bE(003|1000|6716|8367|8765|9243)\b|high demand|interrupted|timed? ?out|try again later", re.IGNORECASE
)
_THROTTLED = re.compile(r"available in (\d{1,5}) second")


class Replicate:
    name: ClassVar[str] = "replicate"

    def __init__(self, settings: Settings) -> None:
        self.default_model = settings.replicate_model
        key = Key(settings.replicate_api_key)
        self._http = Http(settings, provider="Replicate", base_url=settings.replicate_base_url, key=key)

    def capabilities(self, model: str | None) -> Capabilities:
        return replicate_models.named(self._checked(model)).capabilities

    def estimate_micro_usd(self, recipe: Recipe) -> int:
        return replicate_models.named(self._checked(recipe.model)).micro_usd

    def generate(self, recipe: Recipe, target: Path) -> Pictured | Queued:
        model = self._checked(recipe.model)
        inputs = replicate_models.named(model)
        if inputs.needs_image and not recipe.references:
            raise hosts.needs_image(model)
        body: Json = {"input": _input(recipe, inputs)}
        try:
            if ":" in model:
                prediction = self._http.call("/predictions", {"version": model.partition(":")[2], **body})
            else:
                prediction = self._http.call(f"/models/{model}/predictions", body)
        except Refusal as refusal:
            raise _reason(refusal, model) from None
        if not hosts.is_id(ref := prediction.get("id")):
            raise ProviderFailed("PROVIDER_ERROR", "Replicate took the prediction, but did not say under which id.")
        return self._outcome(prediction, ref, recipe, target)

    def poll(self, ref: str, recipe: Recipe, target: Path) -> Pictured | Queued:
        if not hosts.is_id(ref):
            raise hosts.over("What was remembered of the prediction at Replicate cannot be read.", worth_retrying=True)
        try:
            prediction = self._http.call(f"/predictions/{ref}", method="GET")
        except Refusal as refusal:
            if refusal.status == 404:
                raise hosts.over("Replicate does not know the prediction any more.", worth_retrying=True) from None
            raise _throttled(refusal) from None
        return self._outcome(prediction, ref, recipe, target)

    def cancel(self, ref: str) -> None:
        if hosts.is_id(ref):
            with suppress(ProviderFailed):
                self._http.call(f"/predictions/{ref}/cancel", {})

    def _checked(self, model: str | None) -> str:
        name = model or self.default_model
        if not _MODEL.fullmatch(name):
            raise UnknownModel(f"Replicate's models are named owner/name or owner/name:version; {name[:100]!r} is not.")
        return name

    def _outcome(self, prediction: Json, ref: str, recipe: Recipe, target: Path) -> Pictured | Queued:
        status = prediction.get("status")
        if status in _WAITING:
            return Queued(ref, hosts.AGAIN_S)
        if status == "failed":
            raise _why(self._http.said(prediction))
        if status in ("canceled", "aborted"):
            raise hosts.over(f"The prediction was {status} at Replicate.", worth_retrying=status == "aborted")
        if status != "succeeded":
            raise hosts.over(f"Replicate knows a state {str(status)[:40]!r} of the prediction that Atpix does not.")
        self._http.fetch(_picture(prediction.get("output")), target)
        model = self._checked(recipe.model)
        return Pictured(
            model=model,
            seed=recipe.seed if replicate_models.named(model).seed else None,
            usage=Usage(seconds=hosts.seconds(prediction, "predict_time")),
            cost_micro_usd=self.estimate_micro_usd(recipe),
            warnings=hosts.doubts("Replicate", model, known=replicate_models.named(model).known),
        )


def _why(said: str) -> ProviderFailed:
    if _BLOCKED.search(said):
        return ProviderFailed("CONTENT_BLOCKED", f"The model refused the prompt or its picture. It says: {said}")
    reason = f" It says: {said}" if said else ""
    return hosts.over(f"The prediction failed at Replicate.{reason}", worth_retrying=bool(_TRANSIENT.search(said)))


def _reason(refusal: Refusal, model: str) -> ProviderFailed:
    if refusal.status == 404:
        message = f"Replicate has no model {model} to run by its name; most need a version: owner/name:version."
        return ProviderFailed("PROVIDER_ERROR", message)
    if refusal.status == 402:
        return ProviderFailed("PROVIDER_ERROR", "The account at Replicate has no credit left.")
    return _throttled(refusal)


def _throttled(refusal: Refusal) -> ProviderFailed:
    """Replicate says how long to wait in a sentence, where the header is missing."""
    waits = _THROTTLED.search(str(refusal.body.get("detail", "")))
    if refusal.status == 429 and refusal.retry_after_s is None and waits:
        return ProviderFailed(refusal.code, refusal.message, worth_retrying=True, retry_after_s=float(waits[1]))
    return refusal


def _input(recipe: Recipe, inputs: replicate_models.Inputs) -> Json:
    body: Json = {"prompt": recipe.prompt, **inputs.shape(nearest(inputs.ratios, recipe.aspect_ratio))}
    if inputs.seed and recipe.seed is not None:
        body["seed"] = recipe.seed
    if inputs.image and recipe.references:
        given = [data_urls.of(reference) for reference in recipe.references[: inputs.many]]
        body[inputs.image] = given if inputs.many > 1 else given[0]
        if inputs.mask and recipe.mask:
            body[inputs.mask] = masks.white(recipe.mask)
    return body


def _picture(output: object) -> str:
    """The first picture: models answer with an address, a list of them, or an object that holds one."""
    if isinstance(output, list) and output:
        output = output[0]
    if isinstance(output, dict):
        output = output.get("image") or output.get("url")
    if not isinstance(output, str) or ":" not in output:
        raise hosts.over("Replicate finished the prediction without a picture.")
    return output
