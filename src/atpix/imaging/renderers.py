"""Renditions are made in child processes of their own, apart from those that examine uploads: see `processes`."""

from atpix.imaging import messages
from atpix.imaging.errors import DecoderFailed
from atpix.imaging.orders import Order, Rendered
from atpix.imaging.pool import Call, Load, Pool


class Renderers:
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
            "atpix.imaging.render_child",
            workers,
            max_memory_bytes,
            max_waiting=max_waiting,
            max_tasks=max_tasks,
            busy="Too many images are being rendered. Try again in a moment.",
        )
        self.warm, self.close = self._pool.warm, self._pool.close

    def render(self, order: Order, *, background: bool = False) -> Rendered:
        """Make the file `order.target`. Orders of the same `order.same` go to the child that has its pixels already.

        Background orders wait for all others, and never take the last free child. Raises UnsupportedType,
        InvalidImage, ImageTooLarge, DecoderFailed, Busy; OSError when a file cannot be read or written. After a
        failure `order.target` may hold a part.
        """
        call = Call(messages.packed(order), self._timeout_s, image=order.same, background=background)
        answer = messages.told(messages.answer(self._pool.ask(call)))
        if isinstance(answer, messages.Drawn):
            return answer.rendered
        raise DecoderFailed("The renderer gave an answer to another question.")

    @property
    def load(self) -> Load:
        """Of this moment, for metrics."""
        return self._pool.load
