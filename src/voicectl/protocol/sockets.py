"""ZeroMQ sockets as voicectl uses them: an inbox that is bound, an outlet that never blocks.

Every incarnation of a stage has inboxes under an address of its own: a second bind on one ipc path
succeeds in silence while old connections keep feeding the old owner. High-water marks are off: what
bounds the work in flight is the parser's window.
"""

import contextlib
import os
import time
from types import TracebackType
from typing import Self

import zmq

from voicectl.protocol.addresses import remove_address
from voicectl.protocol.errors import FrameError
from voicectl.protocol.frames import Frame, decode, encode
from voicectl.protocol.message import Message

MAX_FRAME_BYTES = 1 << 28
"""A larger frame is refused by the socket: no sentence and no chunk of PCM comes near it."""


def keep_bound(socket: "zmq.Socket[bytes]", address: str) -> bool:
    """Bind again when somebody has deleted the socket's file; return whether that was so. Connections are kept."""
    # Not Path.exists: asked this often, the names that a Path interns make the interpreter's table of them grow.
    if not address.startswith("ipc://") or os.path.exists(address.removeprefix("ipc://")):  # noqa: PTH110
        return False
    # Not unbound before: that would end the connections which stand; where the folder is gone too, they are all.
    with contextlib.suppress(zmq.ZMQError):
        socket.bind(address)
        return True
    return False


class Inbox:
    """A bound PULL socket.

    ``received`` stamps: a frame that came while its owner worked cannot be stamped on arrival by one
    thread. Its wire time is then taken to be that of frames that met an idle owner (a running mean),
    and the rest counts as waiting; the sum is exact.
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", address: str) -> None:
        self.address = address
        self.bad_frames = 0
        self._idle_since = time.monotonic_ns()
        self._wire = 0.0
        self.socket = context.socket(zmq.PULL)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(address)

    def idle(self) -> None:
        """Note that the owner begins to wait: what is sent from now on is stamped on arrival."""
        self._idle_since = time.monotonic_ns()

    def keep_bound(self) -> bool:
        """Bind again when somebody has deleted the inbox's file; return whether that was so."""
        return keep_bound(self.socket, self.address)

    @property
    def has_more(self) -> bool:
        """Whether a frame is already here; to ask an empty inbox for one costs an exception, a tenth of a hop."""
        return bool(int(self.socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN)

    def receive(self) -> Frame | None:
        """Return the next frame that is already here, or None.

        Raises:
            FrameError: a frame came that does not decode; it is dropped and counted.
        """
        try:
            parts = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        now = time.monotonic_ns()
        try:
            envelope = decode(parts[0])
            if len(parts) > 2:
                raise FrameError(f"expected a header and at most one payload, got {len(parts)} parts")
        except FrameError:
            self.bad_frames += 1
            raise
        return Frame(envelope, parts[1] if len(parts) > 1 else b"", self._stamp(envelope.sent, now))

    def _stamp(self, sent: int, now: int) -> int:
        if sent >= self._idle_since:
            wire = max(0, now - sent)
            self._wire += (wire - self._wire) / 8 if self._wire else wire
            return now
        return min(now, sent + int(self._wire))

    def close(self) -> None:
        """Close the socket and remove its file."""
        self.socket.close()
        remove_address(self.address)


class Outlet:
    """A PUSH socket to one inbox; sending never blocks."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", address: str, sender: str) -> None:
        self.address = address
        self._sender = sender
        self._socket = context.socket(zmq.PUSH)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.connect(address)

    def send(self, message: Message, payload: bytes | memoryview | None = None) -> bool:
        """Hand a message to ZeroMQ; return False when it cannot take it."""
        header = encode(message, self._sender)
        try:
            # Not send_multipart: its look at every part costs a fifth of a hop.
            if payload is None:
                self._socket.send(header, zmq.NOBLOCK)
            else:
                self._socket.send(header, zmq.NOBLOCK | zmq.SNDMORE)
                self._socket.send(payload, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def close(self, linger_ms: int = 0) -> None:
        """Close; what the peer has not taken within ``linger_ms`` is dropped."""
        self._socket.close(linger=linger_ms)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
