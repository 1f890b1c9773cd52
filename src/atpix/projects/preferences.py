"""What a project may choose for itself, as it is written, merged and read back."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from atpix.caller import PrivateMetadata, ProjectSettings
from atpix.errors import ValidationFailed

ImageType = Literal["image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "image/svg+xml"]


class SettingsPatch(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A JSON merge patch (RFC 7396) of ProjectSettings: what is absent stays, null goes back to the default."""

    allowed_types: Annotated[tuple[ImageType, ...], Meta(min_length=1, max_length=16)] | UnsetType | None = UNSET
    max_file_bytes: Annotated[int, Meta(ge=1, le=2**53)] | UnsetType | None = UNSET
    private_metadata: PrivateMetadata | UnsetType | None = UNSET
    rasterise_svg: bool | UnsetType | None = UNSET
    trash_retention_days: Annotated[int, Meta(ge=0, le=3650)] | UnsetType | None = UNSET


def parse(given: object) -> SettingsPatch:
    """For what did not come through a route. Raises ValidationFailed, naming the field."""
    try:
        return msgspec.convert(given, SettingsPatch)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        path = f"settings.{place.rstrip('`')}" if place else "settings"
        raise ValidationFailed.at(path, f"{message}.") from None


def merged(present: ProjectSettings, patch: SettingsPatch) -> ProjectSettings:
    default = ProjectSettings()
    given = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
    chosen = {name: getattr(default, name) if value is None else value for name, value in given.items()}
    return msgspec.structs.replace(present, **chosen)


def stored(settings: ProjectSettings) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(settings)
    return plain


def read_back(row: dict[str, Any]) -> ProjectSettings:
    """Leaves out what this release does not know: a newer one may be at work on the same database."""
    known = ProjectSettings.__struct_encode_fields__
    return msgspec.convert({name: value for name, value in row.items() if name in known}, ProjectSettings)
