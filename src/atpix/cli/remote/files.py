"""From what was typed (files, folders, patterns) to files."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".gif"})
"""What is picked up in folders. A file that was named is sent whatever it is called: its bytes decide."""


@dataclass
class Found:
    files: list[Path] = field(default_factory=list)
    missing: list[tuple[Path, str]] = field(default_factory=list)
    """What cannot be read, and why."""


def find(arguments: Sequence[str]) -> Found:
    """In the order given, folders sorted; no file twice."""
    found = Found()
    known: set[str] = set()
    for argument in arguments:
        for path in _matching(argument):
            if path.is_dir():
                _take(found, known, _within(path, found))
            elif path.is_file():
                _take(found, known, [path])
            else:
                why = "It is not a file." if os.path.lexists(path) else "There is no such file."
                found.missing.append((path, why))
    return found


def _take(found: Found, known: set[str], paths: Sequence[Path] | Iterator[Path]) -> None:
    for path in paths:
        absolute = os.path.abspath(path)  # noqa: PTH100  Path.absolute() keeps `..`
        if absolute not in known:
            known.add(absolute)
            found.files.append(path)


def _matching(argument: str) -> list[Path]:
    """A file may have `[1]` in its name, so what exists is no pattern."""
    if os.path.lexists(argument) or not glob.has_magic(argument):
        return [Path(argument)]
    hits = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207  Path.glob finds hidden files, the shell does not
    return [Path(hit) for hit in hits] or [Path(argument)]


def _within(folder: Path, found: Found) -> Iterator[Path]:
    """Links to folders are not followed, so that no loop is entered; links to files are."""

    def unreadable(error: OSError) -> None:
        found.missing.append((Path(error.filename), f"The folder cannot be read: {error.strerror}."))

    for here, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(here, name)
            if not name.startswith(".") and path.suffix.lower() in SUFFIXES and path.is_file():
                yield path
