"""What an address answers with, made once and kept: validators, headers, and where the bytes are."""

from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

from atpix.caller import Caller
from atpix.ids import Alias, BlobKey, ImageRef, blob_key
from atpix.images.rows import Image
from atpix.settings import Settings

RawHeader = tuple[bytes, bytes]
RawHeaders = list[RawHeader]
_SETTLED_MS = 2000

COMMON: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Accept-Ranges, Content-Length, Content-Location, Content-Range, ETag"),
    (b"timing-allow-origin", b"*"),
]


@dataclass(frozen=True, slots=True)
class Entry:
    """`validators` go with a 304 too; `described` adds what tells of the body. `last_modified` may be empty."""

    key: BlobKey
    path: Path | None
    size: int
    etag: str
    last_modified: str
    validators: RawHeaders
    described: RawHeaders
    whole: RawHeaders


def of(image: Image, who: Caller, ref: ImageRef, settings: Settings, path: Path | None, now: int) -> Entry:
    name = ref if isinstance(ref, Alias) else None
    etag = f'"{image.sha256[:32]}"'
    last_modified = _last_modified(image, name, now)
    tags = [f"img-{image.id}", f"project-{image.project_id}", *([f"alias-{name[1:]}"] if name else [])]
    lines = [
        ("etag", etag),
        ("cache-control", _cache_control(name, settings)),
        ("cache-tag", ",".join(tags)),
        ("surrogate-key", " ".join(tags)),
    ]
    if last_modified:
        lines.append(("last-modified", last_modified))
    if name:
        lines.append(
            (
                "content-location",
                f"{urlsplit(settings.cdn).path}/{who.organization_slug}/{who.project_slug}/img/{image.id}",
            )
        )
    validators = [*_raw(lines), *COMMON]
    described = [(b"content-type", image.media_type.encode()), (b"accept-ranges", b"bytes"), *validators]
    whole = [(b"content-length", str(image.file_size).encode()), *described]
    key = blob_key(who.project, image.id)
    return Entry(key, path, image.file_size, etag, last_modified, validators, described, whole)


def _cache_control(name: Alias | None, settings: Settings) -> str:
    if name is None:
        return "public, max-age=31536000, immutable"
    return f"public, max-age={settings.alias_max_age_s}, stale-while-revalidate={settings.alias_stale_s}"


def _last_modified(image: Image, name: Alias | None, now: int) -> str:
    """Of a name: when it was given, for it may have moved to an older image. Left out while the clock's second could
    still see another move: so any later move has a later date than the one a client holds (RFC 9110, 8.8.2.2).
    """
    if name is None:
        return formatdate(image.created_at // 1000, usegmt=True)
    if image.alias_at is None or now - image.alias_at < _SETTLED_MS:
        return ""
    return formatdate(image.alias_at // 1000, usegmt=True)


def _raw(lines: list[tuple[str, str]]) -> RawHeaders:
    return [(name.encode(), value.encode("latin-1")) for name, value in lines]
