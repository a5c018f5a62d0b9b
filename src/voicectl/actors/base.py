"""The base of every stage: receive, handle, send, heartbeat, drain, signals.

A stage is a subclass of ``Actor`` with ``setup``, ``handle`` and, where it needs them, ``activate``, ``control``,
``poll``, ``connected``, ``drained`` and ``teardown``. One thread does the stage's work. A second one sends the
heartbeat, says what the first is busy with, and ends the process when the supervisor has died.
"""

import contextlib
import gc
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any, NamedTuple

import structlog
import zmq

from voicectl.actors.pulse import Pulse
from voicectl.actors.workmark import WorkMark, work_path
from voicectl.protocol.addresses import ipc_address
from voicectl.protocol.errors import BackendUnavailable, FrameError, VoicectlError
from voicectl.protocol.frames import Frame
from voicectl.protocol.message import Message
from voicectl.protocol.sockets import Inbox, Outlet
from voicectl.protocol.supervising import Activate, Connect, Connected, Drain, Failed, Heartbeat, Ready

MAX_WAIT_MS = 1000
EXIT_FAILED = 3
"""Exit status of a stage that cannot start and said why: a restart would not help at once."""
LINGER_MS = 1000
LOOK_EVERY_S = 0.5


class About(NamedTuple):
    """What a stage says of itself when it is ready."""

    backend: str = ""
    device: str = ""
    detail: str = ""


class Wiring(NamedTuple):
    """Where a stage stands: its runtime folder, incarnation and supervisor (empty: it runs alone).

    A ``spare`` loads its model and waits until it is activated. ``niceness`` is that of the stage's own work.
    """

    runtime: Path
    incarnation: int = 0
    supervisor: str = ""
    heartbeat_ms: int = 500
    lifeline: bool = False
    spare: bool = False
    niceness: int = 0


class Actor:
    """A stage's process."""

    stage: str = ""
    downstream: str = ""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.name = f"{self.stage}.{wiring.incarnation}"
        self.log = structlog.get_logger().bind(stage=self.stage, incarnation=wiring.incarnation)
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.counters: dict[str, int] = {"bad_frames": 0, "unsent": 0, "errors": 0}
        self.gauges: dict[str, float] = {}
        self.neighbours: list[Connect] = []
        self.draining = False
        self.queued = 0
        self._about = About()
        self._active = False
        self._play = 0
        self._busy_since = 0
        self._next_look = 0.0
        self._outlets: dict[str, Outlet] = {}
        self._supervisor: Outlet | None = None

    # -- what a stage provides ---------------------------------------------------------------

    def setup(self) -> About:
        """Load what the stage needs; a spare does it too, so it takes nothing that only one may have."""
        return About()

    def activate(self) -> None:
        """Take what only one process may have (device, journal); called once, before ``Ready`` is reported."""

    def handle(self, frame: Frame) -> None:
        """Do the work of one data frame."""
        raise TypeError(f"{type(self).__name__} takes no data")

    def control(self, message: Message) -> None:
        """Act on a control message that the base does not know."""
        self.log.warning("control message ignored", message=type(message).__name__)

    def poll(self) -> float | None:
        """Do what is due by time; return the seconds until it wants to be called again."""
        return None

    def connected(self, peer: str) -> None:
        """Called after the outlet to ``peer`` was replaced."""

    def drained(self) -> bool:
        """Whether a draining stage may exit; asked when its data inbox is empty."""
        return True

    def teardown(self) -> None:
        """Free what ``setup`` took."""

    # -- what a stage uses -------------------------------------------------------------------

    def send(self, message: Message, payload: bytes | memoryview | None = None, to: str = "") -> None:
        """Send to a neighbour (default: downstream); what cannot be sent is counted and replayed later."""
        outlet = self._outlets.get(to or self.downstream)
        if outlet is None or not outlet.send(message, payload):
            self.counters["unsent"] += 1

    def report(self, message: Message) -> None:
        """Send to the supervisor, if there is one."""
        if self._supervisor:
            self._supervisor.send(message)

    def waiting(self, limit: int) -> list[Frame]:
        """Take up to ``limit`` further data frames that are already here."""
        frames: list[Frame] = []
        while len(frames) < limit and self.data.has_more and (frame := self._receive(self.data)):
            frames.append(frame)
        return frames

    def attend(self) -> None:
        """Act on the control messages that are here; a long piece of work calls it between its parts."""
        while frame := self._receive(self.control_inbox):
            self._control(frame.envelope.body)

    def working_on(self, play: int, count: int = 1) -> None:
        """Say which play numbers the work in hand belongs to; the supervisor reads it after a death."""
        self._play = play
        self._work.write(play, count)

    # -- life --------------------------------------------------------------------------------

    def run(self) -> int:
        """Set up, serve until drained or terminated, tear down; return the exit status."""
        self._open()
        try:
            self._start()
            self._serve()
        except VoicectlError as exc:
            self.log.error("stage failed", error=str(exc))
            self.report(Failed(stage=self.stage, error=str(exc)))
            return EXIT_FAILED
        finally:
            self._pulse.stop()
            self.teardown()
            self._close()
        return 0

    def _open(self) -> None:
        folder = self.wiring.runtime
        self.data = Inbox(self.context, ipc_address(folder, self.name, "data"))
        self.control_inbox = Inbox(self.context, ipc_address(folder, self.name, "control"))
        self._work = WorkMark.create(work_path(folder, self.name))
        wiring, own = self.wiring, (self.data.address, self.control_inbox.address)
        self._pulse = Pulse(wiring.supervisor, self.name, wiring.heartbeat_ms / 1000, wiring.lifeline, own)
        if self.wiring.supervisor:
            self._supervisor = Outlet(self.context, self.wiring.supervisor, self.name)
        self._wake, wake_up = socket.socketpair()
        self._wake.setblocking(False)
        wake_up.setblocking(False)
        self._wake_up = wake_up
        signal.set_wakeup_fd(wake_up.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda *_: self._note_drain())
        signal.signal(signal.SIGINT, lambda *_: None if self.wiring.supervisor else self._note_drain())
        self._pulse.start(self.context, self._heartbeat)
        # Now, not earlier: on Linux it is a thread's own, and ZeroMQ's, which carries the frames, must not give way.
        os.nice(self.wiring.niceness)

    def _start(self) -> None:
        began = self._begin()
        self._about = self._set_up()
        # What is loaded stays: a collection that looks at it takes 7 to 15 ms with the default voice.
        gc.freeze()
        self._end()
        seconds = round((time.monotonic_ns() - began) / 1e9, 3)
        if self.wiring.spare:
            self.log.info("warm", seconds=seconds, **self._about._asdict())
            self._report_ready(spare=True)
        else:
            self._activate()
            for neighbour in self.neighbours:
                self.connect(neighbour)
            self.log.info("ready", seconds=seconds, **self._about._asdict())

    def _set_up(self) -> About:
        try:
            return self.setup()
        except VoicectlError:
            raise
        except Exception as exc:  # a library's own words for a file that is broken, say
            self.log.exception("setup failed")
            reason = str(exc).partition("\n")[0] or type(exc).__name__
            raise BackendUnavailable(f"cannot be loaded ({reason}); see voicectl logs {self.stage}") from exc

    def _activate(self) -> None:
        self.activate()
        self._active = True
        self._report_ready(spare=False)

    def _report_ready(self, spare: bool) -> None:
        self.report(
            Ready(
                stage=self.stage,
                pid=os.getpid(),
                data=self.data.address,
                control=self.control_inbox.address,
                spare=spare,
                **self._about._asdict(),
            )
        )

    def _serve(self) -> None:
        control, data, wake = self.control_inbox.socket, self.data.socket, self._wake.fileno()
        poller = zmq.Poller()
        poller.register(control, zmq.POLLIN)
        poller.register(wake, zmq.POLLIN)
        while not (self.draining and self._is_drained()):
            self._begin()
            self._keep_bound()
            if self._active and data not in poller:  # a spare leaves its data alone
                poller.register(data, zmq.POLLIN)
            due = self.poll() if self._active else None
            self._end()
            wait = MAX_WAIT_MS if due is None else min(MAX_WAIT_MS, max(0, int(due * 1000)))
            self.data.idle()
            # Asking only those that have something: an empty one costs an exception, a tenth of a hop.
            ready = dict(poller.poll(10 if self.draining else wait))
            if wake in ready:
                with contextlib.suppress(BlockingIOError):
                    self._wake.recv(256)
            self._begin()
            if control in ready:
                self.attend()
            if data in ready and (frame := self._receive(self.data)):
                self.handle(frame)
            self._end()

    def _keep_bound(self) -> None:
        """Make the inboxes' files again where somebody has deleted them: who connects from now on needs them."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_EVERY_S
        for inbox in (self.data, self.control_inbox):
            if inbox.keep_bound():
                self.log.error("a socket file was gone; it was made again", address=inbox.address)

    def _is_drained(self) -> bool:
        return not self._active or (not self.data.socket.poll(0) and self.drained())

    def _control(self, message: Any) -> None:
        if isinstance(message, Connect):
            self.connect(message)
        elif isinstance(message, Drain):
            self._note_drain()
        elif isinstance(message, Activate):
            self._activate()
        else:
            self.control(message)

    def connect(self, message: Connect) -> None:
        """Send to this incarnation of a neighbour from now on; what the old one had not taken is dropped."""
        if old := self._outlets.pop(message.peer, None):
            old.close()
        self._outlets[message.peer] = Outlet(self.context, message.data, self.name)
        self.connected(message.peer)
        self.report(Connected(stage=self.stage, peer=message.peer, incarnation=message.incarnation))

    def _receive(self, inbox: Inbox) -> Frame | None:
        while True:
            try:
                return inbox.receive()
            except FrameError as exc:
                self.counters["bad_frames"] += 1
                self.log.warning("frame dropped", error=str(exc))

    def _note_drain(self) -> None:
        self.draining = True

    def _begin(self) -> int:
        self._busy_since = time.monotonic_ns()
        return self._busy_since

    def _end(self) -> None:
        self._busy_since = 0
        if self._play:
            self.working_on(0)

    def _close(self) -> None:
        for outlet in self._outlets.values():
            outlet.close(LINGER_MS)
        if self._supervisor:
            self._supervisor.close(LINGER_MS)
        self.data.close()
        self.control_inbox.close()
        self._work.close()
        signal.set_wakeup_fd(-1)
        self._wake.close()
        self._wake_up.close()
        self.context.term()

    def _heartbeat(self) -> Heartbeat:
        return Heartbeat(
            stage=self.stage,
            busy_since=self._busy_since,
            play=self._play,
            queued=self.queued,
            counters=dict(self.counters),
            gauges=dict(self.gauges),
        )
