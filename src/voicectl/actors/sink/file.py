"""An output that records into a file: WAV, or FLAC where the name ends in ``.flac``."""

from pathlib import Path

import numpy as np

from voicectl.actors.sink.output import Output
from voicectl.actors.sink.pace import TICK_SECONDS, Pace
from voicectl.actors.sink.recording import Recording, is_flac, open_recording
from voicectl.actors.sink.ring import Samples
from voicectl.protocol.errors import SinkError

BLOCK_SECONDS = 0.02
"""A death between a block and its record loses at most this much."""

FLAC_TICK_SECONDS = 0.02
"""A frame of its own for every 5 ms would be mostly header."""

IDLE_SECONDS = 2
"""So much silence in a row ``realtime`` keeps; a night without a word does not fill the disk."""


class FileOutput(Output):
    """Writes what a listener would hear to a file, as fast as it comes or in real time.

    ``append`` goes on with the file of the same run.
    """

    def __init__(self, path: Path, realtime: bool, append: bool) -> None:
        super().__init__()
        self.path = path
        self.name = f"wav:{path}"
        self.realtime = realtime
        self.tick = FLAC_TICK_SECONDS if is_flac(path) else TICK_SECONDS
        self._append = append
        self._file: Recording | None = None
        self._pace = Pace(0)
        self._idle = 0

    def load(self) -> None:
        """Load libsndfile where FLAC needs it.

        Raises:
            SinkError: it is missing.
        """
        if is_flac(self.path):
            from voicectl.actors.sink.flac import import_soundfile

            import_soundfile()

    def prepare(self) -> str:
        """Create the file (or take up the one of this run), so that a bad path is known at once.

        Raises:
            SinkError: the file cannot be written.
        """
        try:
            self._file = open_recording(self.path, self._append)
        except OSError as exc:
            raise SinkError(f"cannot write {self.path}: {exc.strerror}; name another file with --sink") from exc
        return self.name

    def _start(self, sample_rate: int) -> int:
        rate = self._file_rate(sample_rate)
        self._pace = Pace(rate)
        self._block = np.zeros(int(rate * BLOCK_SECONDS), np.int16)
        self._idle = rate * IDLE_SECONDS
        return rate

    def _file_rate(self, sample_rate: int) -> int:
        """Return the rate at which to record: that of the file, if it has one."""
        if not self._file:
            self.prepare()
        assert self._file
        if self._file.is_empty:
            self._file.set_rate(sample_rate)
        return self._file.sample_rate

    def poll(self, now: int) -> None:
        """Write what is due at ``now``."""
        if not self.is_open:
            return
        if self.realtime:
            self._keep_time(now)
            return
        while count := self._take(self._block, now):
            self._write(self._block[:count])

    def _keep_time(self, now: int) -> None:
        due = self._pace.due(now)
        while due > 0:
            block = self._block[:due]
            due -= len(block)
            count = self._take(block, now)
            # Silence belongs to the recording, but not before the first word and not for ever.
            self._idle = 0 if count else self._idle + len(block)
            if self._idle <= self.sample_rate * IDLE_SECONDS:
                self._write(block)

    def _take(self, block: Samples, now: int) -> int:
        """Fill a block that will be written; return how many of its samples are speech."""
        return self._consumer.fill(block, now, 0)

    def _write(self, samples: Samples) -> None:
        if not self._file:
            return
        try:
            self._file.write(samples)
        except OSError as exc:
            self._file.close()
            self._file = None
            remedy = "the rest is not recorded; make room, then voicectl restart sink"
            self.notices.append(f"cannot write {self.path}: {exc.strerror}; {remedy}")

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None
        self.sample_rate = 0
