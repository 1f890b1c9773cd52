"""A stand-in for the server that answers in the contract's shapes."""

import itertools
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads
from threading import Thread
from urllib.parse import unquote

import httpx2

URL = "http://atpix.test"
TIME = "2026-01-02T03:04:05.678Z"


class Chunks(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body in pieces; an exception among them is where the connection breaks."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def failure(status, code, message="Do something else.", headers=None, **more):
    error = {"code": code, "message": message, "requestId": "req-1", **more}
    return httpx2.Response(status, json={"success": False, "error": error}, headers=headers)


def form_of(request: httpx2.Request) -> dict[str, bytes]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + request.content).get_payload()
    return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in parts}


class StandIn:
    """Enough of the API to talk to. `script` holds answers, or exceptions, that come before all else."""

    def __init__(self) -> None:
        self.script: deque[httpx2.Response | Exception] = deque()
        self.requests: list[httpx2.Request] = []
        self.images: dict[str, dict] = {}
        self.files: dict[str, bytes] = {}
        self.generations: list[dict] = []
        self.pauses_s: list[float] = []
        self.url = URL
        self._numbers = itertools.count(1)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:  # noqa: C901, PLR0911 (a router)
        self.requests.append(request)
        if self.script:
            answer = self.script.popleft()
            if isinstance(answer, Exception):
                if isinstance(answer, httpx2.RequestError):
                    answer.request = request
                raise answer
            return answer
        path = unquote(request.url.path)
        match request.method, path.removeprefix("/api/v1").strip("/").split("/"):
            case "POST", ["images", "upload"]:
                return self._upload(request)
            case "GET", ["images"]:
                return self._list(request.url.params)
            case "GET", ["cdn", "o", "p", "img", image_id]:
                body = self.files[image_id]
                return httpx2.Response(200, content=body, headers={"ETag": f'"{image_id}"'})
            case "POST", ["images", image_id, "restore"]:
                return self._one(self.images[image_id])
            case "POST", ["generations"]:
                return self._generate(loads(request.content))
            case "GET", ["generations", _, "events"]:
                event = f"event: status\ndata: {dumps(self.generations[-1])}\n\n"
                return httpx2.Response(200, text=event, headers={"Content-Type": "text/event-stream"})
            case "PUT", ["images", ref, "alias"]:
                return self._assign(ref, loads(request.content))
            case method, ["images", ref, *_]:
                return self._image(method, ref, request)
            case method, ["organizations" | "projects" | "keys" as kind, *rest]:
                return self._administer(method, kind, rest, request)
        return failure(404, "NOT_FOUND", "No such endpoint.")

    def add(self, body=b"picture", **fields):
        image_id = f"00000000-0000-7000-8000-{next(self._numbers):012}"
        self.files[image_id] = body
        self.images[image_id] = {
            "id": image_id,
            "projectId": "11111111-0000-7000-8000-000000000000",
            "flowId": None,
            "storageUrl": f"{self.url}/cdn/o/p/img/{image_id}",
            "mimeType": "image/png",
            "fileSize": len(body),
            "width": 4,
            "height": 3,
            "source": "uploaded",
            "alias": None,
            "focalPoint": None,
            "meta": {},
            "createdAt": TIME,
            "updatedAt": TIME,
            "sha256": sha256(body).hexdigest(),
            "inventedLater": {"by": "a newer server"},
            **fields,
        }
        return self.images[image_id]

    def _upload(self, request):
        form = form_of(request)
        fields = {"alias": form["alias"].decode()} if "alias" in form else {}
        fields |= {name: loads(form[name]) for name in ("meta", "focalPoint") if name in form}
        return self._one(self.add(form["file"], **fields), 201)

    def _generate(self, asked):
        """Done at once."""
        picture = self.add(source="generated", alias=asked.get("alias"))
        self.generations.append(
            {
                "projectId": picture["projectId"],
                "flowId": asked.get("flowId"),
                "aspectRatio": "16:9",
                "provider": "offline",
                "warnings": [],
                "outputImageId": picture["id"],
                "outputImage": picture,
                **{name: asked[name] for name in ("prompt", "seed") if name in asked},
                "id": f"00000000-0000-7000-8000-{next(self._numbers):012}",
                "status": "success",
                "createdAt": TIME,
                "updatedAt": TIME,
            }
        )
        return httpx2.Response(201, json={"success": True, "data": self.generations[-1]})

    def _list(self, params):
        newest_first = list(reversed(self.images.values()))
        begin, limit = int(params.get("cursor", params.get("offset", 0))), int(params.get("limit", 20))
        page, more = newest_first[begin : begin + limit], begin + limit < len(newest_first)
        pages = {"total": len(newest_first), "limit": limit, "offset": begin, "hasMore": more}
        cursor = {"nextCursor": str(begin + limit)} if more and "offset" not in params else {}
        return httpx2.Response(200, json={"success": True, "data": page, "pagination": pages, **cursor})

    def _image(self, method, ref, request):
        image = self._find(ref)
        if image is None:
            return failure(404, "IMAGE_NOT_FOUND", f"No image {ref} in this project.")
        if request.headers.get("if-match", '"v1"') != '"v1"':
            return failure(412, "PRECONDITION_FAILED")
        match method:
            case "PUT" | "PATCH":
                image.update(loads(request.content))
            case "DELETE" if request.url.path.endswith("/alias"):
                image["alias"] = None
            case "DELETE":
                del self.images[image["id"]]
                return httpx2.Response(200, json={"success": True, "data": {"id": image["id"]}})
        return self._one(image)

    def _assign(self, ref, body):
        holder = self._find(body["alias"]) if body["alias"] else None
        if holder and body.get("onConflict") == "fail":
            return failure(409, "ALIAS_CONFLICT")
        if holder:
            holder["alias"] = None
        image = self._find(ref)
        image["alias"] = body["alias"]
        return self._one({**image, "displaced": holder and holder["id"]})

    def _administer(self, method, kind, rest, request):
        if method == "DELETE":
            return httpx2.Response(200, json={"success": True, "data": {"id": rest[0]}})
        body = loads(request.content) if request.content else {}
        thing = {"id": "a1", "slug": "acme", "prefix": "atp_a1", "scopes": ["read"], "createdAt": TIME, **body}
        if kind == "keys" and method == "POST":
            thing["key"] = "atp_secret"
        if method == "GET":
            pages = {"total": 1, "limit": 20, "offset": 0, "hasMore": False}
            return httpx2.Response(200, json={"success": True, "data": [thing], "pagination": pages})
        return httpx2.Response(200, json={"success": True, "data": thing})

    def _find(self, ref):
        return next((image for image in self.images.values() if ref in {image["id"], image["alias"]}), None)

    def _one(self, image, status=200):
        body = dumps({"success": True, "data": image})
        return httpx2.Response(status, content=body, headers={"ETag": '"v1"', "Content-Type": "application/json"})


@contextmanager
def on_a_socket(server: StandIn) -> Iterator[StandIn]:
    """Real HTTP on this machine. A file whose announced length is over a megabyte is refused before it is read."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            length = int(self.headers.get("content-length", 0))
            if length > 1_000_000:
                self.close_connection = True
                answer = failure(413, "FILE_TOO_LARGE")
            else:
                body = self.rfile.read(length)
                answer = server(
                    httpx2.Request(self.command, server.url + self.path, headers=dict(self.headers), content=body)
                )
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)
            if self.close_connection:
                self._listen_to_the_end()

        def _listen_to_the_end(self):
            """Closing on unread bytes resets the connection, which may take the answer with it."""
            with suppress(ConnectionError):
                while self.rfile.read1(65_536):
                    pass

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        server.url = f"http://127.0.0.1:{listener.server_port}"
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()
