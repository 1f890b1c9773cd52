"""One rendition, from an original's file to the shelf. Blocks; for threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from atpix.caller import Caller
from atpix.delivery.errors import RenditionsSpent
from atpix.errors import Overloaded, StorageUnavailable
from atpix.images import rows
from atpix.images.errors import ImageTooLarge, InvalidImage
from atpix.images.rows import Image
from atpix.imaging import errors as imaging
from atpix.imaging.orders import Order
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec
from atpix.imaging.values import Limits
from atpix.renditions import Facts, Key, Stored
from atpix.renditions.stored import BudgetSpent, Unwanted
from atpix.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`show_focus`: with a cross at the focal point, for one answer, and kept nowhere. `may_be_original`: where that is
    smaller and looks the same.
    """

    who: Caller
    image: Image
    spec: Spec
    output: Output
    key: Key
    key_parameters: str
    show_focus: bool = False
    may_be_original: bool = True

    @property
    def name(self) -> str:
        """Two jobs of one name make the same."""
        return f"{self.key.digest}{'+' if self.show_focus else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """`stored` is None where nothing is kept; then `body` has the bytes, unless the original `is_original`."""

    facts: Facts
    stored: Stored | None = None
    body: bytes | None = None
    is_original: bool = False
    steps_ms: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Stored) -> "Made":
        return cls(facts=stored.facts, stored=stored, is_original=stored.is_original)


def make(svc: Services, job: Job, source: Path, *, background: bool) -> Made:
    """Raises RenditionsSpent, ImageTooLarge, InvalidImage, ImageNotFound, Overloaded, StorageUnavailable."""
    with _refused_as_the_wire_says():
        if job.show_focus:
            return _drawn(svc, job, source, background=background)
        place = svc.renditions.claim_place(
            job.key,
            most_of_image=job.who.settings.new_renditions_per_image,
            most_a_minute=job.who.settings.new_renditions_per_minute,
        )
        try:
            return _drawn(svc, job, source, background=background)
        except BaseException:
            svc.renditions.give_back(place)
            raise


def _drawn(svc: Services, job: Job, source: Path, *, background: bool) -> Made:
    with svc.renditions.target() as target:
        rendered = svc.renderers.render(_order(svc, job, source, target), background=background)
        facts = Facts.of(rendered)
        if rendered.original_is_better:
            kept = (
                None if job.show_focus else svc.renditions.keep_original(job.key, facts, lambda: _is_wanted(svc, job))
            )
            return Made(facts=facts, stored=kept, is_original=True, steps_ms=rendered.steps_ms)
        kept = None if job.show_focus else svc.renditions.keep(job.key, target, facts, lambda: _is_wanted(svc, job))
        body = target.read_bytes() if kept is None else None
        return Made(facts=facts, stored=kept, body=body, steps_ms=rendered.steps_ms)


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
        may_be_original=job.may_be_original,
    )


def _is_wanted(svc: Services, job: Job) -> bool:
    """Whether the image is there still, and its focal point where it was."""
    with svc.db.read() as tx:
        image = rows.by_id(tx, job.who, job.image.id)
    if image is None or image.deleted_at is not None:
        return False
    return not job.key.focal or image.focal_point == job.image.focal_point


@contextmanager
def _refused_as_the_wire_says() -> Iterator[None]:
    """An original that was whole when it came and does not become a picture now is the image's fault, not ours."""
    try:
        yield
    except BudgetSpent as error:
        raise RenditionsSpent(error.retry_after_s) from None
    except Unwanted as error:
        raise _Changed from error
    except imaging.ImageTooLarge as error:
        raise ImageTooLarge(str(error)) from error
    except imaging.Busy as error:
        raise Overloaded("Many renditions are being made right now; try again in a moment.") from error
    except imaging.ImagingError as error:
        raise InvalidImage(str(error)) from error
    except FileNotFoundError as error:
        raise StorageUnavailable("The image's bytes cannot be read right now.") from error


class _Changed(Overloaded):
    """The next request will see what is true now."""

    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("The image has changed while its rendition was made; ask again.")
