"""fal (queue.fal.run): a job is submitted, asked about, fetched; https://fal.ai/docs, pages Queue and Errors.

The addresses that an answer names for its job are not used: they follow from the model's name and the job's id, so that
the key goes nowhere else, and a gateway in front of fal works.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from atpix.providers import data_urls, fal_models, hosts, masks, telling
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
    seed_in,
)
from atpix.settings import Settings

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){1,7}")
_NAMESPACES = frozenset({"workflows", "comfy"})
_LONGEST_AGAIN_S = 10.0
_WAITING = ("IN_QUEUE", "IN_PROGRESS")
_TRANSIENT = frozenset(
    {
        "internal_server_error",
        "internal_error",
        "generation_timeout",
        "downstream_service_unavailable",
        "request_timeout",
        "startup_timeout",
    }
)


class _Job(msgspec.Struct, frozen=True):
    """What has to be remembered of a job: the application it runs in, and its id."""

    app: str
    id: str

    @property
    def path(self) -> str:
        return f"/{self.app}/requests/{self.id}"


class Fal:
    name: ClassVar[str] = "fal"

    def __init__(self, settings: Settings) -> None:
        self.default_model = settings.fal_model
        key = Key(settings.fal_api_key, scheme="Key")
        self._http = Http(settings, provider="fal", base_url=settings.fal_base_url, key=key)

    def capabilities(self, model: str | None) -> Capabilities:
        return fal_models.named(self._checked(model))[1].capabilities

    def estimate_micro_usd(self, recipe: Recipe) -> int:
        _, family = fal_models.named(self._checked(recipe.model))
        return family.estimate(nearest(family.ratios, recipe.aspect_ratio))

    def generate(self, recipe: Recipe, target: Path) -> Pictured | Queued:  # noqa: ARG002  fal always queues
        model = self._checked(recipe.model)
        endpoint, family, edit = fal_models.endpoint(model, recipe)
        if not endpoint:
            raise hosts.needs_image(model)
        with _explained(taken=False):
            answer = self._http.call(f"/{endpoint}", _input(recipe, family, edit))
        if not hosts.is_id(job_id := answer.get("request_id")):
            raise ProviderFailed("PROVIDER_ERROR", "fal took the job, but did not say under which id.")
        job = _Job(_app(endpoint), job_id)
        return Queued(msgspec.json.encode(job).decode(), _again_s(answer))

    def poll(self, ref: str, recipe: Recipe, target: Path) -> Pictured | Queued:
        job = _parsed(ref)
        with _explained(taken=True):
            status = self._http.call(f"{job.path}/status", method="GET")
            if status.get("status") in _WAITING:
                return Queued(ref, _again_s(status))
            if status.get("status") != "COMPLETED":
                raise hosts.over(
                    f"fal knows a state {str(status.get('status'))[:40]!r} of the job that Atpix does not."
                )
            result = self._http.call(job.path, method="GET")
        self._http.fetch(_picture(result), target)
        return self._pictured(recipe, status, result)

    def cancel(self, ref: str) -> None:
        with suppress(ProviderFailed):
            self._http.call(f"{_parsed(ref).path}/cancel", method="PUT")

    def _checked(self, model: str | None) -> str:
        name = model or self.default_model
        if not _MODEL.fullmatch(name):
            raise UnknownModel(f"fal's models are named like {self.default_model}; {name[:100]!r} is not.")
        return name

    def _pictured(self, recipe: Recipe, status: Json, result: Json) -> Pictured:
        model = self._checked(recipe.model)
        prompt = result.get("prompt")
        return Pictured(
            model=model,
            seed=seed_in(result.get("seed")),
            usage=Usage(seconds=hosts.seconds(status, "inference_time")),
            cost_micro_usd=self.estimate_micro_usd(recipe),
            revised_prompt=prompt if isinstance(prompt, str) and prompt not in {"", recipe.prompt} else None,
            warnings=hosts.doubts("fal", model, known=fal_models.named(model)[1].known),
        )


@contextmanager
def _explained(*, taken: bool) -> Iterator[None]:
    """A refusal inside becomes what fal's own words make of it. `taken`: it speaks of a job that fal has taken."""
    try:
        yield
    except Refusal as refusal:
        raise _reason(refusal, taken=taken) from None


def _reason(refusal: Refusal, *, taken: bool) -> ProviderFailed:
    kinds = _kinds(refusal.body)
    if "content_policy_violation" in kinds:
        return ProviderFailed("CONTENT_BLOCKED", "fal refused the prompt or an image under its content policy.")
    if taken and refusal.status == 404:
        return hosts.over("fal does not know the job any more.", worth_retrying=True)
    if taken and kinds:
        again = refusal.worth_retrying or bool(kinds & _TRANSIENT)
        return hosts.over(refusal.message, worth_retrying=again)
    return refusal


def _kinds(body: Json) -> set[str]:
    """The words for programs: `error_type` of the platform's errors, `detail[].type` of the models'."""
    detail = body.get("detail")
    errors: list[Any] = detail if isinstance(detail, list) else []
    named = [error.get("type") for error in errors if isinstance(error, dict)] + [body.get("error_type")]
    return {kind for kind in named if isinstance(kind, str)}


def _input(recipe: Recipe, family: fal_models.Family, edit: fal_models.Edit | None) -> Json:
    body: Json = {"prompt": recipe.prompt, "num_images": 1}
    body |= family.shape(nearest(family.ratios, recipe.aspect_ratio))
    if family.seed and recipe.seed is not None:
        body["seed"] = recipe.seed
    if edit:
        given = [data_urls.of(reference) for reference in recipe.references[: edit.up_to]]
        if edit.input == "image_url" or not family.known:
            body["image_url"] = given[0]
        if edit.input == "image_urls" or not family.known:
            body["image_urls"] = given
        if edit.mask and recipe.mask:
            body["mask_url"] = masks.white(recipe.mask)
    return body


def _app(endpoint: str) -> str:
    """What is behind the first two names (three in a namespace) belongs to the endpoint and not to the queue."""
    names = endpoint.split("/")
    return "/".join(names[: 3 if names[0] in _NAMESPACES else 2])


def _parsed(ref: str) -> _Job:
    """Raises ProviderFailed for what we did not write."""
    with suppress(msgspec.DecodeError):
        job = msgspec.json.decode(ref, type=_Job)
        if _MODEL.fullmatch(job.app) and hosts.is_id(job.id):
            return job
    raise hosts.over("What was remembered of the job at fal cannot be read.", worth_retrying=True)


def _again_s(answer: Json) -> float:
    ahead = answer.get("queue_position")
    if not isinstance(ahead, int) or ahead <= 0:
        return hosts.AGAIN_S
    return min(_LONGEST_AGAIN_S, hosts.AGAIN_S * (1 + telling.counted(ahead)))


def _picture(result: Json) -> str:
    """The address of the first picture. One that the safety checker has blackened is none."""
    flags = result.get("has_nsfw_concepts")
    if flags is True or (isinstance(flags, list) and flags[:1] == [True]):
        raise ProviderFailed("CONTENT_BLOCKED", "fal's safety checker withheld the picture.")
    images = result.get("images")
    first = images[0] if isinstance(images, list) and images else result.get("image")
    url = first.get("url") if isinstance(first, dict) else first
    if not isinstance(url, str) or not url:
        raise hosts.over("fal finished the job without a picture.")
    return url
