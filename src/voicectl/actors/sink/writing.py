"""The utterance that is being written into the ring."""

import numpy as np

from voicectl.actors.sink.resample import Resampler
from voicectl.actors.sink.ring import Samples
from voicectl.actors.sink.stretch import Stretch
from voicectl.actors.sink.utterance import Utterance


class Writing:
    """Turns what arrives of ``utterance`` into samples at the output's rate; ``pending`` waits for room.

    ``pending`` begins with the silence that goes before the utterance.
    """

    def __init__(self, stretch: Stretch, utterance: Utterance, output_rate: int, silence: int) -> None:
        self.stretch = stretch
        self.utterance = utterance
        self.pending: Samples = np.zeros(silence, np.int16)
        self._output_rate = output_rate
        self._rate = utterance.header.sample_rate
        self._resampler = Resampler(self._rate, output_rate)
        self._flushed = False

    def refill(self, last: bool) -> None:
        """Add what has arrived to ``pending``; ``last`` says that nothing more will."""
        if self._flushed:
            return
        if self.utterance.header.sample_rate != self._rate:
            # The sentence began again with another voice.
            self._rate = self.utterance.header.sample_rate
            self._resampler = Resampler(self._rate, self._output_rate)
        arrived = self.utterance.take()
        if len(arrived) or last:
            self.pending = np.concatenate([self.pending, self._resampler.process(arrived, last)])
        self._flushed = last
