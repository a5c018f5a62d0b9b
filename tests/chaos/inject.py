"""Carries out a schedule of faults against a pipeline and its feeds, and logs each one."""

import contextlib
import json
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import garbage
import psutil
from faults import Fault
from pipeline import Pipeline
from writer import Writer

TRIGGER_TIMEOUT_S = 2.0
SIGNALS = {"kill": signal.SIGKILL, "segv": signal.SIGSEGV, "several": signal.SIGKILL}


class Done(NamedTuple):
    """A fault that was carried out at ``when`` (monotonic)."""

    fault: Fault
    when: float


class Injector(threading.Thread):
    """Works through the schedule; ``done`` is what was carried out, ``error`` why it ended early."""

    def __init__(
        self, pipeline: Pipeline, writers: list[Writer], faults: list[Fault], seconds: float, log: Path
    ) -> None:
        super().__init__(name="injector")
        self.done: list[Done] = []
        self.error = ""
        self._pipeline = pipeline
        self._writers = writers
        self._faults = faults
        self._seconds = seconds
        self._log = log.open("w")
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._began = time.monotonic()
        self._pause = threading.Event()

    def run(self) -> None:
        """Do everything in its time."""
        try:
            for fault in self._faults:
                self._wait(self._began + fault.at)
                self._await(fault)
                self._do(fault)
            self._wait(self._began + self._seconds)
            while self._later:
                self._wait(self._later[0][0])
        except AssertionError as exc:
            self.error = f"the pipeline could not be started again: {exc}"
        finally:
            self._log.close()

    def _wait(self, until: float) -> None:
        """Wait, and do meanwhile what falls due."""
        while True:
            due = [each for each in self._later if each[0] <= time.monotonic()]
            self._later = [each for each in self._later if each not in due]
            for _, action in due:
                action()
            left = until - time.monotonic()
            if left <= 0:
                return
            self._pause.wait(min([left, *(max(0.001, at - time.monotonic()) for at, _ in self._later)]))

    def _await(self, fault: Fault) -> None:
        """Wait for the moment in the life of a sentence."""
        pipeline = self._pipeline
        if fault.trigger in ("work", "sent"):
            begun = pipeline.wait_until(lambda: pipeline.mark(fault.watched), TRIGGER_TIMEOUT_S)
            if begun and fault.trigger == "sent":
                pipeline.wait_until(lambda: not pipeline.mark(fault.watched), TRIGGER_TIMEOUT_S)
        elif fault.trigger != "now":
            before = pipeline.latest(fault.trigger)
            pipeline.wait_until(lambda: pipeline.latest(fault.trigger) != before, TRIGGER_TIMEOUT_S)
        self._pause.wait(fault.delay)

    def _do(self, fault: Fault) -> None:
        chance = random.Random(fault.salt)
        when = time.monotonic()
        pids = [self._hit(fault, victim, chance) for victim in fault.victims]
        self.done.append(Done(fault, when))
        self._note(event="fault", when=round(when - self._began, 4), pids=pids, **fault._asdict())
        if "supervisor" in fault.victims and fault.kind in SIGNALS:
            self._later.append((time.monotonic() + min(fault.length, 1.0), self._up))
            self._later.sort(key=lambda each: each[0])

    def _hit(self, fault: Fault, victim: str, chance: random.Random) -> int | None:
        if fault.kind == "unlink":
            for address in chance.sample(found, 1) if (found := self._pipeline.addresses(victim)) else []:
                Path(address.removeprefix("ipc://")).unlink(missing_ok=True)
                self._note(event="unlinked", address=address)
            return None
        if fault.kind == "garbage":
            for address in self._pipeline.addresses(victim):
                garbage.throw(address, chance)
            return None
        if fault.kind == "audio":
            if self._pipeline.audio:
                self._pipeline.audio.die(min(fault.length, 1.0))
            return None
        if victim == "feed":
            writer = chance.choice(self._writers)
            if fault.kind == "stop":
                pid = writer.stop()
                self._continue_later(pid, fault.length)
                return pid
            kill = chance.choice((writer.kill, writer.kill_in_sentence))
            return kill(SIGNALS[fault.kind])
        return self._signal(fault, victim)

    def _signal(self, fault: Fault, victim: str) -> int | None:
        process = self._pipeline.process(victim)
        if process is None:
            return None
        with contextlib.suppress(psutil.Error):
            if fault.kind == "stop":
                process.send_signal(signal.SIGSTOP)
                self._continue_later(process.pid, fault.length)
            else:
                process.send_signal(SIGNALS[fault.kind])
                if victim == "supervisor" and fault.kind == "segv":
                    process.send_signal(signal.SIGCONT)
        return process.pid

    def _continue_later(self, pid: int, seconds: float) -> None:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)

            def resume() -> None:
                with contextlib.suppress(psutil.Error):
                    process.send_signal(signal.SIGCONT)

            self._later.append((time.monotonic() + seconds, resume))
            self._later.sort(key=lambda each: each[0])

    def _up(self) -> None:
        if self._pipeline.wait_until(lambda: not self._pipeline.lives, 5.0):
            began = time.monotonic()
            self._pipeline.up()
            self._note(event="up", when=round(began - self._began, 4), seconds=round(time.monotonic() - began, 3))

    def _note(self, **what: Any) -> None:
        self._log.write(json.dumps(what) + "\n")
        self._log.flush()
