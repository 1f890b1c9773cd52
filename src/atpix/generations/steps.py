"""One generation, from its claim to its end or to its next attempt. Every step is safe to repeat, from the first one.

A picture that a provider has made is not asked for again: its bytes are stored under the planned id before anything
else is done with them, and whoever goes on finds them there. What our own store and database cannot do now is tried
again; the picture waits.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import structlog

from atpix.blobs import StagedFile
from atpix.errors import AtpixError, Overloaded, StorageUnavailable
from atpix.generations import finishing, keeping, queue, referencing, setbacks
from atpix.generations.finishing import Outcome
from atpix.generations.queue import Claimed
from atpix.generations.rows import Generation
from atpix.generations.setbacks import Spoiled
from atpix.generations.work import Work, Workplace, insist
from atpix.images import errors as refused
from atpix.images import uploads
from atpix.images.rows import Image
from atpix.providers.registry import UnknownProvider
from atpix.providers.values import (
    AspectRatio,
    Pictured,
    Provider,
    ProviderFailed,
    Queued,
    Recipe,
    UnknownModel,
    queueing,
)
from atpix.services import Services

log = structlog.get_logger("atpix.generations")

_RATIO_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class _Picture:
    """Stored. `path` is for reading."""

    path: Path
    answer: Pictured


def carry_out(place: Workplace, work: Work) -> Queued | None:
    """As far as it goes now. `Queued`: the provider is to be asked again; None: it is over for this runner.

    Raises StorageUnavailable, Overloaded when not even a failure can be written down: then the lease ends by itself.
    """
    try:
        return _steps(place, work)
    except ProviderFailed as failure:
        return setbacks.after_failure(place, work, failure)
    except Spoiled as spoiled:
        setbacks.after_spoiled(place, work, str(spoiled))
    except (StorageUnavailable, Overloaded) as error:
        setbacks.after_own_failure(place, work, error)
    except OSError as error:
        log.warning("disk_failed", generation=work.run.id, reason=error.strerror)
        setbacks.after_own_failure(place, work, StorageUnavailable("The server's data folder takes no file right now."))
    except AtpixError as error:
        setbacks.fail(place, work, error.code, error.message)
    except (UnknownProvider, UnknownModel) as error:
        setbacks.fail(place, work, "PROVIDER_ERROR", str(error))
    except Exception:
        log.exception("generation_failed", generation=work.run.id)
        setbacks.fail(place, work, "INTERNAL_ERROR", setbacks.WENT_WRONG)
    return None


def _steps(place: Workplace, work: Work) -> Queued | None:
    """In a folder of its own: references on their way out, and what must be looked at."""
    svc = place.svc
    with tempfile.TemporaryDirectory(dir=place.folder, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        provider = svc.providers.named(work.run.provider)
        picture = _stored_before(place, work, provider, folder)
        if picture is None:
            answer = _polled(place, work, provider, folder) if work.ref else _called(place, work, provider, folder)
            if isinstance(answer, Queued):
                return answer
            picture = answer
        if picture is not None:
            _finish(place, work, picture)
    return None


def _stored_before(place: Workplace, work: Work, provider: Provider, folder: Path) -> _Picture | None:
    """What an earlier attempt has left. What it said of itself is lost; the cost is estimated again."""
    svc = place.svc
    if not work.claimed.was_planned or svc.blobs.size(work.key) is None:
        return None
    path = svc.blobs.local_path(work.key) or referencing.fetched(svc, work.key, folder / "picture")
    cost = work.run.cost_micro_usd
    estimate = provider.estimate_micro_usd(_recipe(work)) if cost is None else cost
    return _Picture(path, Pictured(model=work.run.model, cost_micro_usd=estimate))


def _called(place: Workplace, work: Work, provider: Provider, folder: Path) -> _Picture | Queued | None:
    svc = place.svc
    if work.run.attempts > svc.settings.generation_attempts:
        raise ProviderFailed("PROVIDER_ERROR", "It was begun as often as is allowed, and never came to an end.")
    _enhance(place, work)
    references, mask = referencing.prepared(svc, work.claimed, folder)
    recipe = _recipe(work, references=references, mask=mask)
    with insist(place, work, svc.blobs.stage) as target:
        svc.failpoint("generation.planned")
        if place.stopping.is_set():
            raise Overloaded("This server is about to end.")
        work.called = True
        answer = provider.generate(recipe, target.path)
        return _taken(place, work, answer, target, folder)


def _polled(place: Workplace, work: Work, provider: Provider, folder: Path) -> _Picture | Queued | None:
    svc, ref = place.svc, work.ref
    assert ref is not None
    with svc.db.read() as tx:
        if not queue.is_mine(tx, work.run):
            insist(place, work, lambda: finishing.disown(svc, work.claimed))
            return None
    if svc.now() >= work.deadline:
        raise ProviderFailed("PROVIDER_TIMEOUT", setbacks.TOO_LATE)
    with insist(place, work, svc.blobs.stage) as target:
        answer = queueing(provider).poll(ref, _recipe(work), target.path)
        work.failed_polls = 0
        return _taken(place, work, answer, target, folder)


def _taken(
    place: Workplace, work: Work, answer: Pictured | Queued, target: StagedFile, folder: Path
) -> _Picture | Queued | None:
    """A reference to a job is written down at once, and so are bytes. None: nobody wants it any more."""
    svc = place.svc
    if isinstance(answer, Queued):
        return answer if answer.ref == work.ref else _handed_in(place, work, answer)
    svc.failpoint("generation.answered")
    return _Picture(keeping.keep(place, work, target, folder), answer)


def _handed_in(place: Workplace, work: Work, job: Queued) -> Queued | None:
    """Written down before anything else. A job that cannot be, for whatever reason, is given up where it was handed in:
    nobody else knows of it.
    """
    svc, is_kept = place.svc, False
    try:
        is_kept = insist(place, work, lambda: _remember_job(svc, work, job.ref))
    finally:
        if not is_kept:
            svc.providers.give_up(work.run.provider, job.ref)
    if not is_kept:
        insist(place, work, lambda: finishing.disown(svc, work.claimed))
        return None
    work.ref = job.ref
    svc.failpoint("generation.queued")
    return job


def _remember_job(svc: Services, work: Work, ref: str) -> bool:
    """False: cancelled or deleted while it was handed in."""
    with svc.db.transaction() as tx:
        return queue.change(tx, work.run, provider_ref=ref)


def _enhance(place: Workplace, work: Work) -> None:
    """Once a run, where there is an enhancer. When it fails the prompt is used as it is."""
    svc, run = place.svc, work.run
    if not run.auto_enhance or run.enhanced or (enhancer := svc.providers.enhancer) is None:
        return
    new: dict[str, object] = {"enhanced": True}
    try:
        prompt = enhancer.enhance(run.prompt, run.template or "general")
        new |= {"prompt": prompt, "original_prompt": run.prompt}
    except ProviderFailed as failure:
        work.warnings.append(f"The prompt was used as it is, not enhanced: {failure.message}")
        new |= {"warnings": work.warnings}
    insist(place, work, lambda: _write(svc, run, new))
    work.claimed = _with(work.claimed, msgspec.structs.replace(run, **new))
    svc.failpoint("generation.enhanced")


def _write(svc: Services, run: Generation, columns: dict[str, object]) -> None:
    with svc.db.transaction(durable=False) as tx:
        queue.change(tx, run, **columns)


def _with(claimed: Claimed, run: Generation) -> Claimed:
    return Claimed(run, claimed.who, claimed.inputs, claimed.was_planned)


def _recipe(work: Work, **inputs: object) -> Recipe:
    run = work.run
    recipe = Recipe(
        identity=f"{run.id}-{run.run}",
        prompt=run.prompt,
        aspect_ratio=cast("AspectRatio", run.aspect_ratio),  # the row was written from one
        model=run.model,
        seed=run.seed,
        variation=run.run,
    )
    return msgspec.structs.replace(recipe, **inputs)


def _finish(place: Workplace, work: Work, picture: _Picture) -> None:
    image = insist(place, work, lambda: _image(place, work, picture.path))
    warnings = [*work.warnings, *picture.answer.warnings, *_other_ratio(work.run, image)]
    answer = picture.answer
    usage: dict[str, Any] = {"images": answer.usage.images, **msgspec.to_builtins(answer.usage)}
    if answer.seed is not None:
        usage["seed"] = answer.seed
    outcome = Outcome(answer.model, usage, answer.cost_micro_usd, list(dict.fromkeys(warnings)))
    with place.writing:
        insist(place, work, lambda: finishing.succeed(place.svc, work.claimed, image, outcome))


def _image(place: Workplace, work: Work, path: Path) -> Image:
    """Checked as an upload is. Raises Spoiled, Overloaded."""
    svc, run = place.svc, work.run
    if (media_type := keeping.type_of(path)) is None:
        raise Spoiled("The provider sent something that is no picture.")
    try:
        with place.examining:
            seen = uploads.examined(svc, path, media_type)
    except (refused.InvalidImage, refused.ImageTooLarge, refused.UnsupportedFileType) as error:
        raise Spoiled(f"The provider sent a picture that cannot be kept: {error.message}") from error
    order = uploads.Order(flow=run.flow_id)
    image = uploads.row(work.claimed.who, work.claimed.planned, path, media_type, seen, order)
    return msgspec.structs.replace(image, source="generated", generation_id=run.id)


def _other_ratio(run: Generation, image: Image) -> list[str]:
    across, down = (int(part) for part in run.aspect_ratio.split(":"))
    if abs(image.width * down / (image.height * across) - 1) <= _RATIO_TOLERANCE:
        return []
    return [f"The provider made {image.width} x {image.height} pixels where {run.aspect_ratio} was asked for."]
