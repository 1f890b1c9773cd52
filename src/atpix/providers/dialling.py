"""Connections that end in time and, where a URL came from a stranger, lead to public addresses only.

A host name is looked up once, every address it has is checked, and the connection goes to one of these: what a second
look-up would say does not matter (DNS rebinding). Time-outs of libraries count each read anew, so that a body that
trickles never ends; here every operation gets what is left of one deadline.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2

Resolve = Callable[[str, int], list[str]]
"""Addresses of a host; the port is only a hint. Raises OSError."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_AT_ONCE_BYTES = 16 * 1024


class Forbidden(Exception):
    """The host has an address that is not public. The message names the host, not the address."""


class Deadline:
    """A moment on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left_s(self) -> float:
        """Raises ReadTimeout when there is nothing left."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout
        return left


def resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """False also for addresses that carry an inner one through a translator, unless that one is public as well."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and (inner := _inside(ip)):
        return is_public(str(inner))
    site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or site_local)


def _inside(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    teredo = ip.teredo
    translated = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None
    return ip.ipv4_mapped or ip.sixtofour or (teredo[1] if teredo else None) or translated


class Dialler(httpcore2.NetworkBackend):
    """For one request. The look-up of a name ends by the resolver's own time-out, not by ours."""

    def __init__(
        self, deadline: Deadline, *, public_only: bool, resolve: Resolve, network: httpcore2.NetworkBackend
    ) -> None:
        self._deadline = deadline
        self._public_only = public_only
        self._resolve = resolve
        self._network = network

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  the deadline decides
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Raises Forbidden, ConnectError, ConnectTimeout."""
        failure: Exception = httpcore2.ConnectError("The host has no address.")
        for address in self._addresses(host, port):
            try:
                stream = self._network.connect_tcp(
                    address, port, self._deadline.left_s(), local_address, socket_options or ()
                )
                return _Stream(stream, self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("The host name cannot be resolved.") from error
        if self._public_only and not all(is_public(address) for address in found):
            raise Forbidden(host)
        return found


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        view = memoryview(buffer)
        for start in range(0, len(view), _AT_ONCE_BYTES):
            self._stream.write(bytes(view[start : start + _AT_ONCE_BYTES]), self._deadline.left_s())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: Any,  # noqa: ANN401  as in the base class, without importing ssl
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left_s())
        return _Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  as in the base class
        return self._stream.get_extra_info(info)
