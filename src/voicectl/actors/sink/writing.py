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
        self._resampler = Resampler(utterance.header.sample_rate, output_rate)
        self._flushed = False

    @property
    def is_outdated(self) -> bool:
        """Whether the utterance has started again with another sound."""
        return self.stretch.restarts != self.utterance.restarts

    def begin_again(self, written: int) -> None:
        """Follow the utterance to its new beginning, ``written`` being the output's position now."""
        self.pending = self.pending[: max(0, self.stretch.start - written)]
        self.stretch.restarts = self.utterance.restarts
        self.stretch.origin = written + len(self.pending)
        self._resampler = Resampler(self.utterance.header.sample_rate, self._output_rate)

    def refill(self, last: bool) -> None:
        """Add what has arrived to ``pending``; ``last`` says that nothing more will."""
        if self._flushed:
            return
        arrived = self.utterance.take()
        if len(arrived) or last:
            self.pending = np.concatenate([self.pending, self._resampler.process(arrived, last)])
        self._flushed = last
