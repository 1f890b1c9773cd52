"""Pictures that a provider names by URL: fetched from the internet, never from inside our network."""

from contextlib import closing

import httpcore2
import pytest
from tests.providers.conftest import SECRET, Answer, StandIn, failure

from atpix.providers import dialling

PUBLIC = "93.184.216.34"


def test_a_picture_at_the_configured_origin_is_fetched_with_the_key(http, stand_in, target):
    stand_in.answers = [Answer(b"picture")]

    http().fetch(f"{stand_in.url}/files/1.png", target)

    assert target.read_bytes() == b"picture"
    assert stand_in.transcript[0].headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("url", "content"),
    [
        ("data:image/png;base64,aGVsbG8=", b"hello"),
        ("data:image/png;base64,aGVsbG8%3D", b"hello"),
        ("DATA:text/plain,h%20i", b"h i"),
    ],
)
def test_a_picture_in_the_url_itself_is_decoded(http, target, url, content):
    http().fetch(url, target)

    assert target.read_bytes() == content


@pytest.mark.parametrize("url", ["data:", "data:image/png;base64,", "data:;base64,%%%", "data:,"])
def test_a_data_url_without_a_picture_is_an_error(http, target, url):
    assert failure(lambda: http().fetch(url, target)).code == "PROVIDER_ERROR"


def test_a_data_url_is_bounded_too(http, target):
    assert "more than" in failure(lambda: http().fetch("data:;base64," + "AAAA" * 1_000, target, 100)).message


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.org/a", "gopher://x/", "//x", "", "http://", "a b"]
)
def test_only_web_addresses_are_fetched(http, target, url):
    failed = failure(lambda: http().fetch(url, target))

    assert (failed.code, failed.worth_retrying) == ("PROVIDER_ERROR", False)
    assert not target.exists()


INTERNAL = ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0", "127.1"]


@pytest.mark.parametrize("host", INTERNAL)
def test_an_internal_address_is_not_fetched(http, target, host):
    failed = failure(lambda: http(timeout_s=5).fetch(f"http://{host}:1/latest/meta-data", target))

    assert (failed.code, failed.worth_retrying) == ("PROVIDER_ERROR", False)
    assert "not a public address" in failed.message


@pytest.mark.parametrize("host", INTERNAL)
def test_a_redirect_to_an_internal_address_is_refused(http, stand_in, target, host):
    stand_in.answers = [Answer("", 302, {"Location": f"http://{host}:1/latest/meta-data"})]

    failed = failure(lambda: http(timeout_s=5).fetch(f"{stand_in.url}/p", target))

    assert "not a public address" in failed.message
    assert not target.exists()


def test_another_port_of_the_configured_host_is_not_its_origin(http, target):
    other = StandIn()
    with closing(other):
        assert "not a public address" in failure(lambda: http().fetch(f"{other.url}/p", target)).message
        assert other.transcript == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:0:0:0:0:80ff:fffe",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not dialling.is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_addresses_that_are_public(address):
    assert dialling.is_public(address)


class Outside(httpcore2.NetworkBackend):
    """The internet: whatever address is dialled, the stand-in picks up."""

    def __init__(self, stand_in: StandIn) -> None:
        self.dialled: list[tuple[str, int]] = []
        self._stand_in = stand_in

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.dialled.append((host, port))
        return httpcore2.SyncBackend().connect_tcp("127.0.0.1", self._stand_in.port, timeout, None, ())


class Names:
    """A name server whose answers change: one list of addresses after the other, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def test_a_picture_on_the_internet_is_fetched_over_redirects_and_without_the_key(http, stand_in, target):
    stand_in.answers = [Answer("", 302, {"Location": "/b"}), Answer("", 301, {"Location": "//cdn.example/c"})]
    stand_in.answers += [Answer(b"picture")]
    outside = Outside(stand_in)

    http(resolve=Names([PUBLIC]), network=outside).fetch("http://pictures.example:81/a", target)

    assert target.read_bytes() == b"picture"
    assert outside.dialled == [(PUBLIC, 81), (PUBLIC, 81), (PUBLIC, 80)]
    assert [asked.path for asked in stand_in.transcript] == ["/a", "/b", "/c"]
    assert [asked.headers["Host"] for asked in stand_in.transcript][1:] == ["pictures.example:81", "cdn.example"]
    assert not any("Authorization" in asked.headers for asked in stand_in.transcript)


def test_a_name_that_changes_its_address_is_dialled_at_the_one_that_was_checked(http, stand_in, target):
    stand_in.answers = [Answer(b"picture")]
    names, outside = Names([PUBLIC], ["127.0.0.1"]), Outside(stand_in)

    http(resolve=names, network=outside).fetch("http://rebinding.example/a", target)

    assert names.asked == ["rebinding.example"]
    assert outside.dialled == [(PUBLIC, 80)]


def test_a_name_that_changes_its_address_between_two_hops_is_refused(http, stand_in, target):
    stand_in.answers = [Answer("", 302, {"Location": "http://rebinding.example/b"})]
    names, outside = Names([PUBLIC], ["127.0.0.1"]), Outside(stand_in)
    client = http(resolve=names, network=outside)

    assert "not a public" in failure(lambda: client.fetch("http://rebinding.example/a", target)).message
    assert outside.dialled == [(PUBLIC, 80)]


def test_a_name_with_a_public_and_an_internal_address_is_refused(http, stand_in, target):
    outside = Outside(stand_in)
    client = http(resolve=Names([PUBLIC, "10.0.0.1"]), network=outside)

    assert "not a public" in failure(lambda: client.fetch("http://both.example/a", target)).message
    assert outside.dialled == []


def test_a_picture_behind_too_many_redirects_is_given_up(http, stand_in, target):
    stand_in.routes = {"/p": Answer("", 302, {"Location": "/p"})}

    assert "too many redirects" in failure(lambda: http().fetch(f"{stand_in.url}/p", target)).message
    assert len(stand_in.transcript) == 4


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
def test_a_redirect_to_nowhere_is_an_error(http, stand_in, target, headers):
    stand_in.answers = [Answer("", 302, headers)]

    assert failure(lambda: http().fetch(f"{stand_in.url}/p", target)).code == "PROVIDER_ERROR"


@pytest.mark.parametrize(("status", "worth_retrying"), [(404, False), (410, False), (503, True), (429, True)])
def test_a_picture_that_is_not_there_is_an_error(http, stand_in, target, status, worth_retrying):
    stand_in.answers = [Answer("gone", status)]

    failed = failure(lambda: http().fetch(f"{stand_in.url}/p", target))

    assert (failed.code, failed.worth_retrying) == ("PROVIDER_ERROR", worth_retrying)
