"""One rendition, from an original's file to the shelf. Blocks; for threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from atpix.caller import Caller
from atpix.delivery.errors import RenditionsSpent
from atpix.delivery.memory import MAX_BODY_BYTES
from atpix.errors import AtpixError, Overloaded, StorageUnavailable
from atpix.images import rows
from atpix.images.errors import ImageNotFound, ImageTooLarge, InvalidImage
from atpix.images.rows import Image
from atpix.imaging import errors as imaging
from atpix.imaging.orders import Order, Original, Rendered
from atpix.imaging.pool import Queued
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec
from atpix.imaging.values import Limits
from atpix.renditions import Facts, Key, Stored
from atpix.renditions.places import Place
from atpix.renditions.stored import BudgetSpent, Unwanted
from atpix.services import Services

_TOO_COSTLY_FOR_S = 60
_DIED_FOR_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`show_focus`: with a cross at the focal point, for one answer, kept nowhere, under a key of its own."""

    who: Caller
    image: Image
    spec: Spec
    output: Output
    key: Key
    key_parameters: str
    show_focus: bool = False
    original: Original = Original.OF_SAME_TYPE

    @property
    def name(self) -> str:
        """Two jobs of one name make the same."""
        return self.key.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """`stored` is None where nothing is kept; then `body` has the bytes, unless it `is_original`. It also has them
    where they are few, so that nobody need read again what has just been written. `is_original`: there are none, see
    `orders.Rendered.original_is_better`.
    """

    facts: Facts
    stored: Stored | None = None
    body: bytes | None = None
    is_original: bool = False
    steps_ms: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Stored) -> "Made":
        return cls(facts=stored.facts, stored=stored, is_original=stored.is_original)


def make(svc: Services, job: Job, source: Path, queued: Queued, *, background: bool) -> Made:
    """A render that took too much counts in the project's budgets, as one does that came to something.

    Raises RenditionsSpent, ImageTooLarge, InvalidImage, ImageNotFound, RenderFailed, Overloaded, StorageUnavailable;
    GaveUp when `queued` did so in time.
    """
    with _refused_as_the_wire_says(svc, job):
        place = _claimed(svc, job)
        try:
            return _drawn(svc, job, source, queued, background=background)
        except BaseException as error:
            if not _was_costly(error):
                svc.renditions.give_back(place)
            raise


def _claimed(svc: Services, job: Job) -> Place | None:
    """Raises BudgetSpent. The original itself needs none: whatever led to it has claimed one."""
    if job.original is Original.ALWAYS:
        return None
    settings = job.who.settings
    return svc.renditions.claim_place(
        job.key,
        most_of_image=settings.new_renditions_per_image,
        most_a_minute=settings.new_renditions_per_minute,
    )


def without_source(svc: Services, job: Job) -> AtpixError:
    """Why its bytes are not where they were: the image has gone, or the store is in trouble. Looks, and blocks."""
    if _row(svc, job) is None:
        return ImageNotFound(job.image.id)
    return StorageUnavailable("The image's bytes cannot be read right now.")


def _drawn(svc: Services, job: Job, source: Path, queued: Queued, *, background: bool) -> Made:
    with svc.renditions.target() as target:
        rendered = _rendered(svc, _order(svc, job, source, target), queued, background=background)
        facts = Facts.of(rendered)
        if rendered.original_is_better:
            kept = (
                None if job.show_focus else svc.renditions.keep_original(job.key, facts, lambda: _is_wanted(svc, job))
            )
            return Made(facts=facts, stored=kept, is_original=True, steps_ms=rendered.steps_ms)
        body = target.read_bytes() if rendered.size <= MAX_BODY_BYTES else None
        kept = None if job.show_focus else svc.renditions.keep(job.key, target, facts, lambda: _is_wanted(svc, job))
        if kept is None and body is None:
            body = target.read_bytes()
        return Made(facts=facts, stored=kept, body=body, steps_ms=rendered.steps_ms)


def _rendered(svc: Services, order: Order, queued: Queued, *, background: bool) -> Rendered:
    """A child may be killed for what is no fault of this image: once more, in a new one."""
    try:
        return svc.renderers.render(order, background=background, queued=queued)
    except imaging.DecoderDied:
        return svc.renderers.render(order, background=background)


def _was_costly(error: BaseException) -> bool:
    return isinstance(error, imaging.DecoderFailed) and not isinstance(error, imaging.DecoderDied)


def _order(svc: Services, job: Job, source: Path, target: Path) -> Order:
    limits = svc.settings
    return Order(
        source=str(source),
        media_type=MediaType(job.image.media_type),
        target=str(target),
        spec=job.spec,
        output=job.output,
        focus=job.image.focal_point,
        same=job.image.id,
        limits=Limits(limits.max_pixels, limits.max_side_px, limits.max_frames),
        max_output_pixels=limits.max_output_pixels,
        keep_metadata=job.who.settings.keep_metadata,
        show_focus=job.show_focus,
        original=job.original,
    )


def _is_wanted(svc: Services, job: Job) -> bool:
    """Whether the image is there still, and its focal point where it was."""
    image = _row(svc, job)
    return image is not None and (not job.key.focal or image.focal_point == job.image.focal_point)


def _row(svc: Services, job: Job) -> Image | None:
    """The image as it is now, unless it was deleted."""
    with svc.db.read() as tx:
        image = rows.by_id(tx, job.who, job.image.id)
    return None if image is None or image.deleted_at is not None else image


@contextmanager
def _refused_as_the_wire_says(svc: Services, job: Job) -> Iterator[None]:
    """Only what an original itself does wrong is called invalid; what happened to a decoder may not happen again."""
    try:
        yield
    except BudgetSpent as error:
        raise RenditionsSpent(error.retry_after_s) from None
    except Unwanted as error:
        raise (_Changed() if _row(svc, job) else ImageNotFound(job.image.id)) from error
    except imaging.ImageTooLarge as error:
        raise ImageTooLarge(str(error)) from error
    except imaging.Busy as error:
        raise Overloaded("Many renditions are being made right now; try again in a moment.") from error
    except imaging.DecoderDied as error:
        raise RenderFailed("The rendition could not be made; try again in a moment.", _DIED_FOR_S) from error
    except imaging.DecoderFailed as error:
        message = "This rendition takes more time or memory than is allowed; ask for less."
        raise RenderFailed(message, _TOO_COSTLY_FOR_S) from error
    except imaging.ImagingError as error:
        raise InvalidImage(str(error)) from error
    except OSError as error:  # a child's have no number, only words
        raise without_source(svc, job) from error


class RenderFailed(Overloaded):
    """Not the original's fault, as far as is known. Not tried again before the time is over that it tells."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class _Changed(Overloaded):
    """The next request will see what is true now."""

    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("The image has changed while its rendition was made; ask again.")
