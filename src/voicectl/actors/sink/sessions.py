"""An output that records every session into a file of its own."""

import hashlib
import itertools
import os
import re
from collections import deque
from datetime import date
from pathlib import Path

from voicectl.actors.sink.file import FileOutput
from voicectl.actors.sink.recording import SUFFIXES, Recording, open_recording, recorded_rate
from voicectl.actors.sink.ring import Samples
from voicectl.protocol.errors import SinkError
from voicectl.protocol.speaking import Audio

SESSION, DATE = "{session}", "{date}"
MAX_NAME = 40
"""Characters of a session's name in that of its file: a UUID fits, and no file system's limit is near."""

_UNSAFE = re.compile(r"[^\w.-]+")


def is_pattern(path: str) -> bool:
    """Whether a path stands for many files: a folder with its slash, or one with ``{session}`` or ``{date}``."""
    return path.endswith("/") or SESSION in path or DATE in path


def safe_name(session: str) -> str:
    """Return a session's name as part of a file's: no separator, no leading dot, not too long.

    A name that has to be changed gets a checksum, so that two sessions never share a file.
    """
    name = _UNSAFE.sub("_", session).lstrip(".")[:MAX_NAME]
    if name and name == session:
        return name
    return f"{name or 'session'}-{hashlib.sha256(session.encode(errors='replace')).hexdigest()[:8]}"


def file_path(pattern: str, session: str, day: date) -> Path:
    """Return the file in which a session is recorded on a day."""
    return Path(pattern.replace(DATE, day.isoformat()).replace(SESSION, safe_name(session)))


class SessionOutput(FileOutput):
    """Writes each session into the file that ``pattern`` names for it, and goes on with what is there.

    A file begins with its session's first word, a pause belongs to the sentence before it. Nothing is ever
    overwritten: where a file cannot be gone on with (it is no recording of ours, or has another rate), one with a
    number behind its name is taken.
    """

    def __init__(self, pattern: str, realtime: bool) -> None:
        if pattern.endswith("/"):
            pattern += SESSION
        if Path(pattern).suffix.lower() not in SUFFIXES:
            pattern += ".wav"
        super().__init__(Path(pattern), realtime, append=True)
        self._pattern = pattern
        self._turns: deque[tuple[int, str]] = deque()
        self._cuts: list[tuple[int, str]] = []
        self._target: Path | None = None
        self._failed: set[Path] = set()

    def prepare(self) -> str:
        """Make the folder that all files have in common, so that a bad one is known at once.

        Raises:
            SinkError: it cannot be made, or nothing can be written there.
        """
        folder = Path(self._pattern.partition("{")[0] + SESSION).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise SinkError(f"cannot make {folder}: {exc.strerror}; name another folder with --sink") from exc
        if not os.access(folder, os.W_OK | os.X_OK):
            raise SinkError(f"cannot write into {folder}: permission denied; name another folder with --sink")
        return self.name

    def begins(self, position: int, audio: Audio) -> None:
        """Write what lies from a position on into the file of its session."""
        self._turns.append((position, audio.utterance.session))

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._target = None

    def _file_rate(self, sample_rate: int) -> int:
        return sample_rate

    def _take(self, block: Samples, now: int) -> int:
        before = self.position
        count = super()._take(block, now)
        passed = max(1, self.position - before)
        while count and self._turns and self._turns[0][0] < self.position:
            at, session = self._turns.popleft()
            # At another speed a block is shorter or longer than the speech in it.
            self._cuts.append((max(0, at - before) * count // passed, session))
        return count

    def _write(self, samples: Samples) -> None:
        done = 0
        for cut, session in self._cuts:
            self._put(samples[done:cut])
            self._turn_to(session)
            done = cut
        self._cuts.clear()
        self._put(samples[done:])

    def _turn_to(self, session: str) -> None:
        target = file_path(self._pattern, session, date.today())
        if target != self._target:
            if self._file:
                self._file.close()
            self._file, self._target = None, target

    def _put(self, samples: Samples) -> None:
        if not len(samples) or not self._target or self._target in self._failed:
            return
        try:
            if not self._file:
                self._file = self._open(self._target)
        except OSError as exc:
            self.notices.append(f"cannot write {self.path}: {exc.strerror}; this session is not recorded")
        super()._write(samples)
        if not self._file:
            self._failed.add(self._target)

    def _open(self, target: Path) -> Recording:
        """Open the file, or the first with a number behind its name that can be gone on with."""
        target.parent.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            self.path = target if number == 1 else target.with_stem(f"{target.stem} ({number})")
            if self.path.exists() and self.path.stat().st_size and not recorded_rate(self.path):
                continue
            file = open_recording(self.path, append=True)
            if file.is_empty:
                file.set_rate(self.sample_rate)
            if file.sample_rate == self.sample_rate:
                return file
            file.close()
        raise AssertionError("count() has no end")
