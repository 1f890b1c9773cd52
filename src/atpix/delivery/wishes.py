"""What a request asks for, read from its address, its query and its `Accept`: pure, before anything is looked up."""

from dataclasses import dataclass
from urllib.parse import quote

from atpix.delivery import addresses, negotiation
from atpix.delivery.addresses import Address
from atpix.delivery.negotiation import Accepts
from atpix.imaging import grammar
from atpix.imaging.grammar import Parsed

_NOTHING = grammar.parse(())
_SIGNING = frozenset({"exp", "kid", "sig"})
_LONGEST = 500
"""Characters of parameters that an answer repeats in a header."""


@dataclass
class Wish:
    """`query` is raw. Options of the path and of the query mean the same; where both say something the query wins.

    `negotiable`: as far as the request itself tells, until its preset is known.
    """

    address: Address
    query: bytes
    parsed: Parsed
    accepts: Accepts
    has_transformation: bool
    negotiable: bool

    @classmethod
    def read(cls, path: str, query: bytes, accepts: Accepts) -> "Wish":
        """Raises what `addresses.parse` does."""
        address = addresses.parse(path)
        if not query and not address.options:
            return cls(address, b"", _NOTHING, accepts, has_transformation=False, negotiable=False)
        pairs = [*(grammar.path_options(address.options) if address.options else ()), *grammar.pairs_of(query)]
        parsed = grammar.parse(pairs, is_cut=len(query) > grammar.MAX_QUERY_BYTES)
        negotiable = parsed.transforms and negotiation.is_negotiable(parsed.spec)
        return cls(address, query, parsed, accepts, has_transformation=parsed.transforms, negotiable=negotiable)

    @property
    def parameters(self) -> str | None:
        """As they were written, to stand behind the image's permanent address; None: too long for that. A signature is
        of one address only, and whose names come first matters to a name only.
        """
        if len(self.address.options) + len(self.query) > _LONGEST:
            return None
        options, query, handling = self.address.options, self.query, self.parsed.handling
        left_out = _SIGNING if handling.signature is not None else frozenset[str]()
        if handling.flow is not None:
            left_out |= {"flow"}
        if left_out:
            parts = grammar.path_options(options) if options else []
            options = ",".join(f"{name}={value}" for name, value in parts if not _is_of(name, left_out))
            query = b"&".join(piece for piece in query.split(b"&") if not _is_of_any(piece, left_out))
        path = quote(options, safe="=,.:;@-_~!*'()+$")
        return (f"/{path}" if path else "") + (f"?{query.decode('latin-1')}" if query else "")


def _is_of(name: str, names: frozenset[str]) -> bool:
    return grammar.canonical_name(name) in names


def _is_of_any(piece: bytes, names: frozenset[str]) -> bool:
    return any(_is_of(name, names) for name, _ in grammar.pairs_of(piece))
