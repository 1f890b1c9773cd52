"""`atpix images download`."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atpix.cli.outcome import Misused, Unusable
from atpix.cli.remote import progress
from atpix.cli.remote.arguments import Flow, Json, Ref
from atpix.cli.remote.connecting import Server, connected
from atpix.cli.remote.presenting import path_text, print_json, print_rows
from atpix_client import Atpix, Image

Output = Annotated[
    str,
    Parameter(
        name=("--output", "-o"),
        allow_leading_hyphen=True,
        help="A file; a folder, where it is named by its id; or - for standard output.",
    ),
]


def download(
    ref: Ref, /, *, output: Output = ".", flow: Flow = None, server: Server | None = None, json: Json = False
) -> None:
    """Fetch the original, exactly as it was uploaded. A file appears whole or not at all."""
    if output == "-" and json:
        raise Misused("-o - prints the image itself, so --json has no place; see: atpix images get --json")
    if output == "-" and sys.stdout.isatty():
        raise Misused("An image is nothing for a terminal to show: give -o FILE, or redirect the output.")
    if output.endswith("/") and not Path(output).is_dir():
        raise Misused(f"There is no folder {output}; make it first.")
    with connected(server) as client:
        image = client.images.get(ref, flow_id=flow)
        path = _fetch(client, image, output)
    if path is not None and json:
        print_json({"path": path_text(path), "id": image.id, "bytes": image.file_size})
    elif path is not None:
        print_rows(("FILE",), [(str(path),)])


def _fetch(client: Atpix, image: Image, output: str) -> Path | None:
    """Where it is now. Raises Unusable."""
    with progress.bar(image.filename or image.id, image.file_size) as bar:

        def told(received: int, _total: int | None) -> None:
            bar.tell(Path(output), received)

        try:
            if output != "-":
                return client.images.download(image, output, progress=told)
            client.images.download(image, sys.stdout.buffer, progress=told)
            return None
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Unusable(f"{output} cannot be written: {error.strerror}.") from None
