"""Files are examined in child processes: see `processes` for why, and `pool` for who is next."""

from pathlib import Path
from typing import ClassVar

from atpix.imaging import messages
from atpix.imaging.errors import DecoderFailed, ImageTooLarge, TooMuchMemory
from atpix.imaging.pool import Call, Load, Pool, Queued
from atpix.imaging.sniff import MediaType
from atpix.imaging.values import Examined, Limits

RENDERING_BYTES = 160 << 20
"""What a rendition of moderate size takes beside the decoder of its source (docs/decisions/memory-of-children.md).
Examiners have less memory than renderers by this, so that nothing is taken that can never be shown smaller.
"""
_DRAWN_WITHIN_S = 5.0
"""A drawing is a program: a few nested lines keep a decoder busy for as long as it is let."""


class Children:
    """At most `workers` children; every method blocks and may be called from any thread. The bounds are `Pool`'s."""

    _MODULE: ClassVar[str]
    _BUSY: ClassVar[str]

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
            self._MODULE,
            workers,
            max_memory_bytes,
            max_waiting=max_waiting,
            max_tasks=max_tasks,
            busy=self._BUSY,
        )
        self.warm, self.close = self._pool.warm, self._pool.close

    @property
    def load(self) -> Load:
        """Of this moment, for metrics."""
        return self._pool.load

    def _ask(self, call: Call, queued: Queued | None = None) -> messages.Answer:
        """What was refused is raised."""
        return messages.told(messages.answer(self._pool.ask(call, queued)))


class Examiners(Children):
    """Those that look at uploads."""

    _MODULE = "atpix.imaging.child"
    _BUSY = "Too many images are being examined. Try again in a moment."

    def examine(self, path: Path, media_type: MediaType, limits: Limits) -> Examined:
        """What the file is. Raises UnsupportedType, InvalidImage, ImageTooLarge, DecoderFailed, Busy; OSError when
        the file cannot be read.
        """
        answer = self._answer(messages.examine(path, media_type, limits))
        if isinstance(answer, messages.Seen):
            return answer.examined
        raise DecoderFailed("The decoder gave an answer to another question.")

    def strip_private(self, source: Path, target: Path, media_type: MediaType) -> bool:
        """`metadata.strip_private` in a child. Besides InvalidImage it raises what `examine` does. After a failure
        `target` may hold a part.
        """
        answer = self._answer(messages.strip(source, target, media_type))
        if isinstance(answer, messages.Stripped):
            return answer.changed
        raise DecoderFailed("The decoder gave an answer to another question.")

    def rasterise(self, source: Path, target: Path, limits: Limits) -> None:
        """Draw an SVG into a PNG, in `_DRAWN_WITHIN_S`. Raises what `examine` does. After a failure `target` may hold
        a part.
        """
        answer = self._answer(messages.rasterise(source, target, limits), min(self._timeout_s, _DRAWN_WITHIN_S))
        if not isinstance(answer, messages.Rasterised):
            raise DecoderFailed("The decoder gave an answer to another question.")

    def _answer(self, request: messages.Request, timeout_s: float | None = None) -> messages.Answer:
        try:
            return self._ask(Call(messages.packed(request), timeout_s or self._timeout_s))
        except TooMuchMemory as error:
            raise ImageTooLarge(
                "Decoding the image takes more memory than is allowed here. Scale it down, or save it in a form "
                "that is decoded row by row: a JPEG that is not progressive, or a PNG that is not interlaced."
            ) from error
