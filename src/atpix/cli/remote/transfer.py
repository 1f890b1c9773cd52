"""One file on its way to the server, and what became of it."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atpix.cli.outcome import Exit
from atpix.cli.remote.connecting import exit_of, sentence
from atpix.cli.remote.crew import Stop, Stopped
from atpix.cli.remote.known import Existing, Known
from atpix_client import Atpix, FocalPoint, Image, errors

_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_HOPELESS = (errors.Unauthorized, errors.Forbidden)


@dataclass(frozen=True, slots=True)
class Job:
    path: Path
    size_bytes: int
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Uploaded:
    path: Path
    image: Image


@dataclass(frozen=True, slots=True)
class Skipped:
    """Its content was there."""

    path: Path
    existing: Existing | None


@dataclass(frozen=True, slots=True)
class Failed:
    path: Path
    message: str
    code: str | None = None
    exit: Exit = Exit.FAILED


Outcome = Uploaded | Skipped | Failed


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What goes with every file."""

    flow_id: str | None = None
    flow_alias: str | None = None
    meta: Mapping[str, Any] | None = None
    focal_point: FocalPoint | None = None
    on_duplicate: str | None = None


Tell = Callable[[Path, int], object]
"""How many bytes of a file are done with."""


class Transfer:
    """Sends files, each from a thread of its own choosing."""

    def __init__(self, client: Atpix, beside: Beside, stop: Stop, tell: Tell) -> None:
        self._client = client
        self._beside = beside
        self._stop = stop
        self._tell = tell
        self._hopeless = False
        self.skips_existing = False
        self.known: Known | None = None

    def send(self, job: Job) -> Outcome:
        """Raises Stopped, also when an earlier file failed as all others would: no server, no right."""
        if self._hopeless:
            raise Stopped
        try:
            existing = self._existing(job)
            return self._skipped(job, existing) if existing else self._sent(job)
        except errors.AtpixError as error:
            return self._failed(job, error)
        except OSError as error:
            return Failed(job.path, f"The file cannot be read: {error.strerror}.")

    def _existing(self, job: Job) -> Existing | None:
        if self.known is None:
            return None
        with job.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if self._stop.asked:
            raise Stopped
        return self.known.find(digest)

    def _sent(self, job: Job) -> Outcome:
        try:
            return Uploaded(job.path, self._upload(job))
        except errors.DuplicateImage as error:
            if not self.skips_existing:
                raise
            return self._compared(job, error)

    def _upload(self, job: Job) -> Image:
        beside = self._beside

        def progress(sent: int, total: int | None) -> None:
            self._tell(job.path, sent)
            if self._stop.asked and sent != total:
                raise Stopped

        return self._client.images.upload(
            job.path,
            alias=job.alias,
            flow_id=beside.flow_id,
            flow_alias=beside.flow_alias,
            meta=beside.meta,
            focal_point=beside.focal_point,
            on_duplicate="reject" if self.skips_existing else beside.on_duplicate,
            progress=progress,
        )

    def _compared(self, job: Job, error: errors.DuplicateImage) -> Outcome:
        """The server has what we have not seen: because the list was not read, or came after it, or because it keeps
        files without their private metadata. Its sentence names the image.
        """
        named = _UUID.search(error.message)
        try:
            image = self._client.images.get(named[0]) if named else None
        except errors.Forbidden:
            return Skipped(job.path, None)
        return self._skipped(job, Existing.of(image, self._client.base_url) if image else None)

    def _skipped(self, job: Job, existing: Existing | None) -> Skipped:
        """A name that was asked for is given all the same."""
        if existing is not None and job.alias is not None and existing.alias != job.alias:
            self._client.images.assign_alias(existing.id, job.alias)
            existing = Existing(existing.id, job.alias, existing.url)
        self._tell(job.path, job.size_bytes)
        return Skipped(job.path, existing)

    def _failed(self, job: Job, error: errors.AtpixError) -> Failed:
        code = error.code if isinstance(error, errors.APIStatusError) else None
        unreachable = isinstance(error, errors.APIConnectionError) and not error.maybe_done
        if unreachable or isinstance(error, _HOPELESS):
            self._hopeless = True
        return Failed(job.path, sentence(error, self._client.base_url), code, exit_of(error))
