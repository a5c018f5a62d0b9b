"""Resampling from one rate to another; equal rates need none of it.

``soxr`` is imported by what uses it, or ahead of time by ``import_resampler``.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from voicectl.actors.sink.ring import Samples


def import_resampler() -> Any:
    """Load ``soxr`` (30 ms) and return it."""
    import soxr

    return soxr


def _stream(source_rate: int, target_rate: int) -> Any:
    return import_resampler().ResampleStream(source_rate, target_rate, 1, dtype="int16", quality="HQ")


class Resampler:
    """A stream of samples at another rate; equal rates pass through bit by bit."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self._stream = None if source_rate == target_rate else _stream(source_rate, target_rate)

    def process(self, samples: Samples, last: bool) -> Samples:
        """Return the samples that are certain by now; ``last`` brings out the rest."""
        if self._stream is None:
            return samples
        return np.asarray(self._stream.resample_chunk(samples, last=last), dtype=np.int16)


class PullResampler:
    """Fills blocks at ``target_rate`` from a source that is asked for samples at ``source_rate``."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self._stream = _stream(source_rate, target_rate)
        self._ratio = source_rate / target_rate
        self._rest: Samples = np.zeros(0, np.int16)

    def fill(self, out: Samples, pull: Callable[[Samples], object]) -> None:
        """Fill ``out``; ``pull`` is called with blocks that it has to fill."""
        while (missing := len(out) - len(self._rest)) > 0:
            block = np.zeros(math.ceil(missing * self._ratio), np.int16)
            pull(block)
            self._rest = np.concatenate([self._rest, self._stream.resample_chunk(block)])
        out[:] = self._rest[: len(out)]
        self._rest = self._rest[len(out) :]
