"""A WAV file whose header is right at every moment."""

import os
import struct
from pathlib import Path

from voicectl.actors.sink.recording import DEFAULT_RATE
from voicectl.actors.sink.ring import Samples

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
        self.sample_rate = (append and _rate(os.pread(self._fd, _HEADER.size, 0))) or 0
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

    def _write_header(self) -> None:
        rate = self.sample_rate or DEFAULT_RATE
        size = min(self._bytes, _MAX_SIZE - 36)
        header = (b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16, b"data", size)
        os.pwrite(self._fd, _HEADER.pack(*header), 0)


def _rate(head: bytes) -> int:
    """Return the rate in Hz that the head of a file of ours names, or 0."""
    if len(head) < _HEADER.size:
        return 0
    riff, _, wave, _, _, code, channels, rate, _, _, bits, data, _ = _HEADER.unpack(head)
    ours = (riff, wave, code, channels, bits, data) == (b"RIFF", b"WAVE", 1, 1, 16, b"data")
    return int(rate) if ours else 0


def recorded_rate(path: Path) -> int:
    """Return the rate in Hz of a recording that can be gone on with, or 0.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return _rate(file.read(_HEADER.size))
