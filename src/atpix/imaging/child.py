"""A child that examines: `python -m atpix.imaging.child MAX_MEMORY_BYTES`. See `serving`."""

from pathlib import Path

from atpix.imaging import drawing, examine, messages, metadata, serving


def main() -> None:
    serving.serve(lambda body: _answer(messages.request(body)))


def _answer(request: messages.Request) -> messages.Answer:
    match request:
        case messages.Examine():
            return messages.Seen(examine.examine(Path(request.path), request.media_type, request.limits))
        case messages.Strip():
            source, target = Path(request.source), Path(request.target)
            return messages.Stripped(metadata.strip_private(source, target, request.media_type))
        case messages.Rasterise():
            drawing.rasterise(Path(request.source), Path(request.target), request.limits)
            return messages.Rasterised()


if __name__ == "__main__":
    main()
