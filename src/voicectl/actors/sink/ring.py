"""A ring buffer of samples between one producer and one consumer, without a lock."""

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
"""Mono PCM, shape (n,), signed 16 bit."""


class Ring:
    """Samples on their way from the sink's thread to the audio callback.

    Every position is absolute: the number of samples written (or taken) since the ring was made. Each
    attribute is assigned by one side only, and an assignment of an int is atomic under the GIL, so neither
    side waits for the other. Nothing is allocated after the constructor but views. Of what was taken, the
    last ``history`` samples stay, so that the consumer can go back.
    """

    def __init__(self, capacity: int, history: int = 0) -> None:
        self.capacity = capacity
        self._history = history
        self._size = capacity + history
        self.written = 0
        self.taken = 0
        self.dropped = 0
        self._limit: int | None = None
        self._data: Samples = np.zeros(self._size, np.int16)

    # -- the producer's side -----------------------------------------------------------------

    @property
    def free(self) -> int:
        """Samples that ``write`` would take now."""
        return max(0, self.capacity - (self.written - self.taken))

    @property
    def position(self) -> int:
        """The position behind the last sample that was taken or dropped."""
        return max(self.taken, self.dropped)

    def write(self, samples: Samples) -> int:
        """Append as many of ``samples`` as fit; return how many."""
        count = min(len(samples), self.free)
        at = self.written % self._size
        first = min(count, self._size - at)
        self._data[at : at + first] = samples[:first]
        self._data[: count - first] = samples[first:count]
        self.written += count
        return count

    def drop(self) -> int:
        """Let the consumer skip everything it has not taken yet; return the position behind it."""
        self.dropped = self.written
        self._limit = None
        return self.dropped

    def stop_at(self, position: int) -> None:
        """Let the consumer take no sample at or behind ``position``."""
        self._limit = position

    # -- the consumer's side -----------------------------------------------------------------

    @property
    def stopped(self) -> bool:
        """Whether the consumer has come to the position given to ``stop_at``."""
        return self.stops(self.taken)

    def stops(self, position: int) -> bool:
        """Whether a position is at or behind the one given to ``stop_at``."""
        return self._limit is not None and position >= self._limit

    def take(self, out: Samples) -> int:
        """Fill the beginning of ``out``; return the number of samples, fewer than asked when the ring runs dry."""
        taken = max(self.taken, self.dropped)
        end = self.written if self._limit is None else min(self.written, self._limit)
        count = max(0, min(len(out), end - taken))
        at = taken % self._size
        first = min(count, self._size - at)
        out[:first] = self._data[at : at + first]
        out[first:count] = self._data[: count - first]
        self.taken = taken + count
        return count

    def rewind(self, count: int) -> None:
        """Go back by ``count`` samples, or as far as there are; only while the consumer does not run."""
        self.taken -= max(0, min(count, self._history, self.taken - self.dropped))
