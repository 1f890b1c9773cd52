"""What tests do with shelves, also in processes of their own: nothing here is slow to import."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from atpix.blobs import Blobs
from atpix.ids import ImageId, ProjectId, new_id
from atpix.imaging.spec import Output
from atpix.imaging.values import FocalPoint
from atpix.renditions import Facts, Key, Shelf, Stored, rendition_key

PROJECT = ProjectId(new_id())
WEBP = Facts(media_type="image/webp", width=4, height=3)
OpenShelf = Callable[..., Shelf]


def key_of(
    params: str = "w=4",
    *,
    image: ImageId | None = None,
    project: ProjectId = PROJECT,
    output: Output = Output.WEBP,
    follows_focus: bool = False,
    focus: FocalPoint | None = None,
) -> Key:
    return rendition_key(project, image or ImageId(new_id()), params, output, follows_focus=follows_focus, focus=focus)


def keep(shelf: Shelf, key: Key, content: bytes = b"pixels", facts: Facts = WEBP) -> Stored | None:
    with shelf.target() as file:
        file.write_bytes(content)
        return shelf.keep(key, file, facts, lambda: True)


def found(shelf: Shelf, key: Key) -> Stored | None:
    return asyncio.run(shelf.find(key))


def files_of(folder: Path) -> list[Path]:
    return [Path(below, file) for below, _, files in os.walk(folder / "blobs" / "renditions") for file in files]


def bytes_of(folder: Path) -> int:
    """What lies there at this moment; files come and go meanwhile."""
    total = 0
    for path in files_of(folder):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def open_on(folder: Path, at: str | Blobs, now: Callable[[], int], budget_bytes: int = 10**6, **options) -> Shelf:
    blobs = Blobs.open(at, staging=folder / "staging") if isinstance(at, str) else at
    options = {"store": "a store", "failpoint": lambda _here: None, **options}
    return Shelf.open(blobs, data=folder, budget_bytes=budget_bytes, now=now, **options)
