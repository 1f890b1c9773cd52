"""`atpix images delete`, and the question before whatever deletes."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from cyclopts import Parameter

from atpix.cli.outcome import Exit, Misused, Refused
from atpix.cli.remote import consequences
from atpix.cli.remote.arguments import Json
from atpix.cli.remote.connecting import Server, connected, exit_of, sentence
from atpix.cli.remote.presenting import as_json, print_json, print_rows, say
from atpix_client import errors
from atpix_client.models import Consequences

T = TypeVar("T")

Yes = Annotated[bool, Parameter(name=("--yes", "-y"), negative="", help="Do not ask.")]


@dataclass(frozen=True)
class _Tried(Generic[T]):
    """`left`: nobody answered any more, so that these were left alone."""

    done: Sequence[tuple[str, T]]
    failed: Sequence[tuple[str, errors.AtpixError]]
    left: Sequence[str]

    @property
    def exit(self) -> Exit:
        if not self.failed:
            return Exit.DONE
        return Exit.PARTLY if self.done else exit_of(self.failed[-1][1])


def delete(
    *refs: Annotated[str, Parameter(name="REFS", help="Ids or names: @hero.")],
    trash: Annotated[bool, Parameter(negative="", help="Keep them for a while; `restore` brings them back.")] = False,
    dry_run: Annotated[bool, Parameter(negative="", help="Only say what would go and what would stay.")] = False,
    yes: Yes = False,
    server: Server | None = None,
    json: Json = False,
) -> Exit:
    """Delete images for good, with their names; with --trash, only out of sight."""
    if not refs:
        raise Misused("Name the images to delete.")
    wanted = list(dict.fromkeys(refs))
    if not dry_run:
        ask(_question(len(wanted), trash=trash), yes=yes)
    with connected(server) as client:
        if dry_run:
            seen = _each(wanted, lambda ref: client.images.consequences(ref, trash=trash))
            _foretell(seen, client.base_url, json=json)
            return seen.exit
        gone = _each(wanted, lambda ref: client.images.delete(ref, trash=trash))
        _account(gone, client.base_url, json=json)
        return gone.exit


def ask(question: str, *, yes: bool) -> None:
    """Returns if it may be done. Raises Misused where nobody can be asked, and Refused for any answer but yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Misused("Deleting asks first, and here is no terminal to ask at: give --yes.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Refused("Nothing was deleted.")


def _question(count: int, *, trash: bool) -> str:
    what = "this image" if count == 1 else f"these {count} images"
    return f"Put {what} into the trash?" if trash else f"Delete {what} for good?"


def _each(refs: Sequence[str], call: Callable[[str], T]) -> _Tried[T]:
    """What fails for one does not keep the others, unless nobody answers."""
    done: list[tuple[str, T]] = []
    failed: list[tuple[str, errors.AtpixError]] = []
    for ref in refs:
        try:
            done.append((ref, call(ref)))
        except errors.AtpixError as error:
            failed.append((ref, error))
            if not isinstance(error, errors.APIStatusError):
                break
    return _Tried(done, failed, refs[len(done) + len(failed) :])


def _rest(tried: _Tried[T], url: str) -> dict[str, object]:
    """For JSON."""
    return {"failed": [_fault(ref, error, url) for ref, error in tried.failed], "unfinished": list(tried.left)}


def _fault(ref: str, error: errors.AtpixError, url: str) -> dict[str, str | None]:
    code = error.code if isinstance(error, errors.APIStatusError) else None
    return {"ref": ref, "code": code, "message": sentence(error, url)}


def _complain(tried: _Tried[T], url: str) -> None:
    for ref, error in tried.failed:
        say(f"{ref}: {sentence(error, url)}")
    if tried.left:
        say(f"Not tried: {', '.join(tried.left)}.")


def _account(gone: _Tried[str], url: str, *, json: bool) -> None:
    if json:
        print_json({"deleted": [{"ref": ref, "id": image_id} for ref, image_id in gone.done], **_rest(gone, url)})
    elif gone.done:
        print_rows(("REF", "ID"), gone.done)
    _complain(gone, url)


def _foretell(seen: _Tried[Consequences], url: str, *, json: bool) -> None:
    if json:
        would = [{"ref": ref, **as_json(found)} for ref, found in seen.done]
        print_json({"consequences": would, **_rest(seen, url)})
    else:
        rows = ((ref, *row) for ref, found in seen.done for row in consequences.rows(found))
        print_rows(("REF", *consequences.HEADINGS), rows)
    _complain(seen, url)
    say("Nothing was deleted.")
