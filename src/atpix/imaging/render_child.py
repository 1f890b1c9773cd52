"""A child that renders: `python -m atpix.imaging.render_child MAX_MEMORY_BYTES`. See `serving`."""

from atpix.imaging import messages, render, serving
from atpix.imaging.decoding import Decoder


def main() -> None:
    decoder = Decoder()

    def answer(body: bytes) -> messages.Answer:
        return messages.Drawn(render.render(messages.order(body), decoder))

    serving.serve(answer, decoder.forget)


if __name__ == "__main__":
    main()
