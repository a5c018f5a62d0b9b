"""The supervisor: one loop that waits for stages, commands, signals and time, and hands out.

Stages are looked after by the ``fleet``; this keeps the latency record, the address book and what the user is told.
"""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
import zmq

from voicectl.config.settings import Settings
from voicectl.protocol.addresses import ipc_address
from voicectl.protocol.errors import FrameError
from voicectl.protocol.sockets import Inbox
from voicectl.protocol.speaking import Receipt
from voicectl.protocol.supervising import Announce, Epoch, Notice
from voicectl.supervisor.book import BOOK, Book, StageEntry, birth, write_book
from voicectl.supervisor.control import CommandSocket
from voicectl.supervisor.fleet import Fleet, Told
from voicectl.supervisor.incarnation import Incarnation, Nest
from voicectl.supervisor.latency import Latency
from voicectl.supervisor.progress import FAILED
from voicectl.supervisor.traces import Traces

TICK_MS = 100
MEASURE_EVERY_S = 1.0
NOTICES_KEPT = 20

Report = Callable[[str, str], None]
"""Called with a stage and what became of it while the pipeline starts."""


class Supervisor:
    """One running pipeline."""

    def __init__(self, settings: Settings, settings_file: Path, runtime: Path, logs: Path, report: Report) -> None:
        self.settings = settings
        self.latency = Latency()
        self.traces = Traces()
        self.notices: list[str] = []
        self.last: Receipt | None = None
        self.spoken = 0
        self.started = time.time()
        self.paused = False
        self.speed = settings.sink.speed
        self.volume = settings.sink.volume
        self.failure = ""
        self._runtime = runtime
        self._report = report
        self._log = structlog.get_logger().bind(stage="supervisor")
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._created = birth(os.getpid())
        name = f"supervisor.{os.getpid()}"
        self._events = Inbox(self._context, ipc_address(runtime, name, "data"))
        self._commands = CommandSocket(self._context, ipc_address(runtime, name, "control"), self)
        nest = Nest(runtime, self._events.address, settings_file, logs)
        told = Told(report, self._announce, self._give_up, self._write_book, self._happened)
        self.fleet = Fleet(settings, nest, self._context, told)
        self._signalled = 0
        self._next_measure = 0.0

    def run(self) -> int:
        """Start everything and serve until told to stop; return the exit status."""
        wake = self._catch_signals()
        poller = zmq.Poller()
        for source in (self._events.socket, self._commands.socket, wake):
            poller.register(source, zmq.POLLIN)
        try:
            self.fleet.start()
            while not (self.fleet.stopping and self.fleet.is_down):
                poller.poll(TICK_MS)
                with contextlib.suppress(BlockingIOError):
                    wake.recv(256)
                self._take_signals()
                self._take_events()
                self._commands.serve()
                self._tick(time.monotonic())
        finally:
            self._end(wake)
        return 1 if self.failure else 0

    def stop(self, now: bool = False) -> None:
        """Stop the pipeline."""
        self._report("", "stopping")
        self.fleet.stop(now)

    def _catch_signals(self) -> socket.socket:
        wake, wake_up = socket.socketpair()
        wake.setblocking(False)
        wake_up.setblocking(False)
        self._wake_up = wake_up
        signal.set_wakeup_fd(wake_up.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes the loop, which reaps
        return wake

    def _note_signal(self, *_: object) -> None:
        self._signalled += 1

    def _take_signals(self) -> None:
        if self._signalled:
            # Two signals at once may arrive as one; and before the pipeline is up there is nothing to finish.
            self.stop(now=self._signalled > 1 or self.fleet.stopping or not self.fleet.was_up)
            self._signalled = 0

    def _tick(self, now: float) -> None:
        if now >= self._next_measure:
            self._next_measure = now + MEASURE_EVERY_S
            self.fleet.measure()
            if self._events.keep_bound() or self._commands.keep_bound():
                self._log.error("a socket file of the supervisor was gone; it was made again")
        self.fleet.tick(now)

    def _take_events(self) -> None:
        while True:
            try:
                frame = self._events.receive()
            except FrameError as exc:
                self._log.warning("frame dropped", error=str(exc))
                continue
            if frame is None:
                return
            self._event(frame.envelope.sender, frame.envelope.body)

    def _event(self, sender: str, message: Any) -> None:
        if isinstance(message, Receipt):
            self._receipt(message)
        elif isinstance(message, Epoch):
            self.traces.cut(time.monotonic_ns())
            for stage in ("translator", "synthesizer"):
                self.fleet.children[stage].tell(message)
        elif isinstance(message, Notice):
            self._notice(message.text)
        else:
            self.fleet.event(sender, message)

    def _receipt(self, receipt: Receipt) -> None:
        self.traces.add(receipt, time.monotonic_ns())
        if receipt.state == "speaking":
            self.last = receipt
            self.latency.add(receipt)
        elif receipt.state == "spoken":
            self.spoken += 1

    def _notice(self, text: str) -> None:
        self._log.info("notice", text=text)
        self.notices = [*self.notices, text][-NOTICES_KEPT:]

    def _announce(self, text: str) -> None:
        self._notice(text)
        self._report("notice", text)
        self.fleet.children["parser"].tell(Announce(text=text))

    def _happened(self, stage: str, text: str) -> None:
        self.traces.happened(stage, text, time.monotonic_ns())

    def _give_up(self, stage: str, cause: str) -> None:
        self.failure = f"{stage}: {cause}"
        self._log.error("giving up", error=self.failure)
        self._report(stage, FAILED + cause)
        self.fleet.stop(now=True)

    def _write_book(self) -> None:
        children = self.fleet.children
        book = Book(
            pid=os.getpid(),
            created=self._created,
            command=self._commands.address,
            stages={stage: _entry(child.current, child.is_ready) for stage, child in children.items() if child.current},
            spares={stage: _entry(child.spare, ready=False) for stage, child in children.items() if child.spare},
        )
        write_book(self._runtime, book)

    def _end(self, wake: socket.socket) -> None:
        self.fleet.end()
        self._commands.close(self.failure)
        self._events.close()
        (self._runtime / BOOK).unlink(missing_ok=True)
        signal.set_wakeup_fd(-1)
        wake.close()
        self._wake_up.close()
        self._context.term()


def _entry(incarnation: Incarnation, ready: bool) -> StageEntry:
    return StageEntry(pid=incarnation.pid, created=incarnation.created, data=incarnation.data, ready=ready)
