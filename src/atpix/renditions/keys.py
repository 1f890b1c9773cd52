"""What one rendition is called: everything that decides its bytes, digested, and where it is stored.

On a disk a file's name also says what it must hold (its checksum, its width and height), so that a damaged file is
noticed and an index that was lost is made again from the names alone. In a bucket a PUT is whole or did not happen, and
a name must be known to be asked for, so there it is the key's own.
"""

import hashlib
import re
from typing import NamedTuple

import msgspec

from atpix.ids import FOLLOWS_FOCUS, RENDITIONS, BlobKey, ImageId, ProjectId, rendition_folder
from atpix.imaging.engine import ENGINE
from atpix.imaging.spec import Output
from atpix.imaging.values import FocalPoint

_DIGEST_BYTES = 16
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = re.compile(
    rf"{RENDITIONS}/(?P<project>{_UUID})/(?P<two>[0-9a-f]{{2}})/(?P<image>{_UUID})/(?P<part>[fp])/"
    r"(?P<digest>[0-9a-f]{32})(?:-(?P<checksum>[0-9a-f]{8})-(?P<width>\d{1,6})x(?P<height>\d{1,6}))?"
    rf"\.(?P<output>{'|'.join(Output)})",
    re.ASCII,
)


class Key(msgspec.Struct, frozen=True):
    """`focal`: the stored focal point decides the bytes, so that they go when it moves."""

    project: ProjectId
    image: ImageId
    focal: bool
    output: Output
    digest: str

    @property
    def etag(self) -> str:
        """Strong, and the same after a restart and on every machine."""
        return f'"r-{self.digest}"'

    @property
    def blob_key(self) -> BlobKey:
        """Where a bucket has it."""
        return self._named(self.digest)

    def file_key(self, checksum: int, width: int, height: int) -> BlobKey:
        """Where a disk has it."""
        return self._named(f"{self.digest}-{checksum:08x}-{width}x{height}")

    def _named(self, name: str) -> BlobKey:
        part = FOLLOWS_FOCUS if self.focal else "p"
        return BlobKey(f"{rendition_folder(self.project, self.image)}/{part}/{name}.{self.output}")


def rendition_key(
    project: ProjectId,
    image: ImageId,
    params: str,
    output: Output,
    *,
    follows_focus: bool,
    focus: FocalPoint | None,
    also: tuple[str, ...] = (),
) -> Key:
    """`params` are canonical, `output` is decided. `focus` is the image's own and counts only if the result follows it.

    `also`: whatever else decides the bytes and is no parameter, like the metadata that a project keeps.
    """
    point = "" if not follows_focus else "none" if focus is None else f"{focus.x!r},{focus.y!r}"
    parts = (ENGINE, project, image, point, params, output, *also)
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return Key(project, image, follows_focus, output, digest)


class Named(NamedTuple):
    """What a stored name tells. `checksum`, `width` and `height` are None in a bucket."""

    key: Key
    checksum: int | None
    width: int | None
    height: int | None


def read(blob_key: str) -> Named | None:
    """None for what is no name of ours."""
    found = _NAME.fullmatch(blob_key)
    if found is None or not found["image"].endswith(found["two"]):
        return None
    key = Key(
        ProjectId(found["project"]),
        ImageId(found["image"]),
        found["part"] == FOLLOWS_FOCUS,
        Output(found["output"]),
        found["digest"],
    )
    if found["checksum"] is None:
        return Named(key, None, None, None)
    return Named(key, int(found["checksum"], 16), int(found["width"]), int(found["height"]))
