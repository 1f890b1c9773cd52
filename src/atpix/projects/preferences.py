"""What a project may choose for itself, as it is written, merged and read back."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from atpix.caller import KeptMetadata, PrivateMetadata, ProjectSettings
from atpix.errors import ValidationFailed
from atpix.projects import presets, url_keys
from atpix.projects.url_keys import UrlKeyIn

ImageType = Literal["image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "image/svg+xml"]
Side = Annotated[int, Meta(ge=1, le=16_384)]
Budget = Annotated[int, Meta(ge=0, le=1_000_000)]


class SettingsPatch(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A JSON merge patch (RFC 7396) of ProjectSettings: what is absent stays, null goes back to the default;
    `presets` and `urlKeys` are merged by name, where null removes one.
    """

    allowed_types: Annotated[tuple[ImageType, ...], Meta(min_length=1, max_length=16)] | UnsetType | None = UNSET
    max_file_bytes: Annotated[int, Meta(ge=1, le=2**53)] | UnsetType | None = UNSET
    private_metadata: PrivateMetadata | UnsetType | None = UNSET
    rasterise_svg: bool | UnsetType | None = UNSET
    trash_retention_days: Annotated[int, Meta(ge=0, le=3650)] | UnsetType | None = UNSET
    strict_delivery: bool | UnsetType | None = UNSET
    presets: dict[str, Annotated[str, Meta(min_length=1, max_length=1000)] | None] | UnsetType | None = UNSET
    presets_only: bool | UnsetType | None = UNSET
    width_ladder: Annotated[tuple[Side, ...], Meta(max_length=64)] | UnsetType | None = UNSET
    hide_originals: bool | UnsetType | None = UNSET
    signed_urls: bool | UnsetType | None = UNSET
    url_keys: dict[str, UrlKeyIn | None] | UnsetType | None = UNSET
    new_renditions_per_image: Budget | UnsetType | None = UNSET
    new_renditions_per_minute: Budget | UnsetType | None = UNSET
    delivery_debug: bool | UnsetType | None = UNSET
    keep_metadata: Annotated[tuple[KeptMetadata, ...], Meta(max_length=2)] | UnsetType | None = UNSET
    provider: Annotated[str, Meta(min_length=1, max_length=40)] | UnsetType | None = UNSET
    model: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType | None = UNSET
    generations_at_once: Annotated[int, Meta(ge=1, le=10_000)] | UnsetType | None = UNSET
    generations_per_minute: Budget | UnsetType | None = UNSET
    generation_budget_usd: Annotated[float, Meta(ge=0, le=1_000_000)] | UnsetType | None = UNSET
    live_signed: bool | UnsetType | None = UNSET
    live_wait: bool | UnsetType | None = UNSET
    live_new_per_ip_per_hour: Budget | UnsetType | None = UNSET


def parse(given: object) -> SettingsPatch:
    """For what did not come through a route. Raises ValidationFailed, naming the field."""
    try:
        return msgspec.convert(given, SettingsPatch)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        path = f"settings.{place.rstrip('`')}" if place else "settings"
        raise ValidationFailed.at(path, f"{message}.") from None


def with_secrets(patch: SettingsPatch) -> tuple[SettingsPatch, dict[str, str]]:
    """The patch with the secrets that were left to us, and those by `kid`: to be shown to whoever asked, this once."""
    if not isinstance(patch.url_keys, dict):
        return patch, {}
    keys, made = url_keys.with_secrets(patch.url_keys)
    return msgspec.structs.replace(patch, url_keys=keys), made


def merged(present: ProjectSettings, patch: SettingsPatch) -> ProjectSettings:
    """Raises ValidationFailed."""
    default = ProjectSettings()
    given = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
    chosen = {
        name: getattr(default, name) if value is None else _MERGED.get(name, _replaced)(getattr(present, name), value)
        for name, value in given.items()
    }
    after = msgspec.structs.replace(present, **chosen)
    if not after.url_keys:
        if after.signed_urls:
            raise ValidationFailed.at("settings.signedUrls", "needs a key in urlKeys, or nothing could be delivered.")
        if after.live_signed:
            raise ValidationFailed.at("settings.liveSigned", "needs a key in urlKeys, or no live URL could be asked.")
    return after


def _replaced(_present: object, given: object) -> object:
    return given


def _ascending(_present: object, widths: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(widths)))


_MERGED: Mapping[str, Callable[[Any, Any], object]] = {
    "presets": presets.merged,
    "url_keys": url_keys.merged,
    "width_ladder": _ascending,
}
"""How a setting is merged that is not simply replaced."""


def stored(settings: ProjectSettings) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(settings)
    return plain


def shown(settings: ProjectSettings, reveal: Mapping[str, str]) -> ProjectSettings:
    """For answers: no secret but those of `reveal`."""
    return msgspec.structs.replace(settings, url_keys=url_keys.masked(settings.url_keys, reveal))


def read_back(row: dict[str, Any]) -> ProjectSettings:
    """Leaves out what this release does not know: a newer one may be at work on the same database."""
    known = ProjectSettings.__struct_encode_fields__
    return msgspec.convert({name: value for name, value in row.items() if name in known}, ProjectSettings)
