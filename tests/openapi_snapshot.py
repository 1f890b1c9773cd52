"""The OpenAPI document as it was agreed. `make openapi` writes it anew; its diff is what clients will see."""

import json
from pathlib import Path
from typing import Any

from litestar.datastructures import State

from atpix import web

FILE = Path(__file__).with_name("openapi.json")


def document() -> dict[str, Any]:
    """As it goes over the wire: there a tuple is a list."""
    told: dict[str, Any] = json.loads(json.dumps(web.describe(web.api(State({})))))
    return told


def text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(document()))
