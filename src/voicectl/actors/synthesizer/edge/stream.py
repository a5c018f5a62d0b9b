"""One sentence from the service, as a stream of MP3 that can be read while it comes.

edge-tts has a synchronous interface of its own, but that waits for ever once the service fails.
"""

import asyncio
import queue
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import edge_tts
import miniaudio

from voicectl.protocol.errors import BackendError

SILENCE_S = 10.0
"""Seconds without an answer after which the service is given up; edge-tts itself waits without end."""

_READ = 288
"""Bytes given to the decoder at a time, two frames of the service's MP3: it asks for 64 kB before each frame that it
decodes, and would wait for all that it is given later."""

Result = TypeVar("Result")


class EventLoop:
    """An asyncio event loop in a thread of its own."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._serve, name="edge", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, Result]) -> "Future[Result]":
        """Begin some work; the future can be waited for and cancelled."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Cancel what is under way and end the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SILENCE_S)

    def _serve(self) -> None:
        with self._runner:
            self._loop.run_forever()


class Mp3Stream(miniaudio.StreamableSource):  # type: ignore[misc]
    """The sound of one request; ``read`` waits for it.

    Args:
        loop: Where the request runs.
        request: What is to be spoken, not yet sent.
    """

    def __init__(self, loop: EventLoop, request: edge_tts.Communicate) -> None:
        self._parts: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
        self._data = bytearray()
        self._place = 0
        self._is_whole = False
        self._work = loop.start(self._fetch(request))

    def read(self, num_bytes: int) -> bytes:
        """Return the next bytes, a few of the ``num_bytes`` that are asked for; none at the end.

        Raises:
            BackendError: nothing came for too long, or the connection was cut.
            Exception: what edge-tts raised.
        """
        while self._place == len(self._data) and not self._is_whole:
            try:
                part = self._parts.get(timeout=SILENCE_S)
            except queue.Empty as exc:
                raise BackendError(f"the service has not answered for {SILENCE_S:g} s") from exc
            if isinstance(part, Exception):
                raise part
            self._is_whole = part is None
            self._data += part or b""
        start = self._place
        self._place = min(start + min(num_bytes, _READ), len(self._data))
        return bytes(self._data[start : self._place])

    def seek(self, offset: int, origin: miniaudio.SeekOrigin) -> bool:
        """Go back to what was read before: the decoder looks at the first bytes twice."""
        if origin is not miniaudio.SeekOrigin.START or offset > len(self._data):
            return False
        self._place = offset
        return True

    def close(self) -> None:
        """Give up what has not come yet."""
        self._work.cancel()

    async def _fetch(self, request: edge_tts.Communicate) -> None:
        """Put the sound into the queue as it comes, then None, or what went wrong."""
        try:
            async for message in request.stream():
                if message["type"] == "audio":
                    self._parts.put(message["data"])
            # The library takes a connection that is cut for the end; only a whole answer resets its count of bytes.
            cut = request.state["chunk_audio_bytes"] > 0
            self._parts.put(BackendError("the connection was cut before the end") if cut else None)
        except Exception as exc:  # whatever it is, the reader is waiting for it
            self._parts.put(exc)
