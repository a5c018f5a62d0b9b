"""A server that speaks the hub's HTTP interface, and a second one that the files are kept on; both can misbehave."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGE = 4096
"""From this size on a file is not in the repository but on the other server, as with git-lfs."""


class FakeHub:
    """A hub with one model.

    Attributes:
        files: name to content; ``commit`` is their revision.
        cuts: after how many bytes each of the next answers with content ends; the connection is closed then.
        flips: in how many of the next answers from the first byte on one byte is wrong.
        ranges: whether a range is understood.
        requests: every request with content: path and the value of its Range header.
    """

    def __init__(self, hub_id: str, files: dict[str, bytes]) -> None:
        self.hub_id, self.files, self.commit = hub_id, files, "c0ffee" * 6 + "c0ff"
        self.tags = ["license:cc-by-nc-4.0"]
        self.cuts: list[int] = []
        self.flips = 0
        self.ranges = True
        self.requests: list[tuple[str, str | None]] = []
        self.origin = self.store = ""

    @property
    def fetched(self) -> list[str]:
        """The names of the files whose content was asked for."""
        return [path.rpartition("/")[2] for path, _ in self.requests]


@contextmanager
def serve(hub: FakeHub) -> Iterator[FakeHub]:
    """Run both servers; ``hub.origin`` is the address for HF_ENDPOINT."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub, kind)) for kind in ("hub", "store")]
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    for thread in threads:
        thread.start()
    hub.origin, hub.store = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    try:
        yield hub
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


def etag(content: bytes) -> str:
    """Return the ETag that the hub gives: SHA-256 for large files, git's hash of a blob for others."""
    if len(content) >= LARGE:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


def _handler(hub: FakeHub, kind: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            name = self.path.removeprefix(f"/{hub.hub_id}/resolve/{hub.commit}").removeprefix("/")
            if kind == "hub" and self.path == f"/api/models/{hub.hub_id}/revision/main":
                siblings = [{"rfilename": each} for each in hub.files]
                return self.send(200, json.dumps({"sha": hub.commit, "siblings": siblings, "tags": hub.tags}).encode())
            if name not in hub.files:
                return self.send(401, b"Repository Not Found")
            content = hub.files[name]
            if kind == "hub" and len(content) >= LARGE:
                return self.send(
                    302,
                    b"",
                    Location=f"{hub.store}/{name}",
                    **{"X-Linked-Etag": f'"{etag(content)}"', "X-Linked-Size": str(len(content))},
                )
            if with_body:
                hub.requests.append((self.path, self.headers.get("Range")))
            return self.send_content(content, with_body)

        def send_content(self, content: bytes, with_body: bool) -> None:
            wanted = self.headers.get("Range") if hub.ranges else None
            begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            headers = {"ETag": f'"{etag(content)}"', "Content-Length": str(len(content) - begin)}
            if begin:
                headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            body = content[begin:]
            if with_body and not begin and hub.flips:
                hub.flips -= 1
                body = bytes([body[0] ^ 1]) + body[1:]
            if with_body and hub.cuts:
                body = body[: hub.cuts.pop(0)]
                self.close_connection = True
            self.send(206 if begin else 200, body if with_body else b"", **headers)

        def send(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the tests' output quiet."""

    return Handler
