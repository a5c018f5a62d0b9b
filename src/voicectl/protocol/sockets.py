"""ZeroMQ sockets as voicectl uses them: an inbox that is bound, an outlet that never blocks.

Every incarnation of a stage has inboxes under an address of its own: a second bind on one ipc path
succeeds in silence while old connections keep feeding the old owner. High-water marks are off: what
bounds the work in flight is the parser's window.
"""

import time
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import zmq

from voicectl.protocol.errors import FrameError, SupervisorError
from voicectl.protocol.frames import Frame, decode, encode
from voicectl.protocol.messages import Message

MAX_FRAME_BYTES = 1 << 28
"""A larger frame is refused by the socket: no sentence and no chunk of PCM comes near it."""

MAX_IPC_PATH_BYTES = 107
"""``sun_path`` less its final NUL (unix(7))."""

Channel = Literal["data", "control"]


def ipc_address(folder: Path, name: str, channel: Channel) -> str:
    """Return the address of ``name``'s inbox, e.g. ``ipc:///run/x/translator.7.data.ipc``.

    Raises:
        SupervisorError: the path is longer than a socket path may be.
    """
    path = folder / f"{name}.{channel}.ipc"
    if len(bytes(path)) > MAX_IPC_PATH_BYTES:
        raise SupervisorError(
            f"socket path {path} has more than {MAX_IPC_PATH_BYTES} bytes; set VOICECTL_RUNTIME_DIR to a shorter folder"
        )
    return f"ipc://{path}"


def remove_address(address: str) -> None:
    """Remove the socket file behind an ipc address, if it is there."""
    if address.startswith("ipc://"):
        Path(address.removeprefix("ipc://")).unlink(missing_ok=True)


def keep_bound(socket: "zmq.Socket[bytes]", address: str) -> bool:
    """Bind again when somebody has deleted the socket's file; return whether that was so. Connections are kept."""
    if not address.startswith("ipc://") or Path(address.removeprefix("ipc://")).exists():
        return False
    # Not unbound before: that would end the connections which stand.
    socket.bind(address)
    return True


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
