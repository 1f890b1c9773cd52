"""Whatever a query says, the answer is a picture of a bounded size or a short refusal, and it comes soon."""

import struct
import zlib
from io import BytesIO
from urllib.parse import quote

import PIL.Image
import pytest
from tests.photographs import encoded, pixels

from atpix.ids import ImageId, ProjectId, blob_key

ORIGINAL = (160, 120)


def size(answer) -> tuple[int, int]:
    assert answer.status_code == 200, answer.text
    return PIL.Image.open(BytesIO(answer.content)).size


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("w=0", ORIGINAL),
        ("w=-5", ORIGINAL),
        ("w=0&h=0", ORIGINAL),
        ("w=99999999999999999999", ORIGINAL),
        ("w=1e9", ORIGINAL),
        ("w=80.4", (80, 60)),
        ("w=NaN", ORIGINAL),
        ("w=Infinity", ORIGINAL),
        ("w=", ORIGINAL),
        ("w", ORIGINAL),
        ("w=abc&h=60", (80, 60)),
        ("w=%2080%20", (80, 60)),
        ("%77=80", (80, 60)),
        ("W=80", (80, 60)),
        ("WIDTH=80", (80, 60)),
        ("w=10&w=80", (80, 60)),
        ("w=10&width=80", (80, 60)),
        ("w=80&h=60&fit=nonsense", (80, 60)),
        ("w=80&h=80&fp=2,-1", (80, 80)),
        ("w=80&h=80&fp=a,b", (80, 80)),
        ("w=80&h=80&fp=,", (80, 80)),
        ("w=80&q=100000", (80, 60)),
        ("w=80&q=-1", (80, 60)),
        ("w=80&dpr=1000", ORIGINAL),
        ("w=80&rot=45", (80, 60)),
        ("w=80&blur=1e99", (80, 60)),
        ("w=80&page=7", (80, 60)),
        ("w=80&bg=nonsense", (80, 60)),
        ("w=80&max_bytes=1", None),
        ("w=80&format=exe", (80, 60)),
        ("ar=0:0", ORIGINAL),
        ("ar=1:1000000", None),
        ("w=16384&h=16384&up=1&fit=pad&q=1&format=jpeg", None),
        ("%00=%00&w=80", (80, 60)),
        ("w=%FF%FE", ORIGINAL),
        ("=&&==&w=80", (80, 60)),
        ("w=80&" + "&".join(f"x{n}=1" for n in range(99)), (80, 60)),
        ("w=80" + "&w=81" * 40, (81, 61)),
        ("fp_debug=1&w=80", (80, 60)),
        ("exp=nonsense&sig=nonsense&kid=nonsense&w=80", (80, 60)),
    ],
)
def test_a_picture_comes_of_it_all_the_same(public, hero, query, expected):
    answer = public.get(f"{hero.by_id}?{query}")

    width, height = size(answer)
    assert width * height <= 50_000_000
    if expected is not None:
        assert (width, height) == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("options", ["w=0", "w=80,,", ",=", "=,=", "w=80,fp=0.3,0.4,0.5", "a" * 150 + "=1", "w=8%2C0"])
def test_the_same_is_true_of_options_in_the_path(public, hero, options):
    assert public.get(f"{hero.by_id}/{options}").status_code == 200


def test_unknown_parameters_make_no_renditions(public, hero, svc, project):
    for query in ("utm_source=a", "w=nonsense", "format=exe", "nonsense", "&".join(f"x{n}=1" for n in range(100))):
        assert public.get(f"{hero.by_id}?{query}").content == hero.content

    assert svc.renditions.made(project.row.id, hero.image.id) == 0


def test_a_preset_that_does_not_exist_is_said_so(public, hero):
    answer = public.get(f"{hero.by_id}?preset={quote('<script>')}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert "script" not in answer.text


@pytest.fixture
def damaged(svc, upload, client):
    """An image whose stored bytes are exchanged for others: a disk is not to be trusted either."""
    made = []

    def make(content: bytes):
        image = upload(encoded(pixels(1, (64, 48)), "PNG"))
        svc.blobs.local_path(blob_key(ProjectId(image.project_id), ImageId(image.id))).write_bytes(content)
        made.append(image.id)
        return image

    yield make
    for image in made:
        client.images.delete(image)


def _bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "INVALID_IMAGE"),
        (b"GIF89a", "INVALID_IMAGE"),
        (encoded(pixels(1, (64, 48)), "PNG")[:900], "INVALID_IMAGE"),
        (_bomb(60_000), "IMAGE_TOO_LARGE"),
        (_bomb(3_000), "INVALID_IMAGE"),
    ],
    ids=["nothing", "another type", "half", "too large", "lies about its size"],
)
def test_what_does_not_decode_is_a_short_refusal_and_not_tried_with_every_request(public, damaged, content, code):
    image = damaged(content)

    for _ in range(3):
        answer = public.get(f"{image.storage_url}?w=30&h=30")

        assert answer.json()["error"]["code"] == code
        assert answer.status_code in {413, 422}
        assert answer.headers["cache-control"] == "public, max-age=5"
        assert answer.headers["vary"] == "Accept"
        assert "/" not in answer.json()["error"]["message"].replace("image/png", "")
