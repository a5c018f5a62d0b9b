"""An output that is heard in a browser."""

import ipaddress
import os
import re
import secrets
import socket
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from voicectl.actors.sink.output import SPECS, Output
from voicectl.config.paths import ensure_dir, state_dir
from voicectl.protocol.errors import SinkError, UsageError
from voicectl.protocol.speaking import Audio

if TYPE_CHECKING:
    from voicectl.actors.sink.web_server import WebServer

HERE = "127.0.0.1"
RATE = 48_000
"""Hz; the page's clock runs at one rate for as long as it is open, whichever voice speaks."""

BLOCK_NS = 20_000_000
LEAD_NS = 80_000_000
"""So much of the sound lies in the browser: what a turn of the sink's loop, or the network, may be late."""

JOIN_NS = 30_000_000
"""The page plays the first sample this much after it came (``JOIN_S`` there)."""

TOKEN_BYTES = 16

NS = 1_000_000_000

_ADDRESS = re.compile(r"(?:(?P<host>[^\s:/\[\]]+|\[[0-9A-Fa-f:.]+\]):)?(?P<port>[0-9]{1,5})")


def address(text: str) -> tuple[str, int]:
    """Return host and port of ``PORT`` or ``HOST:PORT``; an IPv6 address stands in brackets.

    Raises:
        UsageError: it is neither.
    """
    found = _ADDRESS.fullmatch(text)
    if not found or not 0 < int(found["port"]) < 65_536:
        raise UsageError(f"unknown sink 'web:{text}'; use {SPECS}")
    return (found["host"] or HERE).strip("[]"), int(found["port"])


def is_local(host: str) -> bool:
    """Whether only programs on this machine can connect to a host."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class WebOutput(Output):
    """Sends speech, with its text, to every page that is open, in real time, whether one is open or not.

    A page that is opened later joins where the speech is. What was handed over counts as heard: it plays in
    the browser although the sink dies.
    """

    def __init__(self, host: str, port: int, sample_rate: int = 0) -> None:
        super().__init__()
        self.name = f"web:[{host}]:{port}" if ":" in host else f"web:{host}:{port}"
        self.tick = BLOCK_NS / NS
        self._host, self._port = host, port
        self._rate = sample_rate or RATE
        self._server: WebServer | None = None
        self._captions: deque[tuple[int, Audio]] = deque()
        self._block = np.zeros(self._rate * BLOCK_NS // NS, np.int16)
        self._until = 0
        self._left = 0
        self._is_sounding = False

    def load(self) -> None:
        """Load the server's library.

        Raises:
            SinkError: it is missing.
        """
        try:
            import websockets.asyncio.server  # noqa: F401 (only loaded)
        except ImportError as exc:
            raise SinkError("a sink for browsers needs websockets: pip install websockets") from exc

    def prepare(self) -> str:
        """Serve the page; return its address.

        Raises:
            SinkError: the port is taken, or there is no such host.
        """
        from voicectl.actors.sink.web_server import WebServer

        token = "" if is_local(self._host) else _token()
        try:
            self._server = WebServer(self._host, self._port, token, self._rate)
        except (OSError, ValueError) as exc:
            errno = getattr(exc, "errno", None) or 0
            reason = os.strerror(errno) if errno > 0 else getattr(exc, "strerror", None) or "no such host"
            raise SinkError(
                f"cannot serve at {self._host}:{self._port}: {reason}; name another port with --sink web:PORT"
            ) from exc
        self._server.tell(paused=self._paused)
        url = self._url(self._server.port, token)
        self.detail = f"open {url} in a browser"
        if token:
            self.notices.append(f"whoever has this address can hear what is spoken, and nothing is encrypted: {url}")
        return url

    def _url(self, port: int, token: str) -> str:
        host = socket.gethostname() if self._host in {"0.0.0.0", "::"} else self._host
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{port}/{'?token=' if token else ''}{token}"

    def open(self, sample_rate: int) -> None:
        """Begin to consume (see ``Output.open``)."""
        if record := self.record:
            self.record = lambda position, _: record(position, 0)
        super().open(sample_rate)

    def _start(self, sample_rate: int) -> int:
        return self._rate

    def begins(self, position: int, audio: Audio) -> None:
        """Show an utterance's text when its first sample is sent."""
        self._captions.append((position, audio))

    def poll(self, now: int) -> None:
        """Send what is due at ``now``."""
        if not self.is_open or not self._server:
            return
        self._until = max(self._until, now)
        while self._until <= now + LEAD_NS - BLOCK_NS and not self._should_wait(now):
            count = self._consumer.fill(self._block, now, self._until - now + JOIN_NS)
            if not count and not self._is_sounding:
                break
            self._show()
            self._server.send(self._block.astype("<i2", copy=False).tobytes())
            self._until += BLOCK_NS
            # What ends within a block has its silence; else one more block of it is sent.
            self._is_sounding = count == len(self._block)

    def _should_wait(self, now: int) -> bool:
        """Whether the voice has time to bring the rest of a block: the pages have something to play, or nothing yet."""
        is_short = self.written - self.position < len(self._block)
        has_time = self._until > now or not self._is_sounding
        return is_short and self._consumer.busy and has_time

    def _show(self) -> None:
        while self._captions and self._captions[0][0] < self.position:
            _, audio = self._captions.popleft()
            self._tell(caption={"text": audio.text, "source": audio.source})

    def pause(self, on: bool) -> None:
        """Be silent at once: the pages stop where they are, and go on from there."""
        if on != self._paused:
            now = time.monotonic_ns()
            if on:
                self._left = max(0, self._until - now)
            else:
                self._until = now + self._left
            self._tell(paused=on)
        super().pause(on)

    def drop(self) -> None:
        """Drop everything that was not sent yet (see ``Output.drop``)."""
        super().drop()
        self._captions.clear()

    def flush(self) -> None:
        """Drop everything that was not heard yet, what the pages hold included."""
        super().flush()
        self._until = self._left = 0
        self._is_sounding = False
        self._tell(flush=True)

    def _tell(self, **news: Any) -> None:
        if self._server:
            self._server.tell(**news)

    def close(self) -> None:
        """Close the connections; the pages play what they have, and wait for the next sink."""
        if self._server:
            self._server.close()
            self._server = None
        self.sample_rate = 0


def _token() -> str:
    """Return the secret in the page's address; it stays the same, so that the address can be kept.

    Raises:
        SinkError: it cannot be kept.
    """
    path = ensure_dir(state_dir()) / "web.token"
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "r+", encoding="ascii", errors="replace") as file:
            token = file.read().strip()
            if len(token) < TOKEN_BYTES:
                token = secrets.token_urlsafe(TOKEN_BYTES)
                file.seek(0)
                file.truncate()
                file.write(token)
    except OSError as exc:
        raise SinkError(f"cannot keep {path}: {exc.strerror}; set VOICECTL_STATE_DIR to another folder") from exc
    return token
