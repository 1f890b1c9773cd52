"""A child that renders: `python -m atpix.imaging.render_child MAX_MEMORY_BYTES`. See `serving`."""

from atpix.imaging import messages, render, serving


def main() -> None:
    serving.serve(_answer)


def _answer(body: bytes) -> messages.Answer:
    return messages.Drawn(render.render(messages.order(body)))


if __name__ == "__main__":
    main()
