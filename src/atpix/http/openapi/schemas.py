"""JSON Schema of our types, by msgspec, under names that make sense outside."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

Json = dict[str, Any]

_REF = "#/components/schemas/"
_WRAPPED = re.compile(r"(Answer|Listing)_(\w+)_")
UUID: Json = {"pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}
ALIAS: Json = {"pattern": "^@[A-Za-z0-9_-]{1,49}$"}
SLUG: Json = {"pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"}
_TAKEN = {"alias": ALIAS, "expectImageId": UUID, "slug": SLUG, "organization": SLUG, "project": SLUG}
"""What our own code checks of texts, for better messages than a pattern gives."""
_MAY_BE_LEFT_OUT = frozenset({"details"})


class Schemas:
    """Collects the components while operations are described."""

    def __init__(self) -> None:
        self.components: dict[str, Json] = {}

    def sent(self, type_: object) -> Json:
        """Of what we answer with: it may gain fields, and what has a default is there all the same."""
        return self._of(type_, _as_sent)

    def received(self, type_: object) -> Json:
        """Of what we take: exactly this."""
        return self._of(type_, _as_received)

    def _of(self, type_: object, finished: Callable[[Json], Json]) -> Json:
        (schema,), components = msgspec.json.schema_components((type_,), schema_hook=_anything, ref_template="{name}")
        for name, component in components.items():
            self.components[_clean(name)] = finished(_renamed({k: v for k, v in component.items() if k != "title"}))
        renamed: Json = _renamed(schema)
        return renamed


def _anything(_type: type) -> Json:
    return {"description": "Any JSON."}


def _clean(name: str) -> str:
    """`Answer_ImageOut_` is ImageAnswer, `Listing_ImageOut_` ImagePage, `KeyIn` KeyInput, `ErrorAnswer` Error."""
    if wrapped := _WRAPPED.fullmatch(name):
        return _clean(wrapped[2]) + {"Answer": "Answer", "Listing": "Page"}[wrapped[1]]
    if name == "ErrorAnswer":
        return "Error"
    return re.sub("In$", "Input", re.sub("Out$", "", name))


def _renamed(schema: Any) -> Any:  # noqa: ANN401  any JSON
    if isinstance(schema, list):
        return [_renamed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {k: _REF + _clean(v) if k == "$ref" else _renamed(v) for k, v in schema.items()}


def _as_received(schema: Json) -> Json:
    """Fields that are taken only to be refused with advice are left out."""
    properties: dict[str, Json] = schema.get("properties", {})
    for name in [name for name, field in properties.items() if field == _anything(object)]:
        del properties[name]
    for name, field in properties.items():
        for option in _texts(field):
            option.update(_TAKEN.get(name, {}))
    return schema


def _texts(field: Json) -> list[Json]:
    return [option for option in field.get("anyOf", (field,)) if option.get("type") == "string"]


def _promised(name: str) -> Json:
    """By our names. Request ids may be the caller's own."""
    if name.endswith("At"):
        return {"format": "date-time"}
    return {"format": "uuid"} if (name == "id" or name.endswith("Id")) and name != "requestId" else {}


def _as_sent(schema: Json) -> Json:
    properties: dict[str, Json] = schema.get("properties", {})
    always = [name for name, field in properties.items() if "default" in field and name not in _MAY_BE_LEFT_OUT]
    for field in properties.values():
        field.pop("default", None)
    for name, field in properties.items():
        for option in _texts(field):
            option.update(_promised(name))
    required = {*schema.get("required", ()), *always}
    schema["required"] = [name for name in properties if name in required]
    schema.pop("additionalProperties", None)
    return schema
