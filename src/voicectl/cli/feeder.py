"""The client side of a feed: reads, spools, sends, waits for acknowledgements. It never stalls the writer.

Everything that is read goes to the spool first, then to the parser. What is not acknowledged is sent again
when the parser comes back under a new address; where there is no parser it stays in the spool, which the
next pipeline adopts.
"""

import os
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import zmq

from voicectl.actors.parser.spool import Spool, SpoolHeader
from voicectl.config.paths import ensure_runtime_dir, spool_dir
from voicectl.protocol.addresses import ipc_address
from voicectl.protocol.errors import FrameError
from voicectl.protocol.feeding import Ack, Chunk, FeedDone, Progress
from voicectl.protocol.sockets import Inbox, Outlet
from voicectl.supervisor.book import running_book

READ_BYTES = 1 << 16
IN_FLIGHT_BYTES = 1 << 22
"""Sent and not yet read by the parser; more waits in the spool."""
LOOK_EVERY_S = 0.2
ACK_TIMEOUT_S = 10.0


class Ends(NamedTuple):
    """How a feed ended. ``done`` is None when not everything was settled while somebody waited."""

    delivered: bool
    done: FeedDone | None


class Feeder:
    """One input on its way to the parser."""

    def __init__(
        self, source: int, session: str, format_name: str, live: bool, tell: Callable[[str], None] = print
    ) -> None:
        """Open the inbox and the spool; ``tell`` is given lines for the user."""
        self.feed = f"feed-{uuid.uuid4().hex[:12]}"
        self.done: FeedDone | None = None
        self._told_absent = False
        self.on_progress: Callable[[Progress], None] = lambda _: None
        self.on_read: Callable[[bytes], None] = lambda _: None
        self._tell = tell
        self._source = source
        self._session = session
        self._format = format_name
        self._live = live
        self._runtime = ensure_runtime_dir()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        name = f"feed.{os.getpid()}.{self.feed[-6:]}"
        self._inbox = Inbox(self._context, ipc_address(self._runtime, name, "data"))
        self._spool = Spool(spool_dir(), SpoolHeader(feed=self.feed, session=session, format=format_name), tell)
        self._outlet: Outlet | None = None
        self._address = ""
        self._sent = 0
        self._acked = 0
        self._taken = 0
        self._is_up = False
        self._arrived = 0
        self._ended = False
        self._final_sent = False
        self._final_acked = False
        self._next_look = 0.0

    def run(self, wait: bool) -> Ends:
        """Feed until the input has ended and is acknowledged (``wait``: until it is spoken)."""
        poller = zmq.Poller()
        poller.register(self._inbox.socket, zmq.POLLIN)
        poller.register(self._source, zmq.POLLIN)
        deadline = 0.0
        while True:
            if time.monotonic() >= self._next_look:
                self._look()
            self._pump()
            if self._ended and not deadline:
                poller.unregister(self._source)
                deadline = time.monotonic() + ACK_TIMEOUT_S
            if self._ended and (self._over(wait) or self._is_hopeless(wait, deadline)):
                return Ends(self._final_acked, self.done)
            self._inbox.idle()
            for socket, _ in poller.poll(max(0, int((self._next_look - time.monotonic()) * 1000))):
                if socket == self._source:
                    self._read()
                else:
                    self._take_answers()

    def close(self) -> None:
        """Keep the spool when something in it is not journaled; remove everything else."""
        self._spool.close(keep=not self._final_acked)
        if self._outlet:
            self._outlet.close(200)
        self._inbox.close()
        self._context.term()

    def _over(self, wait: bool) -> bool:
        return self.done is not None or (self._final_acked and not wait)

    def _is_hopeless(self, wait: bool, deadline: float) -> bool:
        if not self._is_up:
            return True
        return not wait and time.monotonic() > deadline

    def _read(self) -> None:
        try:
            data = os.read(self._source, READ_BYTES)
        except OSError as exc:
            self._tell(f"the input cannot be read any further: {exc.strerror}")
            data = b""
        self._arrived = time.monotonic_ns()
        if not data:
            self._ended = True
            return
        self._spool.append(data)
        if self._sent + len(data) == self._spool.end and self._may_send:
            self._send(data)
        self.on_read(data)

    def _pump(self) -> None:
        """Send what lies in the spool, as far as the parser keeps up; then the end, once."""
        while self._sent < self._spool.end and self._may_send:
            self._send(self._spool.read(self._sent, READ_BYTES))
        if self._outlet and self._ended and self._sent == self._spool.end and not self._final_sent:
            self._final_sent = True
            self._send(b"", final=True)

    @property
    def _may_send(self) -> bool:
        return self._outlet is not None and self._sent - self._taken < IN_FLIGHT_BYTES

    def _send(self, data: bytes, final: bool = False) -> None:
        if self._outlet:
            chunk = Chunk(
                feed=self.feed,
                session=self._session,
                format=self._format,
                offset=self._sent,
                arrived=self._arrived or time.monotonic_ns(),
                final=final,
                live=self._live,
                reply_to=self._inbox.address,
            )
            self._outlet.send(chunk, data)
            self._sent += len(data)

    def _look(self) -> None:
        """See whether the parser is there, and under which address."""
        self._next_look = time.monotonic() + LOOK_EVERY_S
        self._inbox.keep_bound()
        book = running_book(self._runtime)
        entry = book.stages.get("parser") if book else None
        address = entry.data if entry and entry.ready else ""
        self._is_up = book is not None
        if address != self._address:
            self._reconnect(address)
        if not self._is_up and not self._told_absent:
            self._told_absent = True
            self._tell("no pipeline is running; the text is kept, and voicectl up will speak it")

    def _reconnect(self, address: str) -> None:
        if self._outlet:
            self._outlet.close()
            self._outlet = None
        self._address = address
        if address:
            self._outlet = Outlet(self._context, address, self.feed)
            self._sent = self._taken = self._acked
            self._final_sent = self._final_acked = False
            if self._ended or self._sent:
                self._send(b"")  # so that a restarted parser knows where to answer

    def _take_answers(self) -> None:
        while True:
            try:
                frame = self._inbox.receive()
            except FrameError:
                continue
            if frame is None:
                return
            self._answer(frame.envelope.body)

    def _answer(self, message: Any) -> None:
        if getattr(message, "feed", "") != self.feed:
            return  # a stranger's; to believe it could cost text
        if isinstance(message, Ack):
            self._acked = max(self._acked, message.offset)
            self._taken = message.taken
            if message.resend:
                self._sent = max(message.taken, self._acked)  # what is acknowledged may have left the spool
            self._final_acked = self._final_acked or message.final
            self._spool.acknowledged(self._acked)
        elif isinstance(message, Progress):
            self.on_progress(message)
        elif isinstance(message, FeedDone):
            self.done = message
            self._final_acked = True
