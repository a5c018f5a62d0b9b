"""A local server that speaks the protocol of Microsoft Edge's "read aloud", as edge-tts uses it.

``GET /voices`` answers the list of voices. On the WebSocket the client sends ``speech.config`` and ``ssml``; the answer
is ``turn.start``, ``response``, ``audio.metadata``, the sound in binary messages (two bytes of header length, the
header, MP3) and ``turn.end``.
"""

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from aiohttp import web

RATE = 24_000
VOICES = [
    {"ShortName": name, "Name": name, "Locale": name.rpartition("-")[0], "Gender": "Female"}
    for name in (
        "de-AT-IngridNeural",
        "de-DE-KatjaNeural",
        "en-AU-NatashaNeural",
        "en-US-AvaNeural",
        "ja-JP-NanamiNeural",
    )
]
PART = 720
"""Bytes of MP3 in a message, as the service sends them."""


class Service(NamedTuple):
    """A running service: its port, and the SSML of every request so far."""

    port: int
    asked: list[str]


Answer = Callable[[web.WebSocketResponse, str], Any]
"""A coroutine function that answers one SSML request."""


def mp3(wave: npt.NDArray[np.float32]) -> bytes:
    """Return a mono wave of 24 kHz, between -1 and 1, as the service's MP3 of 48 kbit/s."""
    import soundfile

    file = io.BytesIO()
    quality = {"subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT", "compression_level": 0.75}
    soundfile.write(file, wave, RATE, format="MP3", **quality)
    return file.getvalue()


async def begin(socket: web.WebSocketResponse) -> None:
    """Send what comes before the sound."""
    await socket.send_str("X-RequestId:1\r\nPath:turn.start\r\n\r\n{}")
    await socket.send_str("X-RequestId:1\r\nPath:response\r\n\r\n{}")


async def sound(socket: web.WebSocketResponse, data: bytes) -> None:
    """Send MP3 in messages."""
    header = b"X-RequestId:1\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n"
    for start in range(0, len(data), PART):
        await socket.send_bytes(len(header).to_bytes(2, "big") + header + data[start : start + PART])


async def end(socket: web.WebSocketResponse) -> None:
    """Send what comes after the sound."""
    boundary = {"Type": "SentenceBoundary", "Data": {"Offset": 0, "Duration": 1, "text": {"Text": "x"}}}
    await socket.send_str(f"X-RequestId:1\r\nPath:audio.metadata\r\n\r\n{json.dumps({'Metadata': [boundary]})}")
    await socket.send_str("X-RequestId:1\r\nPath:turn.end\r\n\r\n{}")


@contextmanager
def serving(answer: Answer, voices: Any = VOICES) -> Iterator[Service]:
    """Serve on a free port until the block ends."""
    asked: list[str] = []

    async def speak(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if "Path:ssml" in message.data:
                asked.append(message.data.partition("\r\n\r\n")[2])
                await answer(socket, asked[-1])
        return socket

    async def listed(_request: web.Request) -> web.Response:
        return web.json_response(voices)

    loop = asyncio.new_event_loop()
    application = web.Application()
    application.add_routes([web.get("/voices", listed), web.get("/edge/v1", speak)])
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    loop.run_until_complete(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    loop.run_until_complete(site.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield Service(runner.addresses[0][1], asked)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def cut(socket: web.WebSocketResponse) -> None:
    """Close the connection without a word, as a network does."""
    transport = socket._req.transport
    transport.abort()
