"""A lineage as Mermaid and as GraphML. What users wrote comes out as text, whatever it holds."""

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from atpix.generations.lineage import Edge, Lineage, Node

_SHOWN_CHARACTERS = 60
_TAIL = 8
"""The end of an id. Its beginning is a time, which images made together share."""
_CODES = {character: f"#{ord(character)};" for character in '#"&<>`|[]{}()\\'}
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold in any spelling (section 2.2)."""

_KEYS = {
    "relation": "string", "depth": "int", "imageId": "string", "alias": "string", "sha256": "string", "gone": "boolean",
    "generationId": "string", "prompt": "string", "run": "int", "role": "string",
}  # fmt: skip


def mermaid(lineage: Lineage) -> str:
    """A flowchart from the oldest down: https://mermaid.js.org/syntax/flowchart.html."""
    names = {node.key: f"n{number}" for number, node in enumerate(lineage.nodes)}
    lines = ["flowchart TD"]
    lines += [f"    {names[node.key]}{_box(node)}" for node in lineage.nodes]
    lines += [f'    {names[edge.source]} -->|"{_label(edge)}"| {names[edge.target]}' for edge in lineage.edges]
    gone = [names[node.key] for node in lineage.nodes if node.image is None]
    lines.append(f"    style {names[lineage.image]} stroke-width:3px")
    lines += [f"    style {name} stroke-dasharray: 4" for name in gone]
    if lineage.truncated:
        lines.append("    %% There is more than this.")
    return "\n".join(lines) + "\n"


def graphml(lineage: Lineage) -> str:
    """http://graphml.graphdrawing.org/specification.html."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    lines += [f'  <key id="{name}" for="all" attr.name="{name}" attr.type="{kind}"/>' for name, kind in _KEYS.items()]
    lines.append(f'  <graph id="{lineage.image}" edgedefault="directed">')
    for node in lineage.nodes:
        lines += [f"    <node id={quoteattr(node.key)}>", *_data(_node_facts(node)), "    </node>"]
    for edge in lineage.edges:
        ends = f"source={quoteattr(edge.source)} target={quoteattr(edge.target)}"
        lines += [f"    <edge {ends}>", *_data(_edge_facts(edge)), "    </edge>"]
    return "\n".join([*lines, "  </graph>", "</graphml>"]) + "\n"


def _box(node: Node) -> str:
    title = node.flow_alias or node.alias or (node.image_id or "deleted")[-_TAIL:]
    about = node.prompt or (node.image.filename if node.image else None) or ("" if node.image else "deleted")
    words = [_text(part) for part in dict.fromkeys((title, about)) if part]
    return f'["{"<br/>".join(words)}"]'


def _label(edge: Edge) -> str:
    return _text(" ".join(part for part in (edge.role, edge.alias) if part))


def _text(text: str) -> str:
    """On one line, shortened, with each character that means something to Mermaid as its number."""
    plain = _UNSEEN.sub(" ", text).strip()
    short = plain if len(plain) <= _SHOWN_CHARACTERS else f"{plain[:_SHOWN_CHARACTERS]}…"
    return "".join(_CODES.get(character, character) for character in short)


def _node_facts(node: Node) -> dict[str, object]:
    return {
        "relation": node.relation,
        "depth": node.depth,
        "imageId": node.image_id,
        "alias": node.alias,
        "sha256": node.sha256,
        "gone": str(node.image is None).lower(),
        "generationId": node.made_by,
        "prompt": node.prompt,
    }


def _edge_facts(edge: Edge) -> dict[str, object]:
    return {"generationId": edge.generation, "run": edge.run, "role": edge.role, "alias": edge.alias}


def _data(facts: dict[str, object]) -> Iterator[str]:
    for name, value in facts.items():
        if value is not None:
            words = escape(_NO_XML.sub("\ufffd", str(value)))
            yield f'      <data key="{name}">{words}</data>'
