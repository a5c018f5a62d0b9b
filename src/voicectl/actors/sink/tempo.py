"""Speech at another speed and the same pitch.

The method is Sonic's (Bill Cox): whole periods of the voice are left out or repeated, each joined by a crossfade.
``libsonic`` is imported when it is first needed, so that nobody at normal speed pays for it.
"""

from typing import Any

import numpy as np

from voicectl.actors.sink.ring import Samples
from voicectl.protocol.errors import SinkError

HELD_SECONDS = 0.035
"""More of its input it never holds back: the two longest periods of a voice, at 65 Hz, are 31 ms."""

_FULL_SCALE = 32767.0


def import_sonic() -> Any:
    """Load the library and return its module.

    Raises:
        SinkError: it is missing.
    """
    try:
        import libsonic
    except ImportError as exc:
        raise SinkError("another speed than 1 needs libsonic; pip install libsonic, or leave sink.speed at 1") from exc
    return libsonic


class Tempo:
    """A stream of samples that comes out faster or slower.

    A change of the speed is a matter of some tens of milliseconds. ``empty`` says that nothing is held back: a while
    after the speed has become 1 again, when the very samples come out that went in.

    Raises:
        SinkError: the library is missing.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._tail = int(HELD_SECONDS * sample_rate)
        self._taken: Samples = np.zeros(0, np.int16)
        self._given: Samples = np.zeros(0, np.int16)
        self.empty = True
        self._stream = import_sonic().SonicStream(sample_rate, 1)

    def process(self, samples: Samples, speed: float) -> Samples:
        """Take samples at ``speed`` (a factor) and return what is certain by now."""
        self._stream.set_speed(speed)
        self._stream.write(samples.astype(np.float32) / _FULL_SCALE)
        ready = self._read()
        self._taken = np.concatenate([self._taken, samples])[-self._tail :]
        self._given = np.concatenate([self._given, ready])[-self._tail :]
        self.empty = speed == 1 and len(self._given) == len(self._taken) and self._is_through
        return ready

    def flush(self) -> Samples:
        """Return what is held back; the next samples are the beginning of another stream."""
        self._stream.flush()
        ready = self._read()
        self.clear()
        return ready

    def clear(self) -> None:
        """Forget what is held back."""
        self._stream = import_sonic().SonicStream(self._sample_rate, 1)
        self._taken = self._given = np.zeros(0, np.int16)
        self.empty = True

    @property
    def _is_through(self) -> bool:
        """Whether the last samples that came out are the last that went in (Sonic rounds towards 0)."""
        return bool(np.abs(self._given.astype(int) - self._taken).max(initial=0) <= 1)

    def _read(self) -> Samples:
        floats = np.array(self._stream.read(self._stream.available_frames()), np.float32)
        samples: Samples = np.rint(floats * _FULL_SCALE).astype(np.int16)
        return samples
