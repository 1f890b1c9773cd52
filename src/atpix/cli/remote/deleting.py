"""`atpix images delete`."""

import sys
from typing import Annotated

from cyclopts import Parameter

from atpix.cli.outcome import Exit, Misused
from atpix.cli.remote.arguments import Json
from atpix.cli.remote.connecting import Server, connected, exit_of, sentence
from atpix.cli.remote.presenting import print_json, print_rows, say
from atpix_client import Atpix, errors


def delete(
    *refs: Annotated[str, Parameter(name="REFS", help="Ids or names: @hero.")],
    trash: Annotated[bool, Parameter(negative="", help="Keep them for a while; `restore` brings them back.")] = False,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"), negative="", help="Do not ask.")] = False,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """Delete images for good, with their names; with --trash, only out of sight."""
    if not refs:
        raise Misused("Name the images to delete.")
    wanted = list(dict.fromkeys(refs))
    if not yes and not confirmed(_question(len(wanted), trash=trash)):
        say("Nothing was deleted.")
        return Exit.FAILED
    deleted: list[tuple[str, str]] = []
    failed: list[tuple[str, errors.AtpixError]] = []
    with connected(server) as client:
        for ref in wanted:
            try:
                deleted.append((ref, client.images.delete(ref, trash=trash)))
            except errors.APIStatusError as error:
                failed.append((ref, error))
            except errors.AtpixError as error:
                failed.append((ref, error))
                break  # nobody answers, so that the others are left alone
        return _report(client, deleted, failed, wanted[len(deleted) + len(failed) :], json=json)


def confirmed(question: str) -> bool:
    """Raises Misused where nobody can be asked."""
    if not sys.stdin.isatty():
        raise Misused("Deleting asks first, and here is no terminal to ask at: give --yes.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _question(count: int, *, trash: bool) -> str:
    what = "this image" if count == 1 else f"these {count} images"
    return f"Put {what} into the trash?" if trash else f"Delete {what} for good?"


def _report(
    client: Atpix,
    deleted: list[tuple[str, str]],
    failed: list[tuple[str, errors.AtpixError]],
    left: list[str],
    *,
    json: bool,
) -> Exit:
    if json:
        print_json(
            {
                "deleted": [{"ref": ref, "id": image_id} for ref, image_id in deleted],
                "failed": [_fault(ref, error, client.base_url) for ref, error in failed],
                "unfinished": left,
            }
        )
    elif deleted:
        print_rows(("REF", "ID"), deleted)
    for ref, error in failed:
        say(f"{ref}: {sentence(error, client.base_url)}")
    if left:
        say(f"Not tried: {', '.join(left)}.")
    if not failed:
        return Exit.DONE
    return Exit.PARTLY if deleted else exit_of(failed[-1][1])


def _fault(ref: str, error: errors.AtpixError, url: str) -> dict[str, str | None]:
    code = error.code if isinstance(error, errors.APIStatusError) else None
    return {"ref": ref, "code": code, "message": sentence(error, url)}
