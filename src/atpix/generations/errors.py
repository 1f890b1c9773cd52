"""What can go wrong with generations."""

from atpix.errors import AtpixError, Overloaded
from atpix.ids import GenerationId, ImageId
from atpix.windows import Rate


class GenerationNotFound(AtpixError):
    status, code = 404, "GENERATION_NOT_FOUND"

    def __init__(self, generation: GenerationId) -> None:
        super().__init__(f"No generation {generation} in this project.", generation=generation)


class GenerationInProgress(AtpixError):
    status, code = 409, "GENERATION_IN_PROGRESS"

    def __init__(self, generation: GenerationId) -> None:
        super().__init__(
            f"Generation {generation} is under way; wait for its end, or cancel it.", generation=generation
        )


class ReferenceGone(AtpixError):
    """A run cannot be repeated: an image that went into it is deleted. `trashed`: it can be had back."""

    status, code = 404, "IMAGE_NOT_FOUND"

    def __init__(self, name: str | None, sha256: str, trashed: ImageId | None = None) -> None:
        called = f"{name}, of SHA-256 {sha256}" if name else f"of SHA-256 {sha256}"
        anew = "make a new generation with references that exist"
        super().__init__(
            f"A reference image ({called}) is deleted; {anew}."
            if trashed is None
            else f"A reference image ({called}) is in the trash; POST /images/{trashed}/restore, or {anew}."
        )


class BudgetExceeded(AtpixError):
    status, code = 402, "BUDGET_EXCEEDED"

    def __init__(self, budget_usd: float) -> None:
        super().__init__(
            f"This month's budget of this project, {budget_usd:g} USD, is spent or would be by this generation; raise"
            " generationBudgetUsd, or wait for the next month (UTC)."
        )


class TooManyGenerations(AtpixError):
    """The project's limit of this minute."""

    status, code = 429, "RATE_LIMIT_EXCEEDED"

    def __init__(self, rate: Rate, now: int) -> None:
        self.retry_after_s = rate.window.left_s(now)
        many = "1 generation" if rate.limit == 1 else f"{rate.limit} generations"
        super().__init__(f"This project may ask for {many} a minute; try again in {self.retry_after_s} s.")
        self.headers = rate.headers


class TooManyWaiting(Overloaded):
    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} generations of this project wait for their turn; try again when some have ended.")
