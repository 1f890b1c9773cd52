"""Lineage over the API: JSON, or a picture of it in the words of other tools."""

from typing import Annotated, Literal, assert_never

from litestar import Response, Router, get
from litestar.params import FromPath, QueryParameter
from msgspec import Meta

from atpix.caller import Caller
from atpix.generations import lineage, lineage_drawing
from atpix.generations.lineage import MOST_DEPTH, Edge, Lineage, Node, Relation
from atpix.http import answers
from atpix.http.dependencies import AnyRequest, Svc, Who
from atpix.http.wire import Answer, Wire, iso
from atpix.ids import parse_ref
from atpix.images.schemas import flow_id_of

Format = Literal["json", "mermaid", "graphml"]
_MERMAID, _GRAPHML = "text/plain; charset=utf-8", "application/graphml+xml; charset=utf-8"


class LineageNodeOut(Wire, frozen=True):
    """An image. `gone`: it is deleted; of an input that is, only what the generation remembers of it is known."""

    node: Annotated[str, Meta(description="What edges call it: the image's id, or `gone-1` and so on.")]
    image_id: str | None
    relation: Relation
    depth: Annotated[int, Meta(description="Steps away, by the shortest way.")]
    gone: bool
    alias: str | None
    source: Literal["uploaded", "generated"] | None
    sha256: str | None
    storage_url: str | None
    generation_id: str | None
    prompt: str | None
    created_at: str | None

    @classmethod
    def of(cls, node: Node, who: Caller, cdn: str) -> "LineageNodeOut":
        image = node.image
        address = f"{cdn}/{who.organization_slug}/{who.project_slug}/img/{node.key}"
        return cls(
            node=node.key,
            image_id=node.image_id,
            relation=node.relation,
            depth=node.depth,
            gone=image is None,
            alias=node.alias,
            source=image.source if image else None,
            sha256=node.sha256,
            storage_url=address if image else None,
            generation_id=node.made_by,
            prompt=node.prompt,
            created_at=iso(image.created_at) if image else None,
        )


class LineageEdgeOut(Wire, frozen=True):
    """`from` went into the run of the generation that made `to`."""

    from_: Annotated[str, Meta(description="A node.")]
    to: str
    generation_id: str
    run: int
    role: Literal["reference", "mask"]
    alias: str | None


class LineageOut(Wire, frozen=True):
    """`truncated`: there is more than `depth` and 1,000 images allow."""

    image_id: str
    nodes: list[LineageNodeOut]
    edges: list[LineageEdgeOut]
    truncated: bool

    @classmethod
    def of(cls, found: Lineage, who: Caller, cdn: str) -> "LineageOut":
        nodes = [LineageNodeOut.of(node, who, cdn) for node in found.nodes]
        return cls(found.image, nodes, [_edge(edge) for edge in found.edges], found.truncated)


@get(
    "/{ref:str}/lineage",
    opt={"scope": "read", "also": ("text/plain", "application/graphml+xml")},
    sync_to_thread=True,
    operation_id="getLineage",
)
def get_lineage(
    request: AnyRequest,
    ref: FromPath[str],
    who: Who,
    svc: Svc,
    depth: Annotated[int, QueryParameter(name="depth", ge=1, le=MOST_DEPTH, description="Steps up and down.")] = 10,
    format: Annotated[  # noqa: A002  refusals call it so
        Format, QueryParameter(name="format", description="Mermaid and GraphML are for drawing.")
    ] = "json",
    flow_id: Annotated[str | None, QueryParameter(name="flowId", description="A flow's UUID.")] = None,
) -> Response[Answer[LineageOut]]:
    """What went into an image, what went into that, and what was made of it: images, and how they are connected."""
    found = lineage.of(svc, who, parse_ref(ref), flow_id_of(flow_id), depth)
    match format:
        case "json":
            return answers.read(request, LineageOut.of(found, who, svc.settings.cdn), {})
        case "mermaid":
            return answers.read_as(request, lineage_drawing.mermaid(found), _MERMAID)
        case "graphml":
            return answers.read_as(request, lineage_drawing.graphml(found), _GRAPHML)
        case _:
            assert_never(format)


def _edge(edge: Edge) -> LineageEdgeOut:
    return LineageEdgeOut(edge.source, edge.target, edge.generation, edge.run, edge.role, edge.alias)


router = Router("/images", route_handlers=[get_lineage], tags=["Images"])
