"""Parts of a file: RFC 9110, section 14, by either address."""

from email.message import Message
from email.parser import BytesParser

import pytest


@pytest.fixture(params=["by_id", "by_alias"])
def address(request, hero):
    return getattr(hero, request.param)


def get(public, address, wanted, **headers):
    return public.get(address, headers={"Range": wanted, **{n.replace("_", "-"): v for n, v in headers.items()}})


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=0-99", slice(0, 100)),
        ("bytes=100-199", slice(100, 200)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-100", slice(-100, None)),
        ("bytes=-99999999", slice(0, None)),
        ("bytes=10-99999999", slice(10, None)),
        ("BYTES=0-9", slice(0, 10)),
        ("bytes= 0-9", slice(0, 10)),
    ],
)
def test_one_range(public, hero, address, wanted, part):
    answer = get(public, address, wanted)

    size, (start, end, _) = len(hero.content), part.indices(len(hero.content))
    assert answer.status_code == 206
    assert answer.content == hero.content[part]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["etag"] == public.head(address).headers["etag"]


def test_several_ranges_in_the_order_asked(public, hero, address):
    answer = get(public, address, "bytes=-10, 0-4,100-109")

    assert answer.status_code == 206
    assert "content-range" not in answer.headers
    assert len(answer.content) == int(answer.headers["content-length"])
    parts = parsed(answer)
    size = len(hero.content)
    assert [part["Content-Range"] for part in parts] == [
        f"bytes {size - 10}-{size - 1}/{size}",
        f"bytes 0-4/{size}",
        f"bytes 100-109/{size}",
    ]
    assert [part.get_content_type() for part in parts] == ["image/jpeg"] * 3
    assert b"--" in answer.content
    for part in (hero.content[-10:], hero.content[:5], hero.content[100:110]):
        assert part in answer.content


def parsed(answer) -> list[Message]:
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + answer.content)
    assert message.is_multipart()
    return message.get_payload()


def test_of_several_ranges_those_outside_are_left_out(public, hero, address):
    answer = get(public, address, "bytes=0-4, 99999999-")

    assert answer.status_code == 206
    assert answer.content == hero.content[:5]


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0", "bytes=99999999-, 88888888-99999999"])
def test_a_range_outside_is_a_416_that_says_the_size(public, hero, address, wanted):
    answer = get(public, address, wanted)

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(hero.content)}"
    assert answer.json()["error"]["code"] == "RANGE_NOT_SATISFIABLE"


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=5-4",
        "bytes=a-b",
        "bytes=-",
        "bytes=",
        "bytes",
        "items=0-5",
        "bytes=0-4,5-2",
        "bytes=0-,0-,0-",
        "bytes=" + ",".join("0-0" for _ in range(1000)),
        "bytes=0-99999999999999999999999999",
        "bytes=٣-٤".encode(),
    ],
)
def test_a_range_that_means_nothing_is_ignored(public, hero, address, wanted):
    answer = get(public, address, wanted)

    assert answer.status_code == 200
    assert answer.content == hero.content


def test_if_range_with_this_version_gets_the_part(public, hero, address):
    etag = public.head(address).headers["etag"]

    assert get(public, address, "bytes=0-9", If_Range=etag).content == hero.content[:10]


@pytest.mark.parametrize("version", ['"another"', 'W/"{}"', "Thu, 01 Jan 1970 00:00:00 GMT", ""])
def test_if_range_with_another_version_gets_the_whole(public, hero, address, version):
    etag = public.head(address).headers["etag"].strip('"')

    answer = get(public, address, "bytes=0-9", If_Range=version.format(etag))

    assert answer.status_code == 200
    assert answer.content == hero.content


def test_a_validator_is_looked_at_before_a_range(public, address):
    etag = public.head(address).headers["etag"]

    assert get(public, address, "bytes=0-9", If_None_Match=etag).status_code == 304
    assert get(public, address, "bytes=0-9", If_None_Match='"another"').status_code == 206


def test_head_ignores_ranges(public, hero, address):
    answer = public.head(address, headers={"Range": "bytes=0-9"})

    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(hero.content))


def test_the_sdk_takes_up_a_broken_download_where_it_broke(client, hero, tmp_path):
    assert client.images.download(hero.image, tmp_path / "hero.jpg").read_bytes() == hero.content
