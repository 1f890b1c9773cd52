"""What an address answers with, made once and kept: validators, headers, and where the bytes are."""

from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

from atpix.caller import Caller
from atpix.http.types import Send
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
VARY: RawHeader = (b"vary", b"Accept")


@dataclass(frozen=True, slots=True)
class Entry:
    """`validators` go with a 304 too; `described` adds what tells of the body. `last_modified` may be empty.

    `is_settled` False: an entry made later tells more. `body`: the bytes themselves, where they are kept nowhere.
    `is_rendition`: what is lost can be made again.
    """

    key: BlobKey
    path: Path | None
    size: int
    etag: str
    last_modified: str
    validators: RawHeaders
    described: RawHeaders
    whole: RawHeaders
    is_rendition: bool = False
    is_settled: bool = True
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The bytes of an answer. `etag` is quoted."""

    key: BlobKey
    path: Path | None
    size: int
    etag: str
    media_type: str
    is_rendition: bool = False
    body: bytes | None = None

    @classmethod
    def of_original(cls, image: Image, path: Path | None, etag: str | None = None) -> "Content":
        return cls(
            key=blob_key(image.project_id, image.id),
            path=path,
            size=image.file_size,
            etag=etag or f'"{image.sha256[:32]}"',
            media_type=image.media_type,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How it is answered. `parameters` stand behind the permanent address, `?` included; None: they are too long for a
    header.

    `max_age_s` shortens a life that would be for ever: something better is being made. `follows_focus`: another focal
    point makes other bytes, and `follows_preset`: another meaning of a preset's name. `private`: for whoever sent a
    key, and kept by nobody. `flow`: whose names came first. `is_dated` False: since when the name means this image is
    not known.
    """

    parameters: str | None = ""
    negotiable: bool = False
    follows_focus: bool = False
    follows_preset: bool = False
    max_age_s: int | None = None
    download: str | None = None
    private: bool = False
    flow: str | None = None
    is_dated: bool = True


def of(
    image: Image,
    who: Caller,
    ref: ImageRef,
    settings: Settings,
    content: Content,
    now: int,
    manner: Manner | None = None,
) -> Entry:
    manner = manner or Manner()
    name = ref if isinstance(ref, Alias) else None
    date = _last_modified(image, name, now, follows_focus=manner.follows_focus)
    # Files of several kinds, and a preset's several meanings, would share one date: those are told apart by ETags only.
    last_modified = date if manner.is_dated and not (manner.negotiable or manner.follows_preset) else ""
    tags = _tags(image, name, manner)
    lines = [
        ("etag", content.etag),
        ("cache-control", _cache_control(name, settings, manner)),
        ("cache-tag", ",".join(tags)),
        ("surrogate-key", " ".join(tags)),
    ]
    if last_modified:
        lines.append(("last-modified", last_modified))
    if name and manner.parameters is not None:
        permanent = f"{urlsplit(settings.cdn).path}/{who.organization_slug}/{who.project_slug}/img/{image.id}"
        lines.append(("content-location", f"{permanent}{manner.parameters}"))
    validators = [*_raw(lines), *([VARY] if manner.negotiable else ()), *COMMON]
    described = [(b"content-type", content.media_type.encode()), (b"accept-ranges", b"bytes"), *validators]
    if manner.download is not None:
        described.append((b"content-disposition", manner.download.encode()))
    return Entry(
        key=content.key,
        path=content.path,
        size=content.size,
        etag=content.etag,
        last_modified=last_modified,
        validators=validators,
        described=described,
        whole=[(b"content-length", b"%d" % content.size), *described],
        is_rendition=content.is_rendition,
        is_settled=bool(date) or not manner.is_dated,
        body=content.body,
    )


def _tags(image: Image, name: Alias | None, manner: Manner) -> list[str]:
    """What it is purged by. A flow's own names are purged by the flow, and so is what they hid."""
    tags = [f"img-{image.id}", f"project-{image.project_id}"]
    if name:
        tags.append(f"alias-{name[1:]}")
        if manner.flow is not None:
            tags.append(f"flow-{manner.flow}")
    return tags


def _cache_control(name: Alias | None, settings: Settings, manner: Manner) -> str:
    """For ever only where nobody can change what is shown: a name moves, and so do a focal point and a preset."""
    if manner.private:
        return "private, no-store"
    if name is not None:
        fresh_s, stale_s = settings.alias_max_age_s, settings.alias_stale_s
    elif manner.follows_focus or manner.follows_preset:
        fresh_s = stale_s = settings.focus_max_age_s
    elif manner.max_age_s is None:
        return "public, max-age=31536000, immutable"
    else:
        fresh_s, stale_s = manner.max_age_s, 0
    if manner.max_age_s is not None:
        fresh_s = min(fresh_s, manner.max_age_s)
        stale_s = min(stale_s, manner.max_age_s - fresh_s)
    return f"public, max-age={fresh_s}" + (f", stale-while-revalidate={stale_s}" if stale_s else "")


def _last_modified(image: Image, name: Alias | None, now: int, *, follows_focus: bool) -> str:
    """Of a name: when it was given, for it may have moved to an older image; of a crop around the focal point: when
    that may have moved. Left out while the clock's second could still see another move: so any later move has a later
    date than the one a client holds (RFC 9110, 8.8.2.2).
    """
    if name is not None and image.alias_at is None:
        return ""
    moved = max(image.alias_at or 0 if name else 0, image.updated_at if follows_focus else 0)
    if moved and now - moved < _SETTLED_MS and not (name is None and moved == image.created_at):
        return ""
    return formatdate((moved or image.created_at) // 1000, usegmt=True)


def _raw(lines: list[tuple[str, str]]) -> RawHeaders:
    return [(name.encode(), value.encode("latin-1")) for name, value in lines]


async def respond(send: Send, status: int, headers: RawHeaders, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
