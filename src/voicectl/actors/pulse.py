"""The thread of a stage that tells its supervisor how it is, and ends the process when the supervisor has died."""

import os
import select
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

import structlog
import zmq

from voicectl.protocol.addresses import remove_address
from voicectl.protocol.sockets import Outlet
from voicectl.protocol.supervising import Heartbeat

LIFELINE_FD = 0
"""The stage's standard input is a pipe that only its supervisor holds; end of file means it died."""


class Pulse:
    """Sends ``beat()`` every ``interval_s`` seconds to the address ``supervisor`` (empty: to nobody), as ``name``.

    With a ``lifeline`` the process ends with its supervisor, and ``addresses``, the stage's own, are removed.
    """

    def __init__(self, supervisor: str, name: str, interval_s: float, lifeline: bool, addresses: Sequence[str]) -> None:
        self._supervisor = supervisor
        self._name = name
        self._interval_s = interval_s
        self._lifeline = lifeline
        self._addresses = addresses
        self._stop, self._stopping = os.pipe()

    def start(self, context: "zmq.Context[zmq.Socket[bytes]]", beat: Callable[[], Heartbeat]) -> None:
        """Begin; the socket is the thread's own."""
        threading.Thread(target=self._run, args=(context, beat), name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        """Let the thread end, which closes its socket."""
        os.close(self._stopping)

    def _run(self, context: "zmq.Context[zmq.Socket[bytes]]", beat: Callable[[], Heartbeat]) -> None:
        outlet = Outlet(context, self._supervisor, self._name) if self._supervisor else None
        watched = [self._stop, *([LIFELINE_FD] if self._lifeline else [])]
        ended: list[int] = []
        try:
            while self._stop not in ended:
                if outlet:
                    outlet.send(beat())
                ended = select.select(watched, [], [], self._interval_s)[0]
                if LIFELINE_FD in ended and not os.read(LIFELINE_FD, 1):
                    self._die_with_supervisor()
        finally:
            os.close(self._stop)
            if outlet:
                outlet.close()

    def _die_with_supervisor(self) -> NoReturn:
        """End at once, also in the middle of a model's call: without a supervisor nobody listens."""
        try:
            for address in (*self._addresses, self._supervisor, self._supervisor.replace(".data.", ".control.")):
                remove_address(address)
            stage = self._name.partition(".")[0]
            structlog.get_logger().error("the supervisor died; this stage ends with it", stage=stage)
            sys.stderr.flush()
        finally:
            os._exit(1)
