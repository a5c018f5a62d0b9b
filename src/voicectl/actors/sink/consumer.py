"""The consumer's end of the ring: what an audio callback does, the same for every output."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from voicectl.actors.sink.ring import Ring, Samples

RAMP_SECONDS = 0.005
"""Length of the fade around a gap: too short to be heard as one, long enough not to click."""

Record = Callable[[int, int], None]
"""Called in the callback with the position and the device latency in nanoseconds; must not block."""


class Stamp(NamedTuple):
    """When a sample was handed to the callback (monotonic ns), and how many ns later it can be heard."""

    at: int
    latency: int


class _Block(NamedTuple):
    start: int
    end: int
    at: int
    latency: int


class Consumer:
    """Takes samples out of the ring, block by block, and remembers when.

    ``busy`` is set by the producer while an utterance is not wholly in the ring: only then is a dry ring
    an underrun. ``heard_at`` is when the last sample taken can be heard (monotonic ns).
    ``fill`` runs in the callback's thread, everything else in the producer's.
    """

    def __init__(self, ring: Ring, sample_rate: int, record: Record | None = None) -> None:
        self.underruns = 0
        self.paused = False
        self.busy = False
        self.heard_at = 0
        self._ring = ring
        self._rate = sample_rate
        self._record = record
        self._blocks: deque[_Block] = deque(maxlen=8192)
        self._fade_out = np.linspace(1, 0, max(2, int(sample_rate * RAMP_SECONDS)), dtype=np.float32)
        self._fade_in = self._fade_out[::-1].copy()
        self._level = 0
        self._interrupted = False
        self._dry = False

    def fill(self, out: Samples, now: int, latency: int) -> int:
        """Fill ``out`` with what is due, and silence behind it; return the number of samples from the ring."""
        # With an empty ``out`` a paused consumer still follows a drop.
        count = self._ring.take(out[:0] if self.paused else out)
        if count:
            self._took(out[:count], now, latency)
        if count < len(out):
            self._silence(out, count)
        self._level = int(out[-1])
        return count

    def stamp(self, position: int) -> Stamp | None:
        """Return the stamp of a sample that was taken, or None if it was not; ask in rising order."""
        while self._blocks and self._blocks[0].end <= position:
            self._blocks.popleft()
        if not self._blocks or self._blocks[0].start > position:
            return None
        block = self._blocks[0]
        return Stamp(block.at, block.latency + (position - block.start) * 1_000_000_000 // self._rate)

    def lapse(self) -> None:
        """Count a gap that the device made itself; one in silence is not heard."""
        if self._level:
            self.underruns += 1

    def rewind(self, now: int) -> None:
        """Go back to the sample that can be heard at ``now``: the device has dropped those behind it.

        Only while the callback does not run.
        """
        self._ring.rewind(max(0, self.heard_at - now) * self._rate // 1_000_000_000)
        self._interrupted = True
        self._level = 0
        self.heard_at = now
        if self._record:
            self._record(self._ring.taken, 0)

    def _took(self, block: Samples, now: int, latency: int) -> None:
        end = self._ring.taken
        self._dry = False
        if self._interrupted:
            self._interrupted = False
            ramp = self._fade_in[: len(block)]
            block[: len(ramp)] = block[: len(ramp)] * ramp
        self._blocks.append(_Block(end - len(block), end, now, latency))
        self.heard_at = now + latency + len(block) * 1_000_000_000 // self._rate
        if self._record:
            self._record(end, latency)

    def _silence(self, out: Samples, count: int) -> None:
        out[count:] = 0
        # The last level decays instead of jumping to zero; no sample of the utterance is spent on it.
        level = int(out[count - 1]) if count else self._level
        if level:
            ramp = self._fade_out[: len(out) - count]
            out[count : count + len(ramp)] = level * ramp
            out[-1] = 0
        if self.paused:
            self._interrupted = True
        elif self.busy and not self._dry and not self._ring.stopped:
            self._dry = self._interrupted = True
            self.underruns += 1
