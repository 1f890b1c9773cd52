"""Whose share a request takes."""

from ipaddress import ip_network

import pytest

from atpix.live import clients

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def share(peer, *forwarded, trusted=PROXIES):
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return clients.share_of({"client": (peer, 1), "headers": headers}, trusted)


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.1", (), "203.0.113.1"),
        ("203.0.113.1", ("8.8.8.8",), "203.0.113.1"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("8.8.8.8",), "8.8.8.8"),
        ("10.0.0.1", ("1.1.1.1, 8.8.8.8",), "8.8.8.8"),
        ("10.0.0.1", ("1.1.1.1", "8.8.8.8"), "8.8.8.8"),
        ("10.0.0.1", ("8.8.8.8, 10.0.0.2, 10.0.0.3",), "8.8.8.8"),
        ("10.0.0.1", ("8.8.8.8, , 10.0.0.2,",), "8.8.8.8"),
        ("10.0.0.1", ("10.0.0.7, 10.0.0.2",), "10.0.0.7"),
        ("10.0.0.1", ("8.8.8.8:4711",), "8.8.8.8"),
        ("10.0.0.1", ("1.1.1.1, unknown",), "10.0.0.1"),
        ("10.0.0.1", ("1.1.1.1, _hidden, 10.0.0.2",), "10.0.0.2"),
        ("10.0.0.1", ("8.8.8.8\xe4",), "10.0.0.1"),
        ("10.0.0.1", ("[2001:db8:1:2:3::4]:443",), "2001:db8:1:2::/64"),
        ("fd00::1", ("2001:db8:1:2::9",), "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", ("::ffff:8.8.8.8",), "8.8.8.8"),
        ("fe80::1%eth0", (), "fe80::/64"),
        ("", ("8.8.8.8",), "unknown"),
        ("/run/atpix.sock", ("8.8.8.8",), "unknown"),
    ],
)
def test_the_rightmost_address_that_no_trusted_proxy_has_is_counted(peer, forwarded, counted):
    assert share(peer, *forwarded) == counted


def test_without_trusted_proxies_nobody_is_believed():
    assert share("10.0.0.1", "8.8.8.8", trusted=()) == "10.0.0.1"


def test_a_peer_without_an_address_is_somebody():
    assert clients.share_of({"client": None, "headers": []}, PROXIES) == "unknown"
