"""Ids and names as types, so that one is never taken for another.

Ids are UUIDs in lower-case text. Ours are version 7: they begin with their time of creation in milliseconds, so
that sorting by id is sorting by age.
"""

import re
from typing import Literal, NamedTuple, NewType, Self, get_args

from uuid_utils import uuid7

from atpix.errors import AtpixError, ValidationFailed

OrganizationId = NewType("OrganizationId", str)
ProjectId = NewType("ProjectId", str)
KeyId = NewType("KeyId", str)
ImageId = NewType("ImageId", str)
FlowId = NewType("FlowId", str)
GenerationId = NewType("GenerationId", str)
ScopeId = NewType("ScopeId", str)
Slug = NewType("Slug", str)
BlobKey = NewType("BlobKey", str)

RENDITIONS = "renditions"
"""What the key of every rendition begins with, and of no original."""
FOLLOWS_FOCUS = "f"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_IMAGE_KEY = re.compile(rf"({_UUID.pattern})/([0-9a-f]{{2}})/({_UUID.pattern})", re.ASCII)
_RENDITION_FOLDER = re.compile(rf"{RENDITIONS}/{_IMAGE_KEY.pattern}(/{FOLLOWS_FOCUS})?", re.ASCII)
_ALIAS = re.compile(r"@[A-Za-z0-9_-]{1,49}", re.ASCII)
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)

Computed = Literal["@last", "@first", "@upload"]
COMPUTED: frozenset[str] = frozenset(get_args(Computed))


class AliasFormatCheck(AtpixError):
    status, code = 400, "ALIAS_FORMAT_CHECK"


class ReservedAlias(AtpixError):
    status, code = 400, "RESERVED_ALIAS"


class Alias(str):
    """A name for an image: `@` and up to 49 letters, digits, `_` or `-`. Case matters."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name that someone may give. Raises AliasFormatCheck, ReservedAlias."""
        alias = cls.parse_any(text)
        if alias in COMPUTED:
            raise ReservedAlias(
                f"{alias} is computed by the server and cannot be given to an image; choose another name."
            )
        return alias

    @classmethod
    def parse_any(cls, text: str) -> Self:
        """Read a name that someone may ask for, `@last` and its kind among them. Raises AliasFormatCheck."""
        if not _ALIAS.fullmatch(text):
            raise AliasFormatCheck("An alias is @ and then 1 to 49 letters, digits, _ or -, like @hero.")
        return cls(text)


ImageRef = ImageId | Alias


def new_id() -> str:
    """A UUIDv7 of this moment, greater than any that this process made before."""
    return str(uuid7())


def time_ms(uuid7_text: str) -> int:
    """When a UUIDv7 was made: Unix milliseconds (RFC 9562, section 5.7: its first 48 bits)."""
    return int(uuid7_text[:8] + uuid7_text[9:13], 16)


def as_uuid(text: str) -> str | None:
    """The UUID in its one canonical form, or None when it is none."""
    lowered = text.lower()
    return lowered if _UUID.fullmatch(lowered) else None


def parse_uuid(text: str, path: str) -> str:
    """Raises ValidationFailed, naming the field."""
    if (uuid := as_uuid(text)) is None:
        raise ValidationFailed.at(path, "must be a UUID.")
    return uuid


def parse_ref(text: str) -> ImageRef:
    """Turn `@hero` or a UUID into what it is. Raises AliasFormatCheck, ValidationFailed."""
    if text.startswith("@"):
        return Alias.parse_any(text)
    if (uuid := as_uuid(text)) is None:
        raise ValidationFailed.at("ref", "must be an image's UUID or an alias such as @hero.")
    return ImageId(uuid)


def parse_slug(text: str, path: str) -> Slug:
    """Raises ValidationFailed. A slug is a part of permanent URLs and a host-name label (RFC 1123)."""
    if not _SLUG.fullmatch(text):
        raise ValidationFailed.at(path, "must be 1 to 63 lower-case letters, digits or inner hyphens.")
    return Slug(text)


def blob_key(project: ProjectId, image: ImageId) -> BlobKey:
    """Where an image's bytes are. The last digits of a UUIDv7 are random, so folders fill evenly."""
    return BlobKey(f"{project}/{image[-2:]}/{image}")


def rendition_folder(project: ProjectId, image: ImageId, *, focal_only: bool = False) -> BlobKey:
    """Below this lie an image's renditions, or those of them that follow its focal point."""
    folder = f"{RENDITIONS}/{project}/{image[-2:]}/{image}"
    return BlobKey(f"{folder}/{FOLLOWS_FOCUS}" if focal_only else folder)


class RenditionFolder(NamedTuple):
    project: ProjectId
    image: ImageId
    focal_only: bool


def renditions_of(folder: str) -> RenditionFolder:
    """The inverse of `rendition_folder`. Raises ValueError."""
    if (found := _RENDITION_FOLDER.fullmatch(folder)) is None:
        raise ValueError(f"Not a folder of renditions: {folder!r}")
    return RenditionFolder(ProjectId(found[1]), ImageId(found[3]), focal_only=found[4] is not None)


def image_of(key: str) -> tuple[ProjectId, ImageId] | None:
    """The inverse of `blob_key`; None for what is no key of an image."""
    if (found := _IMAGE_KEY.fullmatch(key)) and found[3].endswith(found[2]):
        return ProjectId(found[1]), ImageId(found[3])
    return None
