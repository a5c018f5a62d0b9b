"""Who may open the page of ``web:PORT``, and what it consists of."""

import re
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from voicectl.actors.sink.web import is_local

SOUND = "/sound"
"""Where a page gets sound and text, through a WebSocket."""

_FOLDER = Path(__file__).parent / "page"
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
_OPEN_TO_ALL = ("/page.js", "/page.css")
"""These tell nothing, and are asked for without the token."""

_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src ws://{host} wss://{host}; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page may load what is its own and nothing else; not every browser takes a WebSocket for its own unnamed."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _Asked(NamedTuple):
    """What a request asks for: ``host`` with its port as the client typed it, ``name`` without."""

    host: str
    name: str
    path: str
    token: str

    @classmethod
    def of(cls, request: Request) -> Self:
        """Take a request apart.

        Raises:
            LookupError: it names no host, or several.
            ValueError: host or path are no part of an address.
        """
        host = request.headers["Host"]
        if not _HOST.fullmatch(host):
            raise ValueError(host)
        target = urlsplit(request.path)
        return cls(
            host=host,
            name=urlsplit(f"//{host}").hostname or "",
            path=target.path,
            token=parse_qs(target.query).get("token", [""])[0],
        )


class Door:
    """Answers requests to a server at ``host`` for those who know ``token`` (empty: for all who can connect).

    A page of somebody else's, opened in a browser on this machine, can connect as well. So at a local host the
    name by which it was asked for has to be local too (else any name could be made to lead here), and the sound
    goes only to the page of this server itself.
    """

    def __init__(self, host: str, token: str) -> None:
        self._is_local = is_local(host)
        self._token = token.encode()
        self._files = {path: (_FOLDER / name).read_text(encoding="utf-8") for path, (name, _) in _FILES.items()}

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Return the answer to a request, or None where a WebSocket may be opened."""
        try:
            asked = _Asked.of(request)
        except (LookupError, ValueError):
            return connection.respond(HTTPStatus.BAD_REQUEST, "this is no request that can be understood\n")
        if request.method != "GET":
            return connection.respond(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is known here\n")
        if self._is_local and not is_local(asked.name):
            return connection.respond(HTTPStatus.FORBIDDEN, "open this page as localhost or 127.0.0.1\n")
        if asked.path not in (*_FILES, SOUND):
            return connection.respond(HTTPStatus.NOT_FOUND, "there is nothing here; the page is at /\n")
        if asked.path not in _OPEN_TO_ALL and not self._knows_token(asked.token):
            return connection.respond(HTTPStatus.FORBIDDEN, "open the address that voicectl status shows\n")
        if asked.path == SOUND:
            return self._sound(connection, request, asked.host)
        return self._file(connection, asked)

    def _knows_token(self, token: str) -> bool:
        return secrets.compare_digest(token.encode(errors="replace"), self._token) or not self._token

    def _sound(self, connection: ServerConnection, request: Request, host: str) -> Response | None:
        origins = request.headers.get_all("Origin")
        # Without one it is no browser that asks.
        if not set(origins) <= {f"http://{host}", f"https://{host}"}:
            return connection.respond(HTTPStatus.FORBIDDEN, "another site's page cannot listen\n")
        return None

    def _file(self, connection: ServerConnection, asked: _Asked) -> Response:
        response = connection.respond(HTTPStatus.OK, self._files[asked.path])
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = _FILES[asked.path][1]
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = _POLICY.format(host=asked.host)
        return response
