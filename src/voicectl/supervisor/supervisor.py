"""The supervisor: starts the stages sink first, watches and restarts them, connects them, stops them in reverse.

The loop only waits and hands out; what to do about a stage is decided in ``policy``, what may be asked in ``control``.
"""

import contextlib
import os
import random
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import structlog
import zmq

from voicectl.actors.base import EXIT_FAILED
from voicectl.config.settings import Settings
from voicectl.protocol.errors import FrameError
from voicectl.protocol.messages import (
    STAGES,
    Connect,
    Connected,
    Drain,
    Epoch,
    Failed,
    Heartbeat,
    Message,
    Notice,
    Ready,
    Receipt,
    Replay,
    Suspect,
)
from voicectl.protocol.sockets import Inbox, ipc_address
from voicectl.supervisor import policy
from voicectl.supervisor.book import Book, StageEntry, write_book
from voicectl.supervisor.child import Child, Nest
from voicectl.supervisor.control import CommandSocket
from voicectl.supervisor.latency import Latency
from voicectl.supervisor.links import Edge, Links
from voicectl.supervisor.progress import FAILED

START_ORDER = tuple(reversed(STAGES))
TICK_MS = 100
MEASURE_EVERY_S = 1.0
NOTICES_KEPT = 20
SENTENCE_S = 60.0
"""How long the sentence that is being spoken may take to its end when the pipeline stops."""

Report = Callable[[str, str], None]
"""Called with a stage and what became of it while the pipeline starts."""


class Supervisor:
    """All stages of one pipeline."""

    def __init__(self, settings: Settings, settings_file: Path, runtime: Path, logs: Path, report: Report) -> None:
        self.settings = settings
        self.runtime = runtime
        self.latency = Latency()
        self.notices: list[str] = []
        self.last: Receipt | None = None
        self.spoken = 0
        self.started = time.time()
        self.stopping = False
        self.paused = False
        self.failure = ""
        self._limits = settings.supervisor
        self._report = report
        self._log = structlog.get_logger().bind(stage="supervisor")
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        name = f"supervisor.{os.getpid()}"
        self._events = Inbox(self._context, ipc_address(runtime, name, "data"))
        self._commands = CommandSocket(self._context, ipc_address(runtime, name, "control"), self)
        nest = Nest(runtime, self._events.address, settings_file, logs)
        self.children = {stage: Child(stage, nest, self._context) for stage in START_ORDER}
        self._links = Links()
        self._was_up = False
        self._signalled = 0
        self._next_measure = 0.0

    # -- the loop ----------------------------------------------------------------------------

    def run(self) -> int:
        """Start everything and serve until told to stop; return the exit status."""
        wake = self._catch_signals()
        poller = zmq.Poller()
        for source in (self._events.socket, self._commands.socket, wake):
            poller.register(source, zmq.POLLIN)
        try:
            for child in self.children.values():
                self._spawn(child)
            while not (self.stopping and self._is_down()):
                poller.poll(TICK_MS)
                with contextlib.suppress(BlockingIOError):
                    wake.recv(256)
                self._take_signals()
                self._take_events()
                self._commands.serve()
                self._tick(time.monotonic())
        finally:
            self._end()
        return 1 if self.failure else 0

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
            self.stop(now=self._signalled > 1 or self.stopping)
            self._signalled = 0

    def _tick(self, now: float) -> None:
        if now >= self._next_measure:
            self._next_measure = now + MEASURE_EVERY_S
            for child in self.children.values():
                child.measure()
        for child in self.children.values():
            if (status := child.has_exited()) is not None:
                self._exited(child, status, now)
            elif reason := policy.ailment(child.state, self._limits, now, child.rss_mb):
                self._log.error("stage killed", child=child.name, reason=reason)
                child.error = reason
                child.kill()
                self._exited(child, -signal.SIGKILL, now)
            elif child.state.phase == "backoff" and now >= child.state.due and not self.stopping:
                self._spawn(child)

    # -- the stages --------------------------------------------------------------------------

    def _spawn(self, child: Child) -> None:
        child.spawn()
        child.state = policy.started(child.state, time.monotonic())
        self._log.info("stage started", child=child.name, pid=child.pid)
        self._write_book()

    def _exited(self, child: Child, status: int, now: float) -> None:
        child.kill()
        play = child.bury()
        planned = child.state.planned or self.stopping
        child.state = policy.exited(child.state, self._limits, now, random.random())
        self._log.log(
            20 if planned else 40, "stage ended", child=child.name, status=status, planned=planned, working_on=play
        )
        if self.stopping:
            child.state = policy.ChildState(phase="stopped", since=now, restarts=child.state.restarts)
            self._stop_next()
        elif not planned:
            self._crashed(child, status, play)
        self._write_book()

    def _crashed(self, child: Child, status: int, play: int) -> None:
        if play:
            self.children["parser"].tell(Suspect(play=play, stage=child.stage))
        cause = child.error or f"it ended with status {status}; see voicectl logs {child.stage}"
        if not self._was_up and status == EXIT_FAILED:
            self._give_up(child, cause)
        elif child.state.phase == "failed":
            self._give_up(
                child, f"more than {self._limits.max_restarts} restarts in {self._limits.restart_window_s:g} s; {cause}"
            )

    def _give_up(self, child: Child, cause: str) -> None:
        self.failure = f"{child.stage}: {cause}"
        self._log.error("giving up", error=self.failure)
        self._report(child.stage, FAILED + cause)
        self.stop(now=True)

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
            for stage in ("translator", "synthesizer"):
                self.children[stage].tell(message)
        elif isinstance(message, Notice):
            self.notices = [*self.notices, message.text][-NOTICES_KEPT:]
            self._log.info(message.text, source=message.stage)
        elif (child := self.children.get(sender.partition(".")[0])) and sender == child.name:
            self._child_event(child, message)  # an earlier incarnation has no say any more

    def _child_event(self, child: Child, message: Message) -> None:
        now = time.monotonic()
        if isinstance(message, Heartbeat):
            child.state = policy.beat(child.state, message.busy_since / 1e9, now)
            child.queued, child.counters = message.queued, message.counters
        elif isinstance(message, Ready):
            child.about = message
            child.state = policy.became_ready(child.state, now)
            self._became_ready(child)
        elif isinstance(message, Failed):
            child.error = message.error
        elif isinstance(message, Connected):
            self._connected(child.name, message)

    def _receipt(self, receipt: Receipt) -> None:
        if receipt.state == "speaking":
            self.last = receipt
            self.latency.add(receipt)
        elif receipt.state == "spoken":
            self.spoken += 1

    # -- who sends to whom -------------------------------------------------------------------

    def _became_ready(self, child: Child) -> None:
        about = child.about
        self._report(child.stage, f"ready {about.backend} {about.detail}".strip() if about else "ready")
        self._write_book()
        self._link()
        if all(each.is_ready for each in self.children.values()) and not self._was_up:
            self._was_up = True
            self._report("", "up")

    def _link(self) -> None:
        ready = {stage: child.name for stage, child in self.children.items() if child.is_ready}
        if edge := self._links.next(ready):
            sender, receiver = (self.children[name.partition(".")[0]] for name in edge)
            sender.tell(
                Connect(peer=receiver.stage, incarnation=receiver.name, data=receiver.data, control=receiver.control)
            )
        elif self._links.take_replay():
            self.children["parser"].tell(Replay())

    def _connected(self, sender: str, message: Connected) -> None:
        self._links.made(Edge(sender, message.incarnation))
        self._link()

    def _write_book(self) -> None:
        stages = {
            stage: StageEntry(pid=child.pid, created=child.created, data=child.data, ready=child.is_ready)
            for stage, child in self.children.items()
            if child.pid
        }
        created = psutil.Process().create_time()
        write_book(self.runtime, Book(pid=os.getpid(), created=created, command=self._commands.address, stages=stages))

    # -- what the user asks ------------------------------------------------------------------

    def restart(self, stages: list[str]) -> None:
        """Drain and restart; a stage that does not drain in time is killed. Never counted as a crash."""
        for stage in stages:
            self._drain(self.children[stage], self._limits.stop_timeout_s)

    def stop(self, now: bool = False) -> None:
        """Stop: the sink finishes its sentence (unless ``now``), then the others end in reverse."""
        if now:
            for child in self.children.values():
                if child.stage != "parser":
                    child.kill()
        if not self.stopping:
            self.stopping = True
            self._report("", "stopping")
            self._stop_next()

    def _stop_next(self) -> None:
        """End the next stage: the sink first, so that its last receipt is journaled by a living parser."""
        for stage in ("sink", "parser", "translator", "synthesizer"):
            child = self.children[stage]
            if child.pid:
                self._drain(child, SENTENCE_S if stage == "sink" else self._limits.stop_timeout_s)
                return

    def _drain(self, child: Child, seconds: float) -> None:
        if child.pid:
            child.state = policy.planned_exit(child.state, time.monotonic() + seconds)
            child.tell(Drain())

    def _is_down(self) -> bool:
        return not any(child.pid for child in self.children.values())

    def _end(self) -> None:
        for child in self.children.values():
            child.kill()
            child.bury()
        self._commands.close(self.failure)
        self._events.close()
        (self.runtime / "pipeline.json").unlink(missing_ok=True)
        signal.set_wakeup_fd(-1)
        self._wake_up.close()
        self._context.term()
