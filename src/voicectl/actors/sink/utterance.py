"""The PCM of one utterance as it arrives, whoever sends it and however often."""

from collections import deque

import numpy as np

from voicectl.actors.sink.ring import Samples
from voicectl.protocol.messages import Audio, Receipt


class Utterance:
    """Collects the chunks of one play number and hands out each sample once.

    A synthesizer that was restarted speaks the sentence again from chunk 0, cut differently perhaps; the
    same text gives the same samples, so what is already here is skipped by counting samples. When another
    voice or another text comes instead, counting would splice two sentences: then it starts again.
    """

    def __init__(self, audio: Audio, received: int) -> None:
        self.header = audio
        self.received = received
        self.complete = False
        self.restarts = 0
        self.samples = 0
        self._chunks: deque[Samples] = deque()
        self._skip = 0
        self._sender = ""
        self._next_index = -1
        self._run_samples = 0

    def add(self, audio: Audio, pcm: Samples, sender: str) -> bool:
        """Take a chunk that ``sender`` (an incarnation) made; return False when it was of no use."""
        if self.complete:
            return False
        if audio.index == 0:
            self._begin_run(audio, sender)
        elif sender != self._sender or audio.index != self._next_index:
            return False
        self._next_index = audio.index + 1
        new = pcm[max(0, self.samples - self._run_samples) :]
        self._run_samples += len(pcm)
        self.samples += len(new)
        if len(new):
            self._chunks.append(new)
        self.complete = audio.last
        return self.complete or len(new) > 0

    def skip(self, samples: int) -> None:
        """Leave out the first ``samples``; they were heard already."""
        self._skip = samples

    def buffered(self) -> Receipt:
        """Return the receipt for its last chunk."""
        return Receipt(utterance=self.header.utterance, state="buffered", audio_ms=self.audio_ms)

    @property
    def audio_ms(self) -> float:
        """Length in milliseconds of what has arrived."""
        return self.samples * 1000 / self.header.sample_rate

    @property
    def ready(self) -> bool:
        """Whether it can begin (or go on): there is a sample to hand out, or it is at its end."""
        return self.complete or sum(map(len, self._chunks)) > self._skip

    def take(self) -> Samples:
        """Hand out what has arrived and was not handed out yet, shape (n,)."""
        pcm = np.concatenate([np.zeros(0, np.int16), *self._chunks])
        self._chunks.clear()
        skipped = min(self._skip, len(pcm))
        self._skip -= skipped
        return pcm[skipped:]

    def _begin_run(self, audio: Audio, sender: str) -> None:
        self._sender = sender
        self._run_samples = 0
        before = self.header
        if (audio.sample_rate, audio.synthesizer, audio.text) == (before.sample_rate, before.synthesizer, before.text):
            return
        self.header = audio
        if self.samples:
            self.restarts += 1
        self.samples = self._skip = 0
        self._chunks.clear()
