"""What can go wrong with live URLs and their scopes."""

from atpix.errors import AtpixError, Overloaded, ValidationFailed
from atpix.generations.errors import BudgetExceeded, TooManyGenerations, TooManyWaiting
from atpix.ids import ImageId, Slug


class ScopeInvalidFormat(AtpixError):
    status, code = 400, "SCOPE_INVALID_FORMAT"

    def __init__(self) -> None:
        super().__init__("A scope's slug is 1 to 63 lower-case letters, digits or inner hyphens, like heroes.")


class ScopeNotFound(AtpixError):
    status, code = 404, "SCOPE_NOT_FOUND"

    def __init__(self, slug: str) -> None:
        super().__init__(f"No scope {slug} in this project; POST /api/v1/live/scopes makes one.", scope=slug)


class ScopeAlreadyExists(AtpixError):
    status, code = 409, "SCOPE_ALREADY_EXISTS"

    def __init__(self, slug: Slug) -> None:
        super().__init__(f"There is a scope {slug} already; choose another slug, or change that one.", scope=slug)


class ImageNotInScope(AtpixError):
    status, code = 400, "IMAGE_NOT_IN_SCOPE"

    def __init__(self, image: ImageId, slug: Slug) -> None:
        super().__init__(f"Image {image} was not made by a live URL of scope {slug}.", image=image, scope=slug)


class ScopeGenerationLimitExceeded(AtpixError):
    """`retry_after_s` None: not before its owner does something about it."""

    status, code = 429, "SCOPE_GENERATION_LIMIT_EXCEEDED"

    def __init__(self, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooManyNewPictures(AtpixError):
    """One client's share of this hour."""

    status, code = 429, "RATE_LIMIT_EXCEEDED"

    def __init__(self, limit: int, retry_after_s: int) -> None:
        many = "1 new picture" if limit == 1 else f"{limit} new pictures"
        super().__init__(
            f"One address may have {many} made in an hour (liveNewPerIpPerHour of the project); those that exist are"
            f" served as ever. Try again in {retry_after_s} s."
        )
        self.retry_after_s = retry_after_s


class PictureNotMade(AtpixError):
    """Looking does not make it."""

    status, code = 404, "IMAGE_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("This picture has not been made yet; GET has it made.")


class PictureUnaffordable(AtpixError):
    """Of the owner's money a visitor learns that there is none left."""

    status, code = 402, "BUDGET_EXCEEDED"

    def __init__(self) -> None:
        super().__init__("This project makes no new pictures this month; those that exist are served as ever.")


class TooManyAtOnce(AtpixError):
    """The project's limit of this minute."""

    status, code = 429, "RATE_LIMIT_EXCEEDED"

    def __init__(self, retry_after_s: int | None) -> None:
        super().__init__("This project begins no more pictures in this minute; those that exist are served as ever.")
        self.retry_after_s = retry_after_s


class NothingCanBeMade(AtpixError):
    """The project's provider or model is none that this server has, until somebody with a key changes that."""

    status, code = 502, "PROVIDER_ERROR"

    def __init__(self) -> None:
        super().__init__(
            "This project's new pictures cannot be made at present; those that exist are served as ever. Tell whoever"
            " runs the site."
        )


def for_visitors(error: AtpixError) -> AtpixError:
    """What is said to the owner of a project, as everybody may hear it: what to do, and not how large limits are."""
    match error:
        case BudgetExceeded():
            return PictureUnaffordable()
        case TooManyGenerations():
            return TooManyAtOnce(error.retry_after_s)
        case TooManyWaiting():
            return Overloaded("Many pictures of this project are being made; try again in a moment.")
        case ValidationFailed():
            return ValidationFailed.at("prompt", "names more images than can go into one picture; name fewer.")
        case _:
            return error


class PictureFailed(AtpixError):
    """The provider made none. A request after `retry_after_s` has it tried again. What the provider said is in the
    generation: it may tell of the owner's account, and is not for everybody.
    """

    sentence = "This picture could not be made."

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(self.sentence)
        self.retry_after_s = retry_after_s


class ContentBlocked(PictureFailed):
    status, code = 422, "CONTENT_BLOCKED"
    sentence = "The provider refuses to make this picture; another prompt may be fine."


class ProviderRateLimit(PictureFailed):
    status, code = 429, "PROVIDER_RATE_LIMIT"
    sentence = "The provider makes no more pictures right now."


class ProviderError(PictureFailed):
    status, code = 502, "PROVIDER_ERROR"


class ProviderTimeout(PictureFailed):
    status, code = 504, "PROVIDER_TIMEOUT"
    sentence = "The provider took too long to make this picture."


class PictureCancelled(ProviderError):
    """By somebody with a key."""

    sentence = "The making of this picture was cancelled."


def picture_failed(code: str | None, retry_after_s: int) -> PictureFailed:
    """One that was cancelled, or failed by our fault, is a provider's error here."""
    if code == "CANCELLED":
        return PictureCancelled(retry_after_s)
    kinds = {kind.code: kind for kind in (ContentBlocked, ProviderRateLimit, ProviderError, ProviderTimeout)}
    return kinds.get(code or "", ProviderError)(retry_after_s)
