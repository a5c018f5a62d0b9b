"""An output that nobody hears: ``null`` takes as long as a listener would, ``null:fast`` does not wait."""

import numpy as np

from voicectl.actors.sink.output import Output
from voicectl.actors.sink.pace import TICK_SECONDS, Pace

BLOCK_SECONDS = 0.02


class NullOutput(Output):
    """Takes every sample and keeps none."""

    def __init__(self, realtime: bool) -> None:
        super().__init__()
        self.realtime = realtime
        self.name = "null" if realtime else "null:fast"
        self.tick = TICK_SECONDS
        self._pace = Pace(0)

    def prepare(self) -> str:
        """Return the name; nothing can go wrong."""
        return self.name

    def _start(self, sample_rate: int) -> int:
        self._pace = Pace(sample_rate)
        self._block = np.zeros(int(sample_rate * BLOCK_SECONDS), np.int16)
        return sample_rate

    def poll(self, now: int) -> None:
        """Take what is due at ``now``: in real time so many samples, otherwise all there are."""
        if not self.is_open:
            return
        if not self.realtime:
            # Never more than there is; nothing may come of it while the tempo waits for the voice.
            while (waiting := self.written - self.position) and self._consumer.fill(self._block[:waiting], now, 0):
                pass
            return
        due = self._pace.due(now)
        while due > 0:
            block = self._block[:due]
            due -= len(block)
            if not self._consumer.fill(block, now, 0):
                break

    def close(self) -> None:
        """Stop taking samples."""
        self.sample_rate = 0
