"""A pipeline to be tortured: started again whenever its supervisor dies, looked into from outside."""
# ruff: noqa: E402 (the harness shares a module with the end-to-end tests, in a folder that is no package)

import contextlib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e"), str(HERE.parent)]

from audio import AudioServer
from instance import Instance
from sound import Watch

from voicectl.actors.workmark import work_path
from voicectl.protocol.errors import VoicectlError
from voicectl.supervisor.book import Book, read_book, running_book

PAUSE_S = 0.06
"""Silence between sentences."""

SETTINGS = {
    "language.target": "en",
    "translator.backend": "none",
    "synthesizer.backend": "tones:ToneBackend",
    "synthesizer.fallback": '["tones:SecondToneBackend"]',
    "sink.pause_sentence_ms": str(int(PAUSE_S * 1000)),
    "sink.pause_paragraph_ms": str(int(PAUSE_S * 1000)),
    "parser.floor_pause_s": "0.3",
    "supervisor.max_restarts": "100000",
    "supervisor.heartbeat_ms": "100",
    "supervisor.heartbeat_timeout_s": "2",
    "supervisor.backoff_initial_s": "0.05",
    "supervisor.backoff_max_s": "0.5",
    "supervisor.stable_s": "1",
}
"""The harness raises the budget of restarts and quickens the detection; the rest is as delivered."""


class Pipeline:
    """An instance, its sound files and its journal."""

    def __init__(self, instance: Instance, settings: dict[str, str], on_device: bool = False) -> None:
        """``on_device``: play into an audio server of our own and record that, not into sound files."""
        self.instance = instance
        self.watch = Watch()
        self.audio = AudioServer(instance.folder, self.watch) if on_device else None
        instance.env |= self.audio.env if self.audio else {}
        self.ups = 0
        self._sets = [f"--set={key}={value}" for key, value in (SETTINGS | settings).items()]
        path = instance.env.get("PYTHONPATH", "")
        instance.env["PYTHONPATH"] = f"{HERE}:{path}" if path else str(HERE)

    def up(self, sink: str = "") -> None:
        """Start the pipeline, with a new sound file unless another sink is named."""
        self.ups += 1
        if self.audio:
            sink = "device"
        elif not sink:
            wav = self.instance.folder / f"{self.ups}.wav"
            self.watch.follow(wav)
            sink = f"wav:{wav},realtime"
        self.instance.up(sink, *self._sets)

    @property
    def book(self) -> Book | None:
        """The address book."""
        return read_book(self.instance.runtime)

    @property
    def lives(self) -> bool:
        """Whether there is a supervisor."""
        return running_book(self.instance.runtime) is not None

    def process(self, victim: str) -> psutil.Process | None:
        """Return a stage's or the supervisor's process, if it is there."""
        book = self.book
        if book is None:
            return None
        pid = book.pid if victim == "supervisor" else book.stages[victim].pid if victim in book.stages else 0
        try:
            return psutil.Process(pid) if pid else None
        except psutil.Error:
            return None

    def addresses(self, victim: str) -> list[str]:
        """Return the inboxes of a stage, of the supervisor, or of all feeds."""
        if victim == "feed":
            return [f"ipc://{path}" for path in self.instance.runtime.glob("feed.*.ipc")]
        book = self.book
        if book is None:
            return []
        if victim == "supervisor":
            return [book.command.replace(".control.", ".data."), book.command]
        data = book.stages[victim].data if victim in book.stages else ""
        return [data, data.replace(".data.", ".control.")] if data else []

    def mark(self, stage: str) -> int:
        """Return the play number that a stage works on, 0 when it is idle."""
        book = self.book
        if book is None or stage not in book.stages:
            return 0
        name = book.stages[stage].data.rsplit("/", 1)[-1].removesuffix(".data.ipc")
        with contextlib.suppress(OSError):
            return int.from_bytes(work_path(self.instance.runtime, name).read_bytes()[:8], "little")
        return 0

    def latest(self, state: str) -> int:
        """Return the last row of the journal in a state (``queued``: of all, ``released``: the last play number)."""
        query = {
            "queued": "SELECT MAX(id) FROM utterances",
            "released": "SELECT value FROM numbers WHERE name = 'next_play'",
        }.get(state, f"SELECT MAX(play) FROM utterances WHERE state = '{state}'")
        return self._number(query)

    def unheard(self) -> int:
        """Return how many sentences of the journal are not settled, and how many spools wait to be read."""
        rows = self._number("SELECT COUNT(*) FROM utterances WHERE state IN ('queued', 'speaking')")
        return rows + len(list((self.instance.state / "spool").glob("*.spool")))

    def progress(self) -> tuple[int, int]:
        """Return two numbers that change while anything is spoken."""
        return self._number("SELECT COUNT(*) FROM utterances WHERE state = 'spoken'"), self.watch.size()

    def wait_until(self, condition: Callable[[], object], seconds: float, every: float = 0.001) -> bool:
        """Wait for a condition; return whether it came true."""
        end, pause = time.monotonic() + seconds, threading.Event()
        while not condition():
            if time.monotonic() > end:
                return False
            pause.wait(every)
        return True

    def down(self) -> None:
        """Stop the pipeline."""
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired, VoicectlError):
            self.instance.run("down", status=None)
        if self.audio:
            self.audio.close()

    def _number(self, query: str) -> int:
        path = self.instance.state / "journal.sqlite3"
        try:
            with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.5)) as connection:
                row = connection.execute(query).fetchone()
        except sqlite3.Error:
            return 0
        return int(row[0] or 0) if row else 0
