"""The calls about where images come from, each as a value."""

from typing import Literal

from atpix_client import answers
from atpix_client.generation_models import Lineage
from atpix_client.operations import Operation, query, segment


def lineage(ref: str, *, flow_id: str | None = None, depth: int | None = None) -> Operation[Lineage]:
    """What went into an image, what went into that, and what was made of it, `depth` steps up and down."""
    return Operation("GET", _path(ref, flow_id=flow_id, depth=depth), answers.data_of(Lineage))


def draw_lineage(
    ref: str,
    format: Literal["mermaid", "graphml"] = "mermaid",  # noqa: A002  the parameter's name
    *,
    flow_id: str | None = None,
    depth: int | None = None,
) -> Operation[str]:
    """The same as a Mermaid flowchart, or as GraphML for programs that draw graphs."""
    return Operation("GET", _path(ref, format=format, flow_id=flow_id, depth=depth), answers.text)


def _path(
    ref: str,
    *,
    format: str | None = None,  # noqa: A002  as above
    flow_id: str | None = None,
    depth: int | None = None,
) -> str:
    return f"/images/{segment(ref)}/lineage{query(format=format, depth=depth, flowId=flow_id)}"
