"""`atpix renditions warm` and `purge`."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, cast
from urllib.parse import urljoin

import httpx2
import msgspec
from cyclopts import Parameter, validators

from atpix.cli.addressing import Look, Signature
from atpix.cli.outcome import Exit, Misused
from atpix.cli.remote.arguments import Json, Ref
from atpix.cli.remote.connecting import Server, connected, sentence
from atpix.cli.remote.crew import Crew, Stop
from atpix.cli.remote.presenting import print_json, print_rows, say
from atpix_client import Atpix, errors, failures, signing, urls

_ACCEPTS = ("image/avif,image/webp,*/*", "image/webp,*/*", "*/*")
"""One browser of each class that delivery tells apart."""


@dataclass(frozen=True, slots=True)
class Asked:
    url: str
    accept: str


@dataclass(frozen=True, slots=True)
class Answered:
    """`fault` is a sentence, or nothing."""

    asked: Asked
    status: int | None
    media_type: str
    size: int
    cache: str
    fault: str = ""


def purge(ref: Ref, /, *, server: Server | None = None, json: Json = False) -> None:
    """Forget the renditions of an image; they are made anew when they are asked for."""
    with connected(server) as client:
        count = client.images.purge(ref)
    if json:
        print_json({"ref": ref, "purged": count})
    else:
        say(f"Purged {count} renditions of {ref}.")


def warm(
    *refs: Annotated[str, Parameter(name="REFS", help="Ids or names, or whole addresses of renditions.")],
    widths: Annotated[str, Parameter(help="Of ids and names: 320,640,1280.")] = "",
    concurrency: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=64), help="So many at a time.")] = 2,
    look: Look | None = None,
    signature: Signature | None = None,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """Ask for renditions before anyone else does: each width, for each kind of browser."""
    if not refs:
        raise Misused("Name the images to warm, or the addresses.")
    sign = (signature or Signature()).signer(int(time.time()))
    parameters, sizes = (look or Look()).parameters(), _widths(widths)
    if "w" in parameters and sizes:
        raise Misused("Give --w or --widths, not both.")
    with connected(server) as client:
        asked = []
        for address in (address for ref in refs for address in _addresses(client, ref, sizes, parameters)):
            accepts = ("*/*",) if _names_format(address) else _ACCEPTS
            asked += [Asked(sign(address) if sign else address, accept) for accept in accepts]
        stop = Stop()
        crew: Crew[Asked, Answered] = Crew(lambda one: _get(client, one), concurrency, stop)
        with stop.on_interrupt():
            answers = list(crew.results(asked))
    return _report(answers, json=json, interrupted=stop.asked)


def _addresses(client: Atpix, ref: str, sizes: list[int], look: urls.Transformations) -> Iterator[str]:
    """Raises the client's errors, Misused."""
    if "://" in ref:
        yield ref
        return
    if not sizes and not look:
        raise Misused("Say which renditions: --widths 320,640,1280, or --w, --preset and so on.")
    image = client.images.get(ref)
    own = urljoin(f"{client.base_url}/", image.storage_url)
    # By the word it was asked for: addresses by name are others to caches, and the renditions the same.
    address = f"{own.rpartition('/')[0]}/{ref}" if ref.startswith("@") else own
    for size in sizes:
        yield urls.transformed(address, **cast("urls.Transformations", {**look, "w": size}))
    if not sizes:
        yield urls.transformed(address, **look)


def _names_format(address: str) -> bool:
    """Raises Misused."""
    try:
        given = dict(signing.canonical(signing.parameters(address)[1]))
    except ValueError as error:
        raise Misused(f"{error}.") from None
    return given.get("format", "auto") != "auto"


def _get(client: Atpix, asked: Asked) -> Answered:
    """Public, so without the key."""
    runner = client.images.runner
    try:
        with failures.translated():
            answer = runner.http.get(asked.url, headers={"Accept": asked.accept}, timeout=runner.server.timeout)
    except errors.APIConnectionError as error:
        return Answered(asked, None, "", 0, "", sentence(error, asked.url))
    kind, cache = answer.headers.get("content-type", ""), _cache(answer)
    fault = "" if answer.is_success else f"{answer.status_code} {_message(answer.content)}"
    return Answered(asked, answer.status_code, kind, len(answer.content), cache, fault)


def _cache(answer: httpx2.Response) -> str:
    """What Server-Timing says of the shelf: hit, miss, memory."""
    _, marked, rest = answer.headers.get("server-timing", "").partition('cache;desc="')
    return rest.partition('"')[0] if marked else ""


def _message(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["error"]["message"])
    except (msgspec.DecodeError, LookupError, TypeError):
        return "from something that is not Atpix."


def _report(answers: list[Answered], *, json: bool, interrupted: bool) -> Exit:
    failed = [answer for answer in answers if answer.fault]
    if json:
        print_json(
            [
                {
                    "url": answer.asked.url,
                    "accept": answer.asked.accept,
                    "status": answer.status,
                    "mediaType": answer.media_type,
                    "bytes": answer.size,
                    "cache": answer.cache,
                    "message": answer.fault or None,
                }
                for answer in answers
            ]
        )
    else:
        rows = [(answer.asked.url, answer.media_type, str(answer.size), answer.cache) for answer in answers]
        print_rows(("URL", "TYPE", "BYTES", "CACHE"), rows)
    for answer in failed:
        say(f"{answer.asked.url}: {answer.fault}")
    if interrupted:
        return Exit.INTERRUPTED
    if not failed:
        return Exit.DONE
    if len(failed) < len(answers):
        return Exit.PARTLY
    return Exit.UNAVAILABLE if all(answer.status is None for answer in failed) else Exit.FAILED


def _widths(text: str) -> list[int]:
    """Raises Misused."""
    try:
        found = [int(part) for part in text.split(",")] if text else []
    except ValueError:
        found = [0]
    if any(width < 1 for width in found):
        raise Misused(f"--widths are whole numbers with commas between them; {text!r} are none.")
    return found
