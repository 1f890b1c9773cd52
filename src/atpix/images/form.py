"""The upload form: its text fields, read into an Order."""

import unicodedata
from typing import Any

import msgspec

from atpix.errors import ValidationFailed
from atpix.http.openapi.schemas import ALIAS, UUID
from atpix.http.receiving import Received
from atpix.ids import Alias, FlowId, parse_uuid
from atpix.images import meta
from atpix.images.schemas import FocalPointIn
from atpix.images.uploads import OnDuplicate, Order
from atpix.imaging.values import FocalPoint

FIELDS = frozenset({"file", "alias", "flowId", "flowAlias", "meta", "focalPoint", "onDuplicate"})
DESCRIBED: dict[str, Any] = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "additionalProperties": False,
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "The image: PNG, JPEG, WebP and the like."},
            "alias": {"type": "string", **ALIAS, "description": "A project alias to give it; its holder loses it."},
            "flowId": {
                "anyOf": [{"type": "string", **UUID}, {"enum": ["", "null"]}],
                "description": "The flow to put it in, made if unknown; empty: none.",
            },
            "flowAlias": {
                "type": "string",
                **ALIAS,
                "description": "Its name in the flow; without `flowId` a flow is made.",
            },
            "meta": {"type": "object", "description": "Your own JSON, 64 KiB and 32 levels at most."},
            "focalPoint": {"$ref": "#/components/schemas/FocalPointInput"},
            "onDuplicate": {
                "enum": ["new", "reuse", "reject"],
                "default": "new",
                "description": "When the project has these very bytes already: keep both, answer with that image, 409.",
            },
        },
    },
    "encoding": {"meta": {"contentType": "application/json"}, "focalPoint": {"contentType": "application/json"}},
    "example": {
        "file": "(the bytes of hero.jpg)",
        "alias": "@hero",
        "meta": {"credit": "Jane"},
        "focalPoint": {"x": 0.5, "y": 0.3},
    },
}
"""For the OpenAPI document: the route reads its body by itself, so nothing else knows its fields. A test holds the two
together.
"""
_ON_DUPLICATE: dict[str, OnDuplicate] = {"": "new", "new": "new", "reuse": "reuse", "reject": "reject"}
_FILENAME_BYTES = 255


def order_of(received: Received) -> Order:
    """Raises ValidationFailed, AliasFormatCheck, ReservedAlias."""
    fields = received.fields
    on_duplicate = _ON_DUPLICATE.get(fields.get("onDuplicate", ""))
    if on_duplicate is None:
        raise ValidationFailed.at("onDuplicate", "must be new, reuse or reject.")
    return Order(
        alias=_alias(fields.get("alias")),
        flow=_flow(fields.get("flowId")),
        flow_alias=_alias(fields.get("flowAlias")),
        meta=meta.parse(fields["meta"]) if fields.get("meta") else "{}",
        focal_point=_focal_point(fields.get("focalPoint")),
        on_duplicate=on_duplicate,
        filename=filename_of(received.filename),
    )


def filename_of(sent: str | None) -> str | None:
    """The last part of what was sent, without what could steer a terminal, a path or a header; at most 255 bytes."""
    name = (sent or "").replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C").strip(" .")
    name = name.encode()[:_FILENAME_BYTES].decode(errors="ignore")
    return name or None


def _alias(text: str | None) -> Alias | None:
    return Alias.parse(text) if text else None


def _flow(text: str | None) -> FlowId | None:
    return None if text in {None, "", "null"} else FlowId(parse_uuid(str(text), "flowId"))


def _focal_point(text: str | None) -> FocalPoint | None:
    if not text or text == "null":
        return None
    try:
        return msgspec.json.decode(text, type=FocalPointIn).value()
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValidationFailed.at("focalPoint", f'must be like {{"x": 0.5, "y": 0.25}}: {error}.') from None
