"""Renditions are made in child processes of their own, apart from those that examine uploads: see `processes`."""

from atpix.imaging import messages
from atpix.imaging.children import Children
from atpix.imaging.errors import DecoderFailed
from atpix.imaging.orders import Order, Rendered
from atpix.imaging.pool import Call, Queued


class Renderers(Children):
    """Those that make renditions."""

    _MODULE = "atpix.imaging.render_child"
    _BUSY = "Too many images are being rendered. Try again in a moment."

    def render(self, order: Order, *, background: bool = False, queued: Queued | None = None) -> Rendered:
        """Make the file `order.target`. Orders of the same `order.same` go to the child that has its pixels already.

        Background orders wait for all others, and never take the last free child. Raises UnsupportedType,
        InvalidImage, ImageTooLarge, DecoderFailed, Busy, and GaveUp, when `queued` did so in time; OSError when a file
        cannot be read or written. After a failure `order.target` may hold a part.
        """
        call = Call(messages.packed(order), self._timeout_s, image=order.same, background=background)
        answer = self._ask(call, queued)
        if isinstance(answer, messages.Drawn):
            return answer.rendered
        raise DecoderFailed("The renderer gave an answer to another question.")
