"""What a generation comes to, on the command line: its picture's name and address, saved, opened, or its failure."""

import mimetypes
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

from cyclopts import Parameter, validators

from atpix.cli.outcome import Exit, Misused, Unusable
from atpix.cli.remote import awaiting, progress
from atpix.cli.remote.connecting import exit_of
from atpix.cli.remote.presenting import as_json, print_json, print_rows, say
from atpix_client import Atpix, Generation, Image
from atpix_client.errors import codes

HEADINGS = ("GENERATION", "STATUS", "IMAGE", "NAMES", "FLOW", "URL")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Afterwards:
    wait: Annotated[
        float | None,
        Parameter(validator=validators.Number(gte=0), help="Seconds at most; 0: not at all. Else until it ends."),
    ] = None
    save: Annotated[Path | None, Parameter(help="Put the picture into this file, or into this folder.")] = None
    open: Annotated[bool, Parameter(negative="", help="Show the picture in a browser.")] = False

    def check(self) -> None:
        """Before anything is spent. Raises Misused."""
        folder = None if self.save is None else self.save if str(self.save).endswith("/") else self.save.parent
        if folder is not None and not folder.is_dir():
            raise Misused(f"There is no folder {folder} to save into; make it first.")
        if self.wait == 0 and (self.save or self.open):
            raise Misused("With --wait 0 there is no picture yet to save or to open.")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Beginning(Afterwards):
    idempotency_key: Annotated[
        str | None, Parameter(help="The same command with the same key begins nothing twice, for a day.")
    ] = None

    def key(self, new_flow: str | None) -> str:
        """Raises Misused."""
        given = self.idempotency_key
        if given is None:
            return str(uuid4())
        if not (1 <= len(given) <= 255 and given.isascii() and given.isprintable()):
            raise Misused("--idempotency-key is 1 to 255 printable characters of ASCII.")
        if new_flow is not None:
            raise Misused("With --idempotency-key give the flow's id: `new` is another one each time.")
        return given


def begin(
    client: Atpix,
    begun: Callable[[str], Generation],
    beginning: Beginning | None,
    *,
    json: bool,
    flow_alias: str | None = None,
    new_flow: str | None = None,
) -> Exit:
    """`finish` for one that `begun` makes begin, of an idempotency key. `new_flow`: the id that `--flow new` became."""
    wanted = beginning or Beginning()
    wanted.check()
    key = wanted.key(new_flow)
    with awaiting.perhaps_begun(client, key, new_flow):
        generation = begun(key)
    return finish(client, generation, wanted, json=json, flow_alias=flow_alias)


def finish(
    client: Atpix, generation: Generation, wanted: Afterwards, *, json: bool, flow_alias: str | None = None
) -> Exit:
    """Wait, tell. Exits with 0 when there is a picture, or with `--wait 0`; with 4 when time was over before."""
    with awaiting.kept_in_mind(client, generation):
        generation = awaiting.until_ended(client, generation, wanted.wait)
    with awaiting.kept_in_mind(client, generation):
        saved = _saved(client, generation, wanted.save)
    _tell(generation, client.base_url, saved, json=json, flow_alias=flow_alias)
    if wanted.open and generation.output_image is not None and generation.status == "success":
        _show(_address(generation.output_image, client.base_url))
    return _exit(generation, asked_to_wait=wanted.wait != 0)


def _tell(
    generation: Generation, base_url: str, saved: Path | None, *, json: bool, flow_alias: str | None = None
) -> None:
    if json:
        print_json(as_json(generation) | ({} if saved is None else {"saved": str(saved)}))
    elif generation.status != "failed":
        print_rows(HEADINGS, [row(generation, base_url, flow_alias)])
    for warning in generation.warnings:
        say(f"Warning: {warning}")
    if saved is not None:
        say(_said_of_file(saved, generation))
    if generation.error is not None:
        say(f"atpix: Generation {generation.id} failed: {generation.error.message} ({generation.error.code})")
    elif not generation.has_ended:
        say(f"It is under way. To look: atpix generations watch {generation.id}")


def _said_of_file(saved: Path, generation: Generation) -> str:
    """Providers choose the type, and whoever named the file could not know it."""
    found = generation.output_image.mime_type if generation.output_image else None
    named = mimetypes.guess_type(saved.name)[0]
    return f"Saved as {saved}." if named == found else f"Saved as {saved}; it is {found}, whatever its name says."


def row(generation: Generation, base_url: str, flow_alias: str | None = None) -> tuple[str, ...]:
    image = generation.output_image
    names = [name for name in (image and image.alias, flow_alias, *((image and image.flow_aliases) or ())) if name]
    return (
        generation.id,
        generation.status,
        generation.output_image_id or "",
        " ".join(dict.fromkeys(names)),
        generation.flow_id or "",
        "" if image is None else _address(image, base_url),
    )


def _exit(generation: Generation, *, asked_to_wait: bool) -> Exit:
    if generation.error is not None:
        return exit_of(codes.of_generation(generation.error.code, generation.error.message))
    return Exit.DONE if generation.has_ended or not asked_to_wait else Exit.PARTLY


def _saved(client: Atpix, generation: Generation, to: Path | None) -> Path | None:
    """Raises Unusable."""
    image = generation.output_image
    if to is None or image is None or generation.status != "success":
        return None
    with progress.bar(image.id, image.file_size) as bar:
        try:
            return client.images.download(image, to, progress=lambda received, _total: bar.tell(to, received))
        except OSError as error:
            raise Unusable(f"{to} cannot be written: {error.strerror}. {awaiting.what_now(generation)}") from None


def _show(url: str) -> None:
    """The address is the server's word, and a desktop does anything at all with those that are not of the web."""
    if urlsplit(url).scheme not in {"http", "https"}:
        say(f"Only http and https are opened; the address is {url}")
    elif not webbrowser.open(url):
        say(f"There is no browser to open here; the address is {url}")


def _address(image: Image, base_url: str) -> str:
    return urljoin(f"{base_url}/", image.storage_url)
