"""The recording: sound files, and when each of their samples was written."""

import itertools
import threading
import time
import wave
from bisect import bisect_left
from pathlib import Path

import numpy as np
import tones
from tones import Samples

LOOK_EVERY_S = 0.004
HEADER_BYTES = 44
"""Of a sound file; a recording of the audio server (``.raw``) has none."""
STALL_S = 0.03
"""Longer than the sink's own block of 20 ms."""


class Watch(threading.Thread):
    """Notes how long the newest sound file is, so that a place in it can be turned into a time."""

    def __init__(self) -> None:
        super().__init__(name="watch", daemon=True)
        self.files: list[Path] = []
        self._growth: dict[Path, list[tuple[int, float]]] = {}
        self._end = threading.Event()

    def follow(self, path: Path) -> None:
        """A new file is being written from now on."""
        self._growth[path] = []
        self.files.append(path)

    def run(self) -> None:
        """Look until told to stop."""
        while not self._end.wait(LOOK_EVERY_S):
            if self.files:
                self._look(self.files[-1])

    def stop(self) -> None:
        """Stop looking."""
        self._end.set()
        self.join()

    def size(self) -> int:
        """Return the size of the newest file in bytes."""
        growth = self._growth[self.files[-1]] if self.files else []
        return growth[-1][0] if growth else 0

    def when(self, path: Path, sample: int) -> float:
        """Return when (monotonic) the file had grown beyond a sample."""
        growth = self._growth[path]
        at = bisect_left(growth, (_size(path, sample), 0.0))
        return growth[min(at, len(growth) - 1)][1] if growth else 0.0

    def stalls(self, path: Path, first: int, last: int) -> list[tuple[float, float]]:
        """Return when the file did not grow for a while between two of its samples: nobody wrote, so nobody spoke."""
        if path.suffix == ".raw":
            return []  # it grows by blocks, and silence is recorded
        growth = self._growth[path]
        begin = bisect_left(growth, (_size(path, first), 0.0))
        end = bisect_left(growth, (_size(path, last), 0.0))
        times = [time for _, time in growth[begin : end + 1]]
        return [(one, two) for one, two in itertools.pairwise(times) if two - one > STALL_S]

    def _look(self, path: Path) -> None:
        try:
            size = path.stat().st_size
        except OSError:
            return
        growth = self._growth[path]
        if not growth or size > growth[-1][0]:
            growth.append((size, time.monotonic()))


def _size(path: Path, samples: int) -> int:
    return 2 * samples + (0 if path.suffix == ".raw" else HEADER_BYTES)


def read(path: Path) -> Samples:
    """Return the samples of a recording at 16 kHz; none when it was never begun."""
    if path.suffix == ".raw":
        return np.frombuffer(path.read_bytes()[: path.stat().st_size // 2 * 2], "<i2")
    if not path.exists() or path.stat().st_size <= HEADER_BYTES:
        return np.zeros(0, np.int16)
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    if rate != tones.RATE:
        raise ValueError(f"{path} has {rate} Hz; the voice has {tones.RATE}")
    return sound
