"""The way out of the ring: samples at any speed, and the place in the speech that they belong to."""

from collections.abc import Callable

import numpy as np

from voicectl.actors.sink.ring import Ring, Samples
from voicectl.actors.sink.tempo import HELD_SECONDS, Tempo

STEP_SECONDS = 0.02
"""The ring is read in such steps at another speed, so that a change of it waits for nothing."""

_NONE: Samples = np.zeros(0, np.int16)


class Reader:
    """Takes samples out of a ring; at normal speed they are the very same samples.

    ``position`` is the place in the ring behind what was handed over. At another speed that is known within some
    ``HELD_SECONDS`` of speech; where the speech ends, and a while after the speed is normal again, it is exact.
    Used by the consumer alone, but for ``speed``, which the producer sets after ``prepare``.
    """

    def __init__(self, ring: Ring, sample_rate: int, make_tempo: Callable[[int], Tempo] = Tempo) -> None:
        self.position = 0
        self.speed = 1.0
        self._ring = ring
        self._rate = sample_rate
        self._make_tempo = make_tempo
        self._tempo: Tempo | None = None
        self._ready = _NONE
        self._ready_end = 0
        self._block: Samples = np.zeros(max(1, int(sample_rate * STEP_SECONDS)), np.int16)

    def prepare(self) -> None:
        """Load what another speed than 1 needs.

        Raises:
            SinkError: it is missing.
        """
        if self._tempo is None:
            self._tempo = self._make_tempo(self._rate)

    def take(self, out: Samples, last: bool) -> int:
        """Fill the beginning of ``out`` and return how many samples that are; ``last``: no more belong to the last."""
        if self._ring.dropped > self.position:
            self._go_to(self._ring.dropped)
        count = 0
        while count < len(out) and not self._ring.stops(self.position):
            if len(self._ready):
                count += self._hand_over(out[count:])
            elif self.speed == 1 and self._holds_nothing:
                count += self._ring.take(out[count:])
                self.position = self._ready_end = self._ring.taken
                break
            elif not self._make_ready(last):
                break
        return count

    def rewind(self, position: int) -> None:
        """Go back to a place, or as far as the ring can; only while the consumer does not run."""
        self._ring.rewind(self._ring.taken - position)
        self._go_to(self._ring.taken)

    def _go_to(self, position: int) -> None:
        """Begin anew at a place; what was taken behind it was not heard, and is taken again."""
        self._ring.taken = self.position = self._ready_end = position
        self._ready = _NONE
        if self._tempo and not self._tempo.empty:
            self._tempo.clear()

    def _hand_over(self, out: Samples) -> int:
        count = min(len(out), len(self._ready))
        out[:count] = self._ready[:count]
        self.position += (self._ready_end - self.position) * count // len(self._ready)
        self._ready = self._ready[count:]
        return count

    def _make_ready(self, last: bool) -> bool:
        """Bring more through the tempo; return whether anything moved."""
        assert self._tempo
        speed = self.speed
        if count := self._ring.take(self._block):
            self._ready = self._tempo.process(self._block[:count], speed)
            # The sum of what came out would drift away from what went in: Sonic counts in whole periods.
            held = self._ring.taken - int(HELD_SECONDS * self._rate)
            end = max(held, self._ready_end + int(len(self._ready) * speed))
            # Only what is wholly out has been heard to its end.
            self._ready_end = self._ring.taken if self._tempo.empty else min(end, self._ring.taken - 1)
        elif last and not self._tempo.empty:
            self._ready, self._ready_end = self._tempo.flush(), self._ring.taken
        else:
            return False
        self._settle()
        return True

    @property
    def _holds_nothing(self) -> bool:
        return self._tempo is None or self._tempo.empty

    def _settle(self) -> None:
        # Nothing came out that the rest of the way could be spread over.
        if self._holds_nothing and not len(self._ready):
            self.position = self._ready_end
