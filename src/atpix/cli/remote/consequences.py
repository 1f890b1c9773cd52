"""What deleting an image would do, as rows."""

from collections.abc import Iterator

from atpix_client.models import Affected, Consequences

HEADINGS = ("", "WHAT", "WHICH")
_Row = tuple[str, str, str]


def rows(found: Consequences) -> Iterator[_Row]:
    """What would go, then what would stay."""
    for name in found.released_names:
        yield "goes", "name", f"{name.alias} in flow {name.flow_id}" if name.flow_id else name.alias
    for address in found.public_urls:
        yield "goes", "address", address
    for live in found.live_urls:
        yield "goes", "picture of a live URL", f"{live.scope} {live.generation_id}"
    yield from _rest("goes", "picture of a live URL", found.live_url_count - len(found.live_urls))
    for what, fate in (("renditions", found.renditions), ("file", found.bytes)):
        yield "stays" if fate == "kept" else "goes", what, fate
    yield from _generations("generation that made it", found.made_by)
    yield from _generations("generation that used it", found.used_by)


def _generations(what: str, affected: Affected) -> Iterator[_Row]:
    for generation_id in affected.ids:
        yield "stays", what, generation_id
    yield from _rest("stays", what, affected.count - len(affected.ids))


def _rest(fate: str, what: str, count: int) -> Iterator[_Row]:
    if count > 0:
        yield fate, what, f"and {count} more"
