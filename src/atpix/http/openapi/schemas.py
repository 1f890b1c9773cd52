"""JSON Schema of our types, by msgspec, under names that make sense outside."""

import re
from typing import Any

import msgspec

Json = dict[str, Any]

_REF = "#/components/schemas/"
_WRAPPED = re.compile(r"(Answer|Listing)_(\w+)_")
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
        return self._of(type_, lambda schema: schema)

    def _of(self, type_: object, finished: Any) -> Json:  # noqa: ANN401  Callable[[Json], Json]
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


def _form(name: str) -> str | None:
    """What our names promise. Request ids may be the caller's own."""
    if name.endswith("At"):
        return "date-time"
    return "uuid" if (name == "id" or name.endswith("Id")) and name != "requestId" else None


def _as_sent(schema: Json) -> Json:
    properties: dict[str, Json] = schema.get("properties", {})
    always = [name for name, field in properties.items() if "default" in field and name not in _MAY_BE_LEFT_OUT]
    for field in properties.values():
        field.pop("default", None)
    for name, field in properties.items():
        for option in field.get("anyOf", (field,)):
            if option.get("type") == "string" and (form := _form(name)):
                option["format"] = form
    required = {*schema.get("required", ()), *always}
    schema["required"] = [name for name in properties if name in required]
    schema.pop("additionalProperties", None)
    return schema
