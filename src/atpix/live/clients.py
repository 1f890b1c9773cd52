"""Whose share of new pictures a request takes: the client's address, as far as it can be believed."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from atpix.http.types import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HOST_BITS = 64
"""Of IPv6: whoever has one address has as many as fit into a /64."""


def share_of(scope: Scope, trusted: Sequence[Network]) -> str:
    """The rightmost address of `X-Forwarded-For` that no trusted proxy has; our own peer's, when that is no proxy.

    What stands further left anybody may have written.
    """
    peer = _address(str((scope.get("client") or ("",))[0]))
    if peer is None:
        return "unknown"
    hops = _forwarded(scope["headers"]) if trusted else []
    while hops and _is_trusted(peer, trusted):
        named = _address(hops.pop())
        if named is None:
            break
        peer = named
    return _counted(peer)


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """Lines of one name belong together (RFC 9110, section 5.3)."""
    lines = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    return [hop for line in lines for part in line.split(",") if (hop := part.strip())]


def _address(text: str) -> Address | None:
    """With or without a port."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)


def _counted(address: Address) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> _HOST_BITS << _HOST_BITS, _HOST_BITS)))
    return str(address)
