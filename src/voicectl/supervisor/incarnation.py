"""One process of a stage: spawn, tell, measure, kill and reap, and remove what it leaves behind."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from voicectl.actors.workmark import Work, take_mark, work_path
from voicectl.protocol.addresses import ipc_address, remove_address
from voicectl.protocol.message import Message
from voicectl.protocol.sockets import Outlet
from voicectl.protocol.supervising import Ready
from voicectl.supervisor.book import birth

REAP_TIMEOUT_S = 5.0


class Nest(NamedTuple):
    """What every stage is started with."""

    runtime: Path
    supervisor: str
    settings: Path
    logs: Path


class Incarnation:
    """A process that has been started. ``about`` is what it said when it was ready, or warm if it is a spare."""

    def __init__(
        self, stage: str, number: int, nest: Nest, context: Any, backend: str = "", spare: bool = False
    ) -> None:
        """Start it; its standard input is the lifeline that only we hold. ``backend`` overrides the settings."""
        self.name = f"{stage}.{number}"
        self.number = number
        self.backend = backend
        self.data = ipc_address(nest.runtime, self.name, "data")
        self.control = ipc_address(nest.runtime, self.name, "control")
        self.about: Ready | None = None
        self.beat = time.monotonic()
        self.error = ""
        self.rss_mb = 0.0
        self.cpu_percent = 0.0
        self._work = work_path(nest.runtime, self.name)
        command = [sys.executable, "-m", "voicectl.actors", stage, "--incarnation", str(number), "--lifeline"]
        command += ["--runtime", str(nest.runtime), "--supervisor", nest.supervisor]
        command += ["--settings", str(nest.settings), *(["--backend", backend] if backend else [])]
        with (nest.logs / f"{stage}.stderr").open("ab") as stderr:
            self._process = subprocess.Popen(
                [*command, *(["--spare"] if spare else [])],
                stdin=subprocess.PIPE,
                stdout=stderr,
                stderr=stderr,
                # Spinning OpenMP threads on a busy machine make a model three to seven times slower.
                env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
                start_new_session=True,
            )
        self._figures: psutil.Process | None = None
        self.created = birth(self._process.pid)
        with contextlib.suppress(psutil.Error):
            self._figures = psutil.Process(self._process.pid)
        self._outlet = Outlet(context, self.control, "supervisor")

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def tell(self, message: Message) -> None:
        """Send to the control inbox."""
        self._outlet.send(message)

    def exit_status(self) -> int | None:
        """Return the exit status of a process that has ended (and reap it), else None."""
        return self._process.poll()

    def end(self) -> Work:
        """Kill (stopped or not), reap, remove its files; return what it worked on."""
        if self._process.poll() is None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(REAP_TIMEOUT_S)
        if self._process.stdin:
            self._process.stdin.close()
        self._outlet.close()
        remove_address(self.data)
        remove_address(self.control)
        return take_mark(self._work)

    def measure(self) -> None:
        """Take the memory and CPU figures; CPU is in per cent of one core since the last call."""
        if self._figures:
            with contextlib.suppress(psutil.Error):
                self.rss_mb = self._figures.memory_info().rss / 2**20
                self.cpu_percent = self._figures.cpu_percent(None)
