"""An output that writes a WAV file whose header is right at every moment."""

import os
import struct
from pathlib import Path

import numpy as np

from voicectl.actors.sink.output import Output
from voicectl.actors.sink.pace import TICK_SECONDS, Pace
from voicectl.actors.sink.ring import Samples
from voicectl.protocol.errors import SinkError

BLOCK_SECONDS = 0.02
"""A death between a block and its record repeats at most this much."""

IDLE_SECONDS = 2
"""So much silence in a row ``realtime`` keeps; a night without a word does not fill the disk."""

DEFAULT_RATE = 48_000
"""Stands in the header until the first sample is written."""

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MAX_SIZE = 0xFFFF_FFFF


class WavFile:
    """A mono 16 bit WAV file that grows.

    Its sizes are written behind every ``write``, so the file is valid after any death. (RIFF: sizes are
    32 bit; beyond 4 GB they stay at their maximum and the samples go on.)

    Raises:
        OSError: the file cannot be opened or written.
    """

    def __init__(self, path: Path, append: bool) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self.sample_rate = (append and self._rate_on_disk()) or 0
        if self.sample_rate:
            # A death in the middle of a sample leaves half of it.
            self._bytes = (os.fstat(self._fd).st_size - _HEADER.size) // 2 * 2
        else:
            os.ftruncate(self._fd, 0)
            self._bytes = 0
        self._write_header()

    def set_rate(self, sample_rate: int) -> None:
        """Set the rate of a file that has no samples yet."""
        self.sample_rate = sample_rate
        self._write_header()

    @property
    def is_empty(self) -> bool:
        """Whether no sample was written yet."""
        return self._bytes == 0

    def write(self, samples: Samples) -> None:
        """Append samples and correct the sizes in the header."""
        data = memoryview(samples.astype("<i2", copy=False).tobytes())
        while data:
            count = os.pwrite(self._fd, data, _HEADER.size + self._bytes)
            self._bytes += count
            data = data[count:]
        self._write_header()

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _rate_on_disk(self) -> int:
        head = os.pread(self._fd, _HEADER.size, 0)
        if len(head) < _HEADER.size:
            return 0
        riff, _, wave, _, _, code, channels, rate, _, _, bits, data, size = _HEADER.unpack(head)
        ours = (riff, wave, code, channels, bits, data) == (b"RIFF", b"WAVE", 1, 1, 16, b"data")
        return int(rate) if ours and size else 0

    def _write_header(self) -> None:
        rate = self.sample_rate or DEFAULT_RATE
        size = min(self._bytes, _MAX_SIZE - 36)
        header = (b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16, b"data", size)
        os.pwrite(self._fd, _HEADER.pack(*header), 0)


class WavOutput(Output):
    """Writes what a listener would hear to a file, as fast as it comes or in real time."""

    def __init__(self, path: Path, realtime: bool, append: bool) -> None:
        super().__init__()
        self.path = path
        self.name = f"wav:{path}"
        self.realtime = realtime
        self.tick = TICK_SECONDS
        self._append = append
        self._file: WavFile | None = None
        self._pace = Pace(0)
        self._idle = 0

    def prepare(self) -> str:
        """Create the file (or take up the one of this run), so that a bad path is known at once.

        Raises:
            SinkError: the file cannot be written.
        """
        try:
            self._file = WavFile(self.path, self._append)
        except OSError as exc:
            raise SinkError(f"cannot write {self.path}: {exc.strerror}; name another file with --sink") from exc
        return self.name

    def _start(self, sample_rate: int) -> int:
        if not self._file:
            self.prepare()
        assert self._file
        if self._file.is_empty:
            self._file.set_rate(sample_rate)
        rate = self._file.sample_rate
        self._pace = Pace(rate)
        self._block = np.zeros(int(rate * BLOCK_SECONDS), np.int16)
        self._idle = rate * IDLE_SECONDS
        return rate

    def poll(self, now: int) -> None:
        """Write what is due at ``now``."""
        if not self.is_open:
            return
        if self.realtime:
            self._keep_time(now)
            return
        while waiting := self.written - self.position:
            # Never asks for more than there is: waiting for the voice is no underrun here.
            count = self._consumer.fill(self._block[:waiting], now, 0)
            if not count:
                break
            self._write(self._block[:count])

    def _keep_time(self, now: int) -> None:
        due = self._pace.due(now)
        while due > 0:
            block = self._block[:due]
            due -= len(block)
            count = self._consumer.fill(block, now, 0)
            # Silence belongs to the recording, but not before the first word and not for ever.
            self._idle = 0 if count else self._idle + len(block)
            if self._idle <= self.sample_rate * IDLE_SECONDS:
                self._write(block)

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
