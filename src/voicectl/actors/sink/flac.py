"""A FLAC file that can be decoded at every moment and goes on over many processes."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from voicectl.actors.sink.flac_frames import last_frame, renumbered
from voicectl.actors.sink.recording import DEFAULT_RATE
from voicectl.actors.sink.ring import Samples
from voicectl.protocol.errors import SinkError

MAX_BLOCK = 4096
"""Samples in one frame; libFLAC's own choice, and within the subset that every decoder knows."""

MIN_BLOCK = 16
"""Only the last frame of a file may be shorter; it is written anew when more comes."""

HEADER_SIZE = 42
_HEADER = b"fLaC" + bytes([0x80, 0, 0, 34])  # STREAMINFO, which is also the last block of metadata
_SEARCHED = 4 * MAX_BLOCK * 2
"""Bytes at the end of a file in which its last whole frame must lie: none is longer than its samples."""


def import_soundfile() -> Any:
    """Load ``soundfile`` with libsndfile and return it.

    Raises:
        SinkError: it is missing.
    """
    try:
        import soundfile
    except (ImportError, OSError) as exc:
        reason = str(exc).partition("\n")[0]
        raise SinkError(f"FLAC needs soundfile ({reason}): pip install soundfile, or name a .wav file") from exc
    return soundfile


class FlacFile:
    """A mono 16 bit FLAC file that grows, frame by frame, and is never rewritten but for its header.

    The number of samples in the header is corrected behind every ``write``. A death in the middle of a frame
    leaves what is before it, and ``append`` goes on there. (There is no MD5 sum: it would have to be carried on
    over a death.)

    Raises:
        OSError: the file cannot be opened or written.
    """

    def __init__(self, path: Path, append: bool) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self.sample_rate = (append and _rate(os.pread(self._fd, HEADER_SIZE, 0))) or 0
        self._bytes = HEADER_SIZE
        self._samples = 0
        self._tail: Samples = np.zeros(0, np.int16)
        if self.sample_rate:
            self._take_up()
        os.ftruncate(self._fd, self._bytes if self._samples or len(self._tail) else 0)
        self._write_header()

    def set_rate(self, sample_rate: int) -> None:
        """Set the rate of a file that has no samples yet."""
        self.sample_rate = sample_rate
        self._write_header()

    @property
    def is_empty(self) -> bool:
        """Whether no sample was written yet."""
        return not self._samples and not len(self._tail)

    def write(self, samples: Samples) -> None:
        """Append samples, in frames of their own, and correct the header."""
        samples = np.concatenate([self._tail, samples])
        self._tail = samples[:0]
        for start in range(0, len(samples), MAX_BLOCK):
            block = samples[start : start + MAX_BLOCK]
            frame = renumbered(_encoded(block, self.sample_rate), self._samples)
            self._put(frame, self._bytes)
            if len(block) < MIN_BLOCK:
                self._tail = block.copy()
            else:
                self._bytes += len(frame)
                self._samples += len(block)
        self._write_header()

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _take_up(self) -> None:
        """Find the end of what an earlier process has written."""
        size = os.fstat(self._fd).st_size
        begin = max(HEADER_SIZE, size - _SEARCHED)
        data = os.pread(self._fd, size - begin, begin)
        frame = last_frame(data)
        if not frame:
            return
        self._samples = frame.first
        if frame.samples < MIN_BLOCK:
            self._bytes = begin + frame.start
            self._tail = _decoded(renumbered(data[frame.start : frame.end], 0), frame.samples, self.sample_rate)
        else:
            self._bytes = begin + frame.end
            self._samples += frame.samples

    def _put(self, data: bytes, offset: int) -> None:
        while data:
            count = os.pwrite(self._fd, data, offset)
            data, offset = data[count:], offset + count

    def _write_header(self) -> None:
        self._put(_header(self.sample_rate or DEFAULT_RATE, self._samples + len(self._tail)), 0)


def _header(sample_rate: int, samples: int) -> bytes:
    """Return the head of a file (RFC 9639, section 8.2); sizes of frames (0) and the MD5 sum (0) are not known."""
    rate, channels, bits = sample_rate << 44, (1 - 1) << 41, (16 - 1) << 36
    sizes = MIN_BLOCK.to_bytes(2, "big") + MAX_BLOCK.to_bytes(2, "big") + bytes(6)
    return _HEADER + sizes + (rate | channels | bits | samples).to_bytes(8, "big") + bytes(16)


def _rate(head: bytes) -> int:
    """Return the rate in Hz that the head of a file of ours names, or 0."""
    rate = int.from_bytes(head[18:21], "big") >> 4
    ours = _header(rate, int.from_bytes(head[18:26], "big") & (1 << 36) - 1)
    return rate if head == ours else 0


def recorded_rate(path: Path) -> int:
    """Return the rate in Hz of a recording that can be gone on with, or 0.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return _rate(file.read(HEADER_SIZE))


def _encoded(block: Samples, sample_rate: int) -> bytes:
    """Return the one frame in which libFLAC codes up to ``MAX_BLOCK`` samples."""
    file = io.BytesIO()
    import_soundfile().write(file, block, sample_rate, format="FLAC", subtype="PCM_16")
    data = file.getvalue()
    at, is_last = 4, False
    while not is_last:
        is_last = bool(data[at] & 0x80)
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    return data[at:]


def _decoded(frame: bytes, samples: int, sample_rate: int) -> Samples:
    data, _ = import_soundfile().read(io.BytesIO(_header(sample_rate, samples) + frame), dtype="int16")
    return np.asarray(data, np.int16)
