"""What can go wrong with a rendition."""

from atpix.errors import AtpixError


class RenditionsSpent(AtpixError):
    """A project's budget of new renditions; those that exist are delivered as ever."""

    status, code = 429, "RATE_LIMIT_EXCEEDED"

    def __init__(self, retry_after_s: int | None) -> None:
        if retry_after_s is None:
            message = "This image has as many renditions as its project allows; ask for one of those that exist."
        else:
            message = "This project makes no more new renditions in this minute; try again later."
        super().__init__(message)
        self.retry_after_s = retry_after_s
