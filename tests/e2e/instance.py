"""One isolated voicectl: runtime folder, state folder, environment."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from voicectl.protocol.supervising import STAGES
from voicectl.supervisor.book import read_book

RECORDINGS = Path(__file__).parents[1] / "data" / "recordings"
DEADLINE_S = 60.0
TEXT = "The tests passed. I will fix the bug. The build is finished. I updated the documentation."
"""Four sentences, about eight seconds of speech."""


def eventually(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """Return the first true value of ``condition``, or fail after a while."""
    end = time.monotonic() + deadline_s
    pause = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {deadline_s} s in vain for {what}"
        pause.wait(0.02)
    return value


class Instance:
    """Runs ``voicectl`` commands against folders of its own; kills what is left at the end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vc-"))
        self.runtime = self.folder / "r"
        self.state = self.folder / "s"
        self.wav = self.folder / "out.wav"
        self.env = {
            **os.environ,
            "VOICECTL_RUNTIME_DIR": str(self.runtime),
            "VOICECTL_STATE_DIR": str(self.state),
            "XDG_CONFIG_HOME": str(self.folder / "c"),
        }

        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes():
            process.kill()
        psutil.wait_procs(self.processes(), 5)
        for started in self._started:
            started.kill()
            started.wait()
            for pipe in (started.stdin, started.stdout, started.stderr):
                if pipe:
                    pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *arguments: str, stdin: bytes | None = b"", status: int | None = 0) -> str:
        """Run a command to its end, check its exit status (None: any), return its standard output."""
        done = self.try_(*arguments, stdin=stdin)
        assert status is None or done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout.decode()

    def try_(self, *arguments: str, stdin: bytes | None = b"") -> "subprocess.CompletedProcess[bytes]":
        """Run a command to its end."""
        command = [sys.executable, "-m", "voicectl", *arguments]
        return subprocess.run(
            command, input=stdin, env=self.env, cwd=self.folder, capture_output=True, timeout=170, check=False
        )

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command with a pipe for its standard input and output."""
        command = [sys.executable, "-m", "voicectl", *arguments]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=self.env, cwd=self.folder)
        self._started.append(process)
        return process

    def start_feed(self, text: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start ``feed --wait`` of a plain text."""
        feed = self.start("feed", "--wait", "--format", "text", *arguments)
        assert feed.stdin
        feed.stdin.write(text.encode())
        feed.stdin.close()
        return feed

    def up(self, sink: str, *arguments: str) -> None:
        """Start the pipeline and wait until it is up."""
        self.run("up", "--detach", "--sink", sink, *arguments)

    def use_plugins(self) -> None:
        """Let the stages import the ``poison`` module from this folder."""
        self.env["PYTHONPATH"] = str(Path(__file__).parent)

    def status(self) -> dict[str, Any]:
        """Return the parsed status."""
        status: dict[str, Any] = json.loads(self.run("status", "--json", status=None) or "{}")
        return status

    def stage(self, name: str) -> dict[str, Any]:
        """Return one stage's part of the status."""
        return next(stage for stage in self.status()["stages"] if stage["name"] == name)

    def counters(self, stage: str) -> dict[str, int]:
        """Return what a stage has counted."""
        counters: dict[str, int] = json.loads(self.run("stats", "--json"))["counters"][stage]
        return counters

    def history(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the parsed history."""
        return [json.loads(line) for line in self.run("history", "--json", *arguments).splitlines()]

    def states(self) -> list[str]:
        """Return the states of all sentences, in order."""
        return [row["state"] for row in self.history()]

    def journaled(self) -> list[str]:
        """Return the states of all sentences as the journal has them now: a command would take part of a sentence."""
        path = self.state / "journal.sqlite3"
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as journal:
                return [state for (state,) in journal.execute("SELECT state FROM utterances ORDER BY id")]
        except sqlite3.Error:
            return []

    def pid(self, name: str) -> int:
        """Return a stage's or the supervisor's process id, without asking the supervisor."""
        book = read_book(self.runtime)
        assert book, "no pipeline is running"
        return book.pid if name == "supervisor" else book.stages[name].pid

    def processes(self) -> list[psutil.Process]:
        """Return every process that belongs to this instance's daemon."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("VOICECTL_RUNTIME_DIR") == str(self.runtime) and process.pid != os.getpid():
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def sockets(self) -> list[str]:
        """Return the socket files in the runtime folder."""
        return sorted(path.name for path in self.runtime.glob("*.ipc")) if self.runtime.exists() else []

    def wait_until_speaking(self, number: int) -> None:
        """Wait until the sentence with this number is being spoken."""
        eventually(lambda: self.journaled()[number - 1 :][:1] in (["speaking"], ["spoken"]), f"sentence {number}")

    def wait_until_ready(self) -> None:
        """Wait until every stage is ready."""
        eventually(lambda: self.status().get("ready"), "all stages to be ready")


__all__ = ["RECORDINGS", "STAGES", "TEXT", "Instance", "eventually"]
