"""Resampling of one utterance from the voice's rate to the output's."""

import numpy as np

from voicectl.actors.sink.ring import Samples


class Resampler:
    """A stream of samples at another rate; equal rates pass through bit by bit.

    ``soxr`` is imported here only when it is needed: most voices play at their own rate.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self._stream = None
        if source_rate != target_rate:
            import soxr

            self._stream = soxr.ResampleStream(source_rate, target_rate, 1, dtype="int16", quality="HQ")

    def process(self, samples: Samples, last: bool) -> Samples:
        """Return the samples that are certain by now; ``last`` brings out the rest."""
        if self._stream is None:
            return samples
        return np.asarray(self._stream.resample_chunk(samples, last=last), dtype=np.int16)
