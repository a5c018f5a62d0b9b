"""One stage's process: spawn, watch, kill and reap, and remove what it leaves behind."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from voicectl.actors.workmark import take_mark, work_path
from voicectl.protocol.messages import Message, Ready
from voicectl.protocol.sockets import Outlet, ipc_address, remove_address
from voicectl.supervisor.policy import ChildState

REAP_TIMEOUT_S = 5.0


class Nest(NamedTuple):
    """What every stage is started with."""

    runtime: Path
    supervisor: str
    settings: Path
    logs: Path


class Child:
    """One stage through all its incarnations; ``state`` is what the policy decides on."""

    def __init__(self, stage: str, nest: Nest, context: Any) -> None:
        self.stage = stage
        self.state = ChildState()
        self.incarnation = 0
        self.about: Ready | None = None
        self.error = ""
        self.queued = 0
        self.counters: dict[str, int] = {}
        self.rss_mb = 0.0
        self.cpu_percent = 0.0
        self._nest = nest
        self._context = context
        self._process: subprocess.Popen[bytes] | None = None
        self._figures: psutil.Process | None = None
        self._control: Outlet | None = None

    @property
    def name(self) -> str:
        """The name of the present incarnation, ``translator.7``."""
        return f"{self.stage}.{self.incarnation}"

    @property
    def pid(self) -> int:
        """The process id, 0 when there is no process."""
        return self._process.pid if self._process else 0

    @property
    def created(self) -> float:
        """When the process was created (psutil), 0 when there is none."""
        with contextlib.suppress(psutil.Error):
            return self._figures.create_time() if self._figures else 0.0
        return 0.0

    @property
    def data(self) -> str:
        """Address of the data inbox."""
        return ipc_address(self._nest.runtime, self.name, "data")

    @property
    def control(self) -> str:
        """Address of the control inbox."""
        return ipc_address(self._nest.runtime, self.name, "control")

    @property
    def is_ready(self) -> bool:
        """Whether the stage can work."""
        return self.state.phase == "ready"

    def spawn(self) -> None:
        """Start the next incarnation; its standard input is the lifeline that only we hold."""
        self.incarnation += 1
        self.about, self.error = None, ""
        command = [sys.executable, "-m", "voicectl.actors", self.stage, "--incarnation", str(self.incarnation)]
        command += ["--runtime", str(self._nest.runtime), "--supervisor", self._nest.supervisor]
        command += ["--settings", str(self._nest.settings), "--lifeline"]
        with (self._nest.logs / f"{self.stage}.stderr").open("ab") as stderr:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=stderr,
                stderr=stderr,
                # Spinning OpenMP threads on a busy machine make a model three to seven times slower.
                env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
                start_new_session=True,
            )
        with contextlib.suppress(psutil.Error):
            self._figures = psutil.Process(self._process.pid)
        self._control = Outlet(self._context, self.control, "supervisor")

    def tell(self, message: Message) -> None:
        """Send to the stage's control inbox."""
        if self._control:
            self._control.send(message)

    def has_exited(self) -> int | None:
        """Return the exit status of a process that has ended (and reap it), else None."""
        return self._process.poll() if self._process else None

    def kill(self) -> None:
        """End the process for good, stopped or not, and reap it."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(REAP_TIMEOUT_S)

    def bury(self) -> int:
        """Remove what the reaped process left; return the play number that it worked on (0: none)."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
        self._process = None
        self._figures = None
        if self._control:
            self._control.close()
            self._control = None
        remove_address(self.data)
        remove_address(self.control)
        return take_mark(work_path(self._nest.runtime, self.name))

    def measure(self) -> None:
        """Take the memory and CPU figures; CPU is in per cent of one core since the last call."""
        if self._figures:
            with contextlib.suppress(psutil.Error):
                self.rss_mb = self._figures.memory_info().rss / 2**20
                self.cpu_percent = self._figures.cpu_percent(None)
