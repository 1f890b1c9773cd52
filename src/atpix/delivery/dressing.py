"""What was resolved, as an entry with its headers, and how long it may be remembered."""

import json
import math

from atpix.delivery import downloads, entries, timing
from atpix.delivery.entries import Content, Manner, RawHeader, RawHeaders
from atpix.delivery.outcomes import Chosen, Looked, Resolved
from atpix.delivery.timing import Steps
from atpix.ids import Alias
from atpix.images.rows import blob_of
from atpix.services import Services

_STAND_IN_LIVES_S = 60
_SHORTLY_S = 1.0
_LOOKED_AT_AGAIN_S = 10.0
"""The shelf hears that a rendition is in use, and we hear that it is gone."""
_MOST_FAULTS = 10


def original(svc: Services, looked: Looked, steps: Steps) -> Resolved:
    content = Content.of_original(looked.image, svc.blobs.local_path(blob_of(looked.image)))
    left_s = _left_s(svc, looked)
    holds_s = _held_for(left_s, math.inf)
    manner = Manner(
        parameters=looked.wish.parameters,
        max_age_s=_told_life(left_s, holds_s),
        download=_download(looked, content.media_type),
        private=looked.private,
        flow=looked.wish.parsed.handling.flow,
        is_dated=_is_dated(looked),
    )
    entry = _entry(svc, looked, content, manner)
    return Resolved(
        entry=entry, public=looked.public, holds_s=holds_s, strict=False, headers=[steps.as_one("database")]
    )


def rendition(svc: Services, looked: Looked, chosen: Chosen, steps: Steps) -> Resolved:
    content = _content(svc, looked, chosen)
    left_s = _left_s(svc, looked)
    holds_s = _held_for(left_s, _SHORTLY_S if chosen.stands_in else _LOOKED_AT_AGAIN_S)
    limits = [_told_life(left_s, holds_s), _STAND_IN_LIVES_S if chosen.stands_in else None]
    manner = Manner(
        parameters=looked.wish.parameters,
        negotiable=looked.wish.negotiable,
        follows_focus=chosen.job.key.focal,
        follows_preset=looked.wish.parsed.handling.preset is not None,
        max_age_s=min((limit for limit in limits if limit is not None), default=None),
        download=_download(looked, content.media_type),
        private=looked.private or looked.show_focus,
        flow=looked.wish.parsed.handling.flow,
        is_dated=_is_dated(looked),
    )
    entry = _entry(svc, looked, content, manner)
    forgotten_at_once = manner.private or content.body is not None
    return Resolved(
        entry=entry,
        public=looked.public,
        holds_s=0 if forgotten_at_once else holds_s,
        strict=chosen.job.key.focal,
        headers=_headers(looked, chosen, steps),
    )


def _entry(svc: Services, looked: Looked, content: Content, manner: Manner) -> entries.Entry:
    return entries.of(looked.image, looked.who, looked.wish.address.ref, svc.settings, content, svc.now(), manner)


def _is_dated(looked: Looked) -> bool:
    return looked.found.by in {"id", "project"}


def _content(svc: Services, looked: Looked, chosen: Chosen) -> Content:
    made, key, image = chosen.made, chosen.job.key, looked.image
    if made.is_original:
        return Content.of_original(image, svc.blobs.local_path(blob_of(image)), key.etag)
    if (stored := made.stored) is not None:
        return Content(
            key=stored.blob_key,
            path=stored.path,
            size=stored.size,
            etag=stored.etag,
            media_type=stored.media_type,
            is_rendition=True,
        )
    assert made.body is not None
    return Content(
        key=key.blob_key,
        path=None,
        size=len(made.body),
        etag=key.etag,
        media_type=made.facts.media_type,
        is_rendition=True,
        body=made.body,
    )


def _download(looked: Looked, media_type: str) -> str | None:
    match looked.wish.parsed.handling.download:
        case None | False:
            return None
        case True:
            ref = looked.wish.address.ref
            own = ref[1:] if isinstance(ref, Alias) else ref
            return downloads.disposition(looked.image.filename or own, media_type)
        case name:
            return downloads.disposition(name, media_type)


def _left_s(svc: Services, looked: Looked) -> float:
    """Until the same request is refused; nobody should keep its answer for longer."""
    until_s = looked.admitted.good_until_s
    return math.inf if until_s is None else max(0.0, until_s - svc.now() / 1000)


def _held_for(left_s: float, otherwise_s: float) -> float:
    """How long we remember the answer ourselves. What ends is told anew each second, so that its life gets shorter."""
    return otherwise_s if left_s == math.inf else min(_SHORTLY_S, otherwise_s, left_s)


def _told_life(left_s: float, holds_s: float) -> int | None:
    """The life to tell others of, who may hear of it at the end of the time that we remember it. None: no end."""
    return None if left_s == math.inf else int(left_s - holds_s)


def _headers(looked: Looked, chosen: Chosen, steps: Steps) -> RawHeaders:
    if not looked.may_look:
        return [timing.in_brief(chosen.cache)]
    return [steps.in_full(chosen.cache), *([_explained(looked, chosen)] if looked.show_focus else ())]


def _explained(looked: Looked, chosen: Chosen) -> RawHeader:
    """How the picture came about, for whoever wonders; ASCII, as headers are."""
    job, facts, snapped = chosen.job, chosen.made.facts, looked.admitted.snapped
    focus = facts.focus or looked.image.focal_point
    told = {
        "image": looked.image.id,
        "resolvedBy": looked.found.by,
        "key": job.key.digest,
        "parameters": job.key_parameters,
        "accepts": looked.wish.accepts if looked.wish.negotiable else None,
        "output": job.output,
        "mediaType": facts.media_type,
        "width": facts.width,
        "height": facts.height,
        "quality": facts.quality,
        "snapped": {"asked": snapped.asked, "given": snapped.given} if snapped else None,
        "focalPoint": {"x": focus.x, "y": focus.y} if focus else None,
        "followsStoredFocalPoint": job.key.focal,
        "cache": chosen.cache,
        "adjusted": [fault.explained for fault in looked.wish.parsed.faults[:_MOST_FAULTS]],
    }
    return b"atpix-explain", json.dumps(told, separators=(",", ":")).encode()
