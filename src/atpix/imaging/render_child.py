"""A child that renders: `python -m atpix.imaging.render_child MAX_MEMORY_BYTES`. See `serving`."""

from PIL import Image

from atpix.imaging import messages, render, serving
from atpix.imaging.decoding import Decoder


def main() -> None:
    Image.preinit()  # it would be done by the first order that Pillow encodes
    decoder = Decoder()

    def answer(body: bytes) -> messages.Answer:
        return messages.Drawn(render.render(messages.order(body), decoder))

    serving.serve(answer, decoder.forget)


if __name__ == "__main__":
    main()
