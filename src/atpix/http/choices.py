"""Which values a field may have, for the sentence about one that it may not; msgspec's own names only the wrong one."""

import re
from typing import Any

from msgspec import inspect

_WRONG = re.compile(r"^Invalid enum value (?P<value>.*) - at `\$\.?(?P<path>[^`]*)`$", re.DOTALL)


def named(message: str, body: Any) -> str:  # noqa: ANN401  a type, as annotations have them
    """The message about a body of this type, with the values where it is about one that is not among them."""
    found = _WRONG.match(message)
    there = _values(inspect.type_info(body), found["path"].split(".")) if found else []
    return f"{found['value']} is none of {', '.join(there)} - at `$.{found['path']}`" if found and there else message


def named_parameter(message: str, parameter: Any) -> str:  # noqa: ANN401  as above
    """As `named`, of a parameter of this type, for which msgspec names no path."""
    value = message.removeprefix("Invalid enum value ")
    there = [] if value == message else _values(inspect.type_info(parameter), [])
    return f"{value} is none of {', '.join(there)}" if there else message


def _values(kind: inspect.Type, path: list[str]) -> list[str]:
    """An empty path: of the type itself. None where a list or a mapping is on the way."""
    match kind:
        case inspect.UnionType():
            return next(filter(None, (_values(one, path) for one in kind.types)), [])
        case inspect.Metadata():
            return _values(kind.type, path)
        case inspect.LiteralType() if not path:
            return [str(value) for value in kind.values]
        case inspect.StructType() if path:
            inner = [one.type for one in kind.fields if one.encode_name == path[0]]
            return _values(inner[0], path[1:]) if inner else []
        case _:
            return []
