"""The server behind ``web:PORT``: a thread that hands sound and text to every page that is open."""

import asyncio
import contextlib
import json
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from voicectl.actors.sink.web_door import Door

MAX_LISTENERS = 32
BACKLOG_BYTES = 48_000
"""Half a second of sound at 48 kHz: a listener who is so far behind misses what comes, and nobody waits."""

KERNEL_BYTES = 32_768
"""The system keeps no more than about this of a connection's sound: whoever is slow hears the present, not the past."""

PING_S = 10
START_S = 10
STOP_S = 2

_LOGGER = logging.getLogger("voicectl.sink.web")
_LOGGER.propagate = False
_LOGGER.addHandler(logging.NullHandler())


class WebServer:
    """Serves the page at ``host``, ``port`` (0: any) to whoever knows ``token`` (empty: there is none).

    A message is PCM (binary: signed 16 bit little endian, mono, at ``sample_rate`` Hz) or news (text, JSON):
    ``paused`` (true or false), ``caption`` (``text`` and ``source``), ``flush`` (true: forget the sound that was not
    heard yet). The first one to a page has what is true at present, and ``sample_rate``. No method waits for a
    listener.

    Raises:
        OSError: nothing can be served there.
        ValueError: the host is no name.
    """

    def __init__(self, host: str, port: int, token: str, sample_rate: int) -> None:
        self._door = Door(host, token)
        self._present: dict[str, Any] = {"sample_rate": sample_rate, "paused": False, "caption": None}
        self._listeners: set[ServerConnection] = set()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        started: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(host, port, started), name="web", daemon=True)
        self._thread.start()
        self.port = started.result(START_S)

    def send(self, pcm: bytes) -> None:
        """Send sound to every page."""
        self._call(self._send, pcm)

    def tell(self, **news: Any) -> None:
        """Send news to every page."""
        self._call(self._tell, news)

    def close(self) -> None:
        """Send what is on its way, close the connections, and end the thread."""
        self._call(self._stop.set)
        self._thread.join(STOP_S)

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(function, *arguments)

    # -- the thread --------------------------------------------------------------------------

    def _run(self, host: str, port: int, started: "Future[int]") -> None:
        try:
            self._loop.run_until_complete(self._serve(host, port, started))
        except (OSError, ValueError) as exc:
            started.set_exception(exc)
        finally:
            self._loop.close()

    async def _serve(self, host: str, port: int, started: "Future[int]") -> None:
        async with serve(
            self._listen,
            host,
            port,
            process_request=self._answer,
            compression=None,
            server_header=None,
            max_size=1024,
            open_timeout=5,
            close_timeout=1,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            logger=_LOGGER,
        ) as server:
            started.set_result(_port(server))
            await self._stop.wait()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if len(self._listeners) >= MAX_LISTENERS:
            return connection.respond(503, "too many listeners\n")
        return self._door.answer(connection, request)

    async def _listen(self, connection: ServerConnection) -> None:
        """Serve a page until it goes."""
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        broadcast([connection], json.dumps(self._present))
        self._listeners.add(connection)
        try:
            async for _ in connection:
                pass  # a page has nothing to say
        except ConnectionClosed:
            pass
        finally:
            self._listeners.discard(connection)

    def _send(self, pcm: bytes) -> None:
        quick = [each for each in self._listeners if each.transport.get_write_buffer_size() < BACKLOG_BYTES]
        broadcast(quick, pcm)

    def _tell(self, news: dict[str, Any]) -> None:
        self._present.update({key: value for key, value in news.items() if key in self._present})
        broadcast(self._listeners, json.dumps(news))


def _port(server: Server) -> int:
    """Return the port that is listened at."""
    return int(next(iter(server.sockets)).getsockname()[1])
