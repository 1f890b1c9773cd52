"""Which image came from which. Values and text; asks nobody."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atpix.cli.remote.presenting import plain, shortened
from atpix_client import Flow, Generation, Image, ReferencedImage
from atpix_client.generation_models import Lineage, LineageNode

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

_LETTERS = 48


@dataclass(frozen=True)
class Link:
    """An image, or a generation that has none: under way, failed, or its image is deleted."""

    id: str
    names: tuple[str, ...]
    said: str
    """Its prompt, or the name of its file."""
    standing: str = ""
    """What is to be said of one that is not simply an image of this flow."""

    @property
    def called(self) -> str:
        return self.names[0] if self.names else self.id


@dataclass(frozen=True)
class Chain:
    """`links` in the order in which they were made; `sources` has only links that are there."""

    title: str
    links: Mapping[str, Link]
    sources: Mapping[str, Sequence[str]]

    def drawn_below(self) -> Mapping[str | None, Sequence[str]]:
        """Each link once, below the first of its sources; below None what came from nothing."""
        below: dict[str | None, list[str]] = defaultdict(list)
        for link in self.links:
            below[next(iter(self.sources.get(link, ())), None)].append(link)
        return below


def of(flow: Flow, images: Sequence[Image], generations: Sequence[Generation]) -> Chain:
    """Both newest first, as lists are."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, image_id in flow.aliases.items():
        names[image_id].append(name)
    by_id = {generation.id: generation for generation in generations}
    links = {image.id: _of_image(image, names[image.id], by_id.get(image.generation_id or "")) for image in images}
    sources: dict[str, list[str]] = defaultdict(list)
    for generation in generations:
        _add(generation, links, sources, names)
    title = f"Flow {flow.id}: {_count(flow.generation_count, 'generation')}, {_count(flow.image_count, 'image')}"
    ordered = sorted(links, key=lambda key: (":" in key, key))
    unique = {key: list(dict.fromkeys(found)) for key, found in sources.items()}
    return Chain(title, {key: links[key] for key in ordered}, unique)


def of_lineage(lineage: Lineage) -> Chain:
    """Ids begin with a time, so that they are in the order in which they were made; what is gone has none."""
    nodes = sorted(lineage.nodes, key=lambda node: (node.image_id is not None, node.node))
    sources: dict[str, dict[str, None]] = {node.node: {} for node in nodes}
    for edge in lineage.edges:
        if edge.source in sources and edge.target in sources:
            sources[edge.target][edge.source] = None
    relations = Counter(node.relation for node in nodes)
    title = f"{_count(relations['ancestor'], 'ancestor')}, {_count(relations['descendant'], 'descendant')}"
    links = {node.node: _of_node(node) for node in nodes}
    return Chain(title, links, {key: list(found) for key, found in sources.items()})


def tree(chain: Chain) -> "Tree":
    from rich.text import Text
    from rich.tree import Tree

    below = chain.drawn_below()
    root = Tree(Text(plain(chain.title), style="bold"))
    waiting = [(root, key) for key in reversed(below[None])]
    while waiting:
        branch, key = waiting.pop()
        here = branch.add(_label(chain, key))
        waiting += [(here, child) for child in reversed(below.get(key, ()))]
    return root


def mermaid(chain: Chain) -> Iterator[str]:
    """A flowchart, its lines. https://mermaid.js.org/syntax/flowchart.html"""
    yield "flowchart TD"
    numbers = {key: f"n{number}" for number, key in enumerate(chain.links, 1)}
    for key, link in chain.links.items():
        lines = (" ".join(link.names), shortened(link.said, _LETTERS), link.standing)
        yield f'    {numbers[key]}["{"<br>".join(_escaped(line) for line in lines if line) or key}"]'
    for key, found in chain.sources.items():
        for source in found:
            yield f"    {numbers[source]} --> {numbers[key]}"


def _of_image(image: Image, names: Sequence[str], generation: Generation | None) -> Link:
    own = (image.alias,) if image.alias and image.alias not in names else ()
    if image.source == "uploaded":
        return Link(image.id, (*sorted(names), *own), image.filename or "", "uploaded")
    earlier = generation is not None and generation.output_image_id != image.id
    said = generation.original_prompt or generation.prompt if generation else ""
    return Link(image.id, (*sorted(names), *own), said, "an earlier run" if earlier else "")


def _of_node(node: LineageNode) -> Link:
    own = (node.alias,) if node.alias else ()
    remarks = ("uploaded" if node.source == "uploaded" else "", "deleted" if node.gone else "")
    itself = "asked about" if node.relation == "self" else ""
    return Link(node.image_id or "", own, node.prompt or "", ", ".join(filter(None, (itself, *remarks))))


def _without_image(generation: Generation) -> Link:
    done = "its image is deleted, or not in this flow" if generation.status == "success" else generation.status
    standing = f"failed: {generation.error.code}" if generation.error else done
    return Link(generation.id, (), generation.original_prompt or generation.prompt, standing)


def _add(
    generation: Generation,
    links: dict[str, Link],
    sources: dict[str, list[str]],
    names: Mapping[str, Sequence[str]],
) -> None:
    """Where its picture came from. What is newer than a picture is no source of it: a generation that is repeated may
    use what came from its first one.
    """
    picture = generation.output_image_id if generation.output_image_id in links else None
    if picture is None or generation.status != "success":
        links[generation.id] = _without_image(generation)
    for reference in generation.referenced_images:
        source = _source(reference, links, names)
        if generation.id in links:
            sources[generation.id].append(source)
        if picture is not None and (":" in source or source < picture):
            sources[picture].append(source)


def _source(reference: ReferencedImage, links: dict[str, Link], names: Mapping[str, Sequence[str]]) -> str:
    """The link it is, made where this flow has none. Its key begins otherwise than an id, so that it comes last."""
    if reference.image_id in links:
        return reference.image_id
    key = f"outside:{reference.image_id or reference.sha256}"
    called = [*names.get(reference.image_id or "", ()), reference.alias or ""]
    standing = "not in this flow" if reference.image_id else "deleted"
    links.setdefault(key, Link(reference.image_id or "", tuple(dict.fromkeys(filter(None, called))), "", standing))
    return key


def _label(chain: Chain, key: str) -> "Text":
    from rich.text import Text

    link = chain.links[key]
    others = [chain.links[source].called for source in chain.sources.get(key, ())[1:]]
    parts = [
        (" ".join(link.names), "bold cyan"),
        (f"“{shortened(link.said, _LETTERS)}”" if link.said and link.standing != "uploaded" else link.said, ""),
        (f"and {', '.join(others)}" if others else "", "cyan"),
        (f"({link.standing})" if link.standing else "", "yellow"),
        (link.id, "dim"),
    ]
    return Text("  ").join(Text(plain(text), style) for text, style in parts if text)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _escaped(text: str) -> str:
    """Mermaid's own entities: quotes end a label, and the rest would be read as HTML or Markdown."""
    return "".join(c if c.isalnum() or c in " .,:;-_@!?()" else f"#{ord(c)};" for c in plain(text))
