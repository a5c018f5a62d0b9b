"""The consumer's end of the ring: what an audio callback does, the same for every output."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from voicectl.actors.sink.reader import Reader
from voicectl.actors.sink.ring import Ring, Samples

RAMP_SECONDS = 0.005
"""Length of the fade around a gap: too short to be heard as one, long enough not to click."""

VOLUME_RAMP_SECONDS = 0.02
"""How long the volume takes from silence to that of the voice, or back."""

Record = Callable[[int, int], None]
"""Called in the callback with the position, and with the nanoseconds of speech before it that the device still holds.

Must not block.
"""


class Stamp(NamedTuple):
    """When a sample was handed to the callback (monotonic ns), and how many ns later it can be heard."""

    at: int
    latency: int


class _Block(NamedTuple):
    """The speech from ``start`` to ``end`` as so many ``samples`` of sound."""

    start: int
    end: int
    at: int
    latency: int
    samples: int


class Consumer:
    """Takes samples out of the ring, block by block, and remembers when.

    ``busy`` is set by the producer while an utterance is not wholly in the ring: only then is a dry ring
    an underrun; for a ``patient`` consumer, which waits for the voice, never. ``position`` is the place in the speech
    behind what was handed over, ``heard_at`` when the last sample of that can be heard (monotonic ns).
    ``fill`` runs in the callback's thread, everything else in the producer's.
    """

    def __init__(self, ring: Ring, sample_rate: int, record: Record | None = None, volume: float = 1.0) -> None:
        self.underruns = 0
        self.paused = False
        self.busy = False
        self.patient = False
        self.volume = volume
        self.position = 0
        self.heard_at = 0
        self._ring = ring
        self._reader = Reader(ring, sample_rate)
        self._rate = sample_rate
        self._record = record
        self._blocks: deque[_Block] = deque(maxlen=8192)
        self._fade_out = np.linspace(1, 0, max(2, int(sample_rate * RAMP_SECONDS)), dtype=np.float32)
        self._fade_in = self._fade_out[::-1].copy()
        self._level = 0
        self._gain = volume
        self._interrupted = False
        self._dry = False

    @property
    def speed(self) -> float:
        """The factor by which the speech is heard faster, from the next sample on; its pitch stays.

        Raises:
            SinkError: on setting it to another than 1, when what that needs is missing.
        """
        return self._reader.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if speed != 1:
            self._reader.prepare()
        self._reader.speed = speed

    def fill(self, out: Samples, now: int, latency: int) -> int:
        """Fill ``out`` with what is due, and silence behind it; return the number of samples that are speech."""
        # With an empty ``out`` a paused consumer still follows a drop.
        count = self._reader.take(out[:0] if self.paused else out, last=not self.busy)
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
        samples = (position - block.start) * block.samples // (block.end - block.start)
        return Stamp(block.at, block.latency + samples * 1_000_000_000 // self._rate)

    def lapse(self) -> None:
        """Count a gap that the device made itself; one in silence is not heard."""
        if self._level:
            self.underruns += 1

    def rewind(self, now: int) -> None:
        """Go back to the sample that can be heard at ``now``: the device has dropped those behind it.

        Only while the callback does not run.
        """
        self._reader.rewind(self._place_before(max(0, self.heard_at - now) * self._rate // 1_000_000_000))
        self.position = self._reader.position
        self._interrupted = True
        self._level = 0
        self.heard_at = now
        if self._record:
            self._record(self.position, 0)

    def _place_before(self, count: int) -> int:
        """Return the place in the speech that the last ``count`` samples of sound began at."""
        for block in reversed(self._blocks):
            if count <= block.samples:
                return block.end - count * (block.end - block.start) // block.samples
            count -= block.samples
        first = self._blocks[0].start if self._blocks else self.position
        return first - int(count * self.speed)

    def _took(self, block: Samples, now: int, latency: int) -> None:
        start, end = self.position, self._reader.position
        self._dry = False
        self._amplify(block)
        if self._interrupted:
            self._interrupted = False
            ramp = self._fade_in[: len(block)]
            block[: len(ramp)] = block[: len(ramp)] * ramp
        self._blocks.append(_Block(min(max(start, self._ring.dropped), end), end, now, latency, len(block)))
        self.heard_at = now + latency + len(block) * 1_000_000_000 // self._rate
        self.position = end
        if self._record:
            self._record(end, int(latency * self.speed))

    def _amplify(self, block: Samples) -> None:
        """Bring a block to the volume, from that of the last one on a ramp."""
        left = self.volume - self._gain
        if not left and self._gain == 1:
            return
        step = 1 / (VOLUME_RAMP_SECONDS * self._rate)
        gain = self._gain + np.sign(left) * np.minimum(np.arange(1, len(block) + 1) * step, abs(left))
        self._gain = self.volume if len(block) * step >= abs(left) else float(gain[-1])
        block[:] = np.clip(np.rint(block * gain), -32768, 32767)

    def _silence(self, out: Samples, count: int) -> None:
        out[count:] = 0
        # The last level decays instead of jumping to zero; no sample of the utterance is spent on it.
        level = int(out[count - 1]) if count else self._level
        if level:
            ramp = self._fade_out[: len(out) - count]
            out[count : count + len(ramp)] = level * ramp
            out[-1] = 0
        if not count:
            self._gain = self.volume
        if self.paused:
            self._interrupted = True
        elif self.busy and not self.patient and not self._dry and not self._ring.stopped:
            self._dry = self._interrupted = True
            self.underruns += 1
