"""Files are examined in child processes: see `processes` for why, and `pool` for who is next."""

from pathlib import Path

from atpix.imaging import messages
from atpix.imaging.errors import DecoderFailed
from atpix.imaging.pool import Call, Load, Pool
from atpix.imaging.sniff import MediaType
from atpix.imaging.values import Examined, Limits

_DRAWN_WITHIN_S = 5.0
"""A drawing is a program: a few nested lines keep a decoder busy for as long as it is let."""


class Examiners:
    """At most `workers` children; every method blocks and may be called from any thread. The bounds are `Pool`'s."""

    def __init__(
        self,
        workers: int,
        timeout_s: float,
        max_memory_bytes: int,
        *,
        max_waiting: int = 64,
        max_tasks: int = 1000,
    ) -> None:
        self._timeout_s = timeout_s
        self._pool = Pool(
            "atpix.imaging.child",
            workers,
            max_memory_bytes,
            max_waiting=max_waiting,
            max_tasks=max_tasks,
            busy="Too many images are being examined. Try again in a moment.",
        )
        self.warm, self.close = self._pool.warm, self._pool.close

    def examine(self, path: Path, media_type: MediaType, limits: Limits) -> Examined:
        """What the file is. Raises UnsupportedType, InvalidImage, ImageTooLarge, DecoderFailed, Busy; OSError when
        the file cannot be read.
        """
        answer = self._ask(messages.examine(path, media_type, limits))
        if isinstance(answer, messages.Seen):
            return answer.examined
        raise DecoderFailed("The decoder gave an answer to another question.")

    def strip_private(self, source: Path, target: Path, media_type: MediaType) -> bool:
        """`metadata.strip_private` in a child. Besides InvalidImage it raises what `examine` does. After a failure
        `target` may hold a part.
        """
        answer = self._ask(messages.strip(source, target, media_type))
        if isinstance(answer, messages.Stripped):
            return answer.changed
        raise DecoderFailed("The decoder gave an answer to another question.")

    def rasterise(self, source: Path, target: Path, limits: Limits) -> None:
        """Draw an SVG into a PNG, in `_DRAWN_WITHIN_S`. Raises what `examine` does. After a failure `target` may hold
        a part.
        """
        answer = self._ask(messages.rasterise(source, target, limits), min(self._timeout_s, _DRAWN_WITHIN_S))
        if not isinstance(answer, messages.Rasterised):
            raise DecoderFailed("The decoder gave an answer to another question.")

    @property
    def load(self) -> Load:
        """Of this moment, for metrics."""
        return self._pool.load

    def _ask(self, request: messages.Request, timeout_s: float | None = None) -> messages.Answer:
        call = Call(messages.packed(request), timeout_s or self._timeout_s)
        return messages.told(messages.answer(self._pool.ask(call)))
