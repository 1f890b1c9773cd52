"""The account of an upload: data on standard output, what people should know on standard error."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from atpix.cli.outcome import Exit
from atpix.cli.remote.presenting import as_json, path_text, print_json, print_line, print_rows, say
from atpix.cli.remote.transfer import Failed, Outcome, Skipped, Uploaded


class Account:
    def __init__(self, *, streaming: bool) -> None:
        """`streaming`: a line for a program as soon as it is known, so that none is lost with the process."""
        self._streaming = streaming
        self._outcomes: dict[Path, Outcome] = {}
        self.base_url = ""
        self.interrupted = False

    def note(self, outcome: Outcome) -> None:
        self._outcomes[outcome.path] = outcome
        if self._streaming and (row := self._row(outcome)):
            file, id_, _alias, url = row
            print_line((file, id_, url))

    @property
    def exit(self) -> Exit:
        failed = [outcome for outcome in self._outcomes.values() if isinstance(outcome, Failed)]
        if self.interrupted:
            return Exit.INTERRUPTED
        if len(failed) < len(self._outcomes):
            return Exit.PARTLY if failed else Exit.DONE
        if failed and all(outcome.exit is Exit.UNAVAILABLE for outcome in failed):
            return Exit.UNAVAILABLE
        return Exit.FAILED

    def print(self, order: Sequence[Path], *, json: bool) -> None:
        """`order`: of the files as they were named; those without an outcome were not finished."""
        unfinished = [path for path in order if path not in self._outcomes]
        named = {path: number for number, path in enumerate(order)}
        outcomes = sorted(self._outcomes.values(), key=lambda outcome: named.get(outcome.path, -1))
        if json:
            print_json(self._as_json(outcomes, unfinished))
        elif not self._streaming:
            rows = [row for outcome in outcomes if (row := self._row(outcome))]
            if rows:
                print_rows(("FILE", "ID", "ALIAS", "URL"), rows)
        _summarise(outcomes, unfinished)

    def _row(self, outcome: Outcome) -> tuple[str, str, str, str] | None:
        match outcome:
            case Uploaded(path, image):
                return str(path), image.id, image.alias or "", urljoin(f"{self.base_url}/", image.storage_url)
            case Skipped(path, existing) if existing is not None:
                return str(path), existing.id, existing.alias or "", existing.url
            case _:
                return None

    def _as_json(self, outcomes: Sequence[Outcome], unfinished: Sequence[Path]) -> dict[str, list[Any]]:
        sections: dict[str, list[Any]] = {"uploaded": [], "skipped": [], "failed": []}
        for outcome in outcomes:
            path = path_text(outcome.path)
            match outcome:
                case Uploaded(_, image):
                    url = urljoin(f"{self.base_url}/", image.storage_url)
                    entry = {"path": path, "id": image.id, "alias": image.alias, "url": url, "image": as_json(image)}
                    sections["uploaded"].append(entry)
                case Skipped(_, None):
                    sections["skipped"].append({"path": path, "id": None, "alias": None, "url": None})
                case Skipped(_, existing) if existing is not None:
                    entry = {"path": path, "id": existing.id, "alias": existing.alias, "url": existing.url}
                    sections["skipped"].append(entry)
                case Failed(_, message, code):
                    sections["failed"].append({"path": path, "code": code, "message": message})
        return sections | {"unfinished": [path_text(path) for path in unfinished]}


def _summarise(outcomes: Sequence[Outcome], unfinished: Sequence[Path]) -> None:
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    uploaded = [outcome for outcome in outcomes if isinstance(outcome, Uploaded)]
    skipped = len(outcomes) - len(failed) - len(uploaded)
    if not outcomes and not unfinished:
        say("atpix: There is no image to upload in what was named.")
        return
    for outcome in failed:
        say(f"{outcome.path}: {outcome.message}")
    rest = f", unfinished {len(unfinished)}" if unfinished else ""
    say(f"Uploaded {len(uploaded)}, skipped {skipped}, failed {len(failed)}{rest}.")
    if located := sum(bool(outcome.image.location_found) for outcome in uploaded):
        say(f"Of them, {located} tell where they were taken; the project's setting privateMetadata can refuse that.")
