import tracemalloc
from io import BytesIO, StringIO

import httpx2
import pytest
from sdk.tests.stand_in import StandIn, form_of

from atpix_client import FocalPoint, errors


class Listening(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Takes a body chunk by chunk, as a socket does, and keeps only counts."""

    def __init__(self, server: StandIn) -> None:
        self.server = server
        self.received = 0
        self.largest_chunk = 0
        self.headers = httpx2.Headers()
        self.unreachable = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._connect()
        for chunk in request.stream:
            self._hear(chunk)
        return self._answer(request)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._connect()
        async for chunk in request.stream:
            self._hear(chunk)
        return self._answer(request)

    def _connect(self):
        self.unreachable -= 1
        if self.unreachable >= 0:
            raise httpx2.ConnectError("refused")

    def _hear(self, chunk):
        self.received += len(chunk)
        self.largest_chunk = max(self.largest_chunk, len(chunk))

    def _answer(self, request):
        self.headers = request.headers
        return httpx2.Response(201, json={"success": True, "data": self.server.add()})


class Zeros:
    """A large file that exists nowhere."""

    def __init__(self, size: int, *, seekable: bool = True) -> None:
        self.size, self.at, self._seekable = size, 0, seekable

    def read(self, count=-1):
        chunk = bytes(min(count, self.size - self.at))
        self.at += len(chunk)
        return chunk

    def seekable(self):
        return self._seekable

    def tell(self):
        return self.at

    def seek(self, offset, whence=0):
        self.at = self.size + offset if whence == 2 else offset
        return self.at


@pytest.fixture
def listening(server):
    return Listening(server)


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "file", "memory"])
def test_every_kind_of_source_arrives_whole(client, server, tmp_path, kind):
    path = tmp_path / "cat.png"
    path.write_bytes(b"picture" * 100_000)
    with path.open("rb") as file:
        sources = {"path": path, "text": str(path), "bytes": path.read_bytes(), "file": file}
        image = client.images.upload(sources.get(kind) or BytesIO(path.read_bytes()))

    assert server.files[image.id] == path.read_bytes()
    name = b"upload" if kind in {"bytes", "memory"} else b"cat.png"
    assert b'name="file"; filename="' + name + b'"' in server.requests[-1].content


def test_fields_come_before_the_file_in_the_words_of_the_api(client, server):
    image = client.images.upload(
        b"picture",
        alias="@hero",
        flow_id="f1",
        flow_alias="@step",
        meta={"title": "Köln", "n": [1, None]},
        focal_point=FocalPoint(0.5, 0.25),
        on_duplicate="reuse",
    )

    form = form_of(server.requests[-1])
    assert list(form) == ["alias", "flowId", "flowAlias", "meta", "focalPoint", "onDuplicate", "file"]
    assert (form["flowId"], form["flowAlias"], form["onDuplicate"]) == (b"f1", b"@step", b"reuse")
    assert image.meta == {"title": "Köln", "n": [1, None]}
    assert image.focal_point == FocalPoint(0.5, 0.25)
    assert image.etag == '"v1"'


def test_the_length_is_announced_exactly_when_the_source_knows_it(client, server):
    client.images.upload(b"picture", filename="ä.png")
    request = server.requests[-1]
    assert int(request.headers["content-length"]) == len(request.content)
    assert "transfer-encoding" not in request.headers

    client.images.upload(Zeros(7, seekable=False))
    request = server.requests[-1]
    assert "content-length" not in request.headers
    assert request.headers["transfer-encoding"] == "chunked"
    assert form_of(request)["file"] == bytes(7)


def test_a_file_name_cannot_add_a_field(client, server):
    client.images.upload(b"picture", filename='x"\r\n\r\nalias: @evil\r\n.png')

    assert set(form_of(server.requests[-1])) == {"file"}
    assert b'filename="x%22%0D%0A%0D%0Aalias: @evil%0D%0A.png"' in server.requests[-1].content


@pytest.mark.parametrize("seekable", [True, False])
def test_memory_stays_flat_in_the_size_of_the_file(connect, listening, seekable):
    size = 300 * 1024 * 1024
    client = connect(transport=listening)
    tracemalloc.start()
    try:
        client.images.upload(Zeros(size, seekable=seekable))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert listening.received > size
    assert listening.largest_chunk <= 256 * 1024
    assert peak < 8 * 1024 * 1024


def test_a_source_that_cannot_be_read_twice_may_still_wait_for_the_server(connect, listening, server):
    listening.unreachable = 2

    connect(transport=listening).images.upload(Zeros(7, seekable=False))

    assert len(server.pauses_s) == 2


def test_progress_counts_the_bytes_of_the_file(client):
    told = []
    client.images.upload(bytes(600_000), progress=lambda sent, total: told.append((sent, total)))

    assert told == [(262_144, 600_000), (524_288, 600_000), (600_000, 600_000)]


def test_progress_without_a_known_size_has_no_total(client):
    told = []
    source = Zeros(10, seekable=False)
    client.images.upload(source, progress=lambda sent, total: told.append((sent, total)))

    assert told == [(10, None)]


def test_a_file_that_shrinks_while_it_is_sent_is_an_error(connect, listening):
    source = Zeros(1_000_000)

    def shrink(sent, total):
        source.size = 300_000

    with pytest.raises(errors.SourceChanged, match="300000 of 1000000 bytes"):
        connect(transport=listening).images.upload(source, progress=shrink)


def test_a_file_that_grows_while_it_is_sent_is_sent_as_announced(client, server):
    source = Zeros(1_000_000)

    def grow(sent, total):
        source.size = 2_000_000

    image = client.images.upload(source, progress=grow)

    assert len(server.files[image.id]) == 1_000_000


def test_a_text_file_is_refused(client):
    with pytest.raises(TypeError, match="binary mode"):
        client.images.upload(StringIO("picture"))


def test_a_missing_file_is_the_error_that_open_raises(client, server, tmp_path):
    with pytest.raises(FileNotFoundError):
        client.images.upload(tmp_path / "nowhere.png")

    assert server.requests == []


def test_an_empty_file_is_sent_for_the_server_to_judge(client, server):
    assert server.files[client.images.upload(b"").id] == b""
